//! What clients rely on: the documents, the OpenAPI files and their examples.

mod endpoints;
pub mod examples;
mod readme;
mod round_trip;
mod texts;
