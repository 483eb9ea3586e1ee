//! .

pub mod audit;
