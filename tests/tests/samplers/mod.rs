//! Samplers against enumeration.

mod coverings;
mod disorder;
mod fields;
mod means;
