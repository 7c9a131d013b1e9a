//! /oauth (document 003, 授权).

mod administrators;
mod authorize;
mod messages;
mod revoke;
mod standard;
mod token;
