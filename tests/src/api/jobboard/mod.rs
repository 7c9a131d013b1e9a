//! The job board's API, path by path.

mod story;
