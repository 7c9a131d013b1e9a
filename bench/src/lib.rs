//! Parts that the benchmarks share with tests and fuzz targets.

pub mod callers;
pub mod jobs;
pub mod staff;

pub type Failure = Box<dyn std::error::Error + Send + Sync>;
