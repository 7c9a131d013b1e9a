//! What the system promises its clients: the documents, the OpenAPI files and the examples in them.

mod endpoints;
pub mod examples;
mod readme;
