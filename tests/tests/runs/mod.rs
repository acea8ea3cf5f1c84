//! Whole runs: what they estimate, learn from files, search, and take up again.

mod arrays;
mod checkpoint;
mod data;
mod estimate;
mod honesty;
mod search;
mod tables;
mod values;
