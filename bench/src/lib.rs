//! What measurements and tests are made with.

pub mod jobs;
