//! /oauth (document 003, 授权).

mod administrators;
mod authorize;
mod messages;
mod revoke;
mod scopes;
mod standard;
mod token;
