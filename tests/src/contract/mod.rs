//! What the system promises its clients: the documents, the OpenAPI files and the examples in them.

mod endpoints;
mod examples;
mod readme;
