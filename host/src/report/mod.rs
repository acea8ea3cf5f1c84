//! A finished run as text, pictures and one HTML page.

pub mod page;
pub mod picture;
pub mod settings;
pub mod text;
