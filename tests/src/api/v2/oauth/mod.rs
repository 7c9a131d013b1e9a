//! /oauth (document 003, 授权).

mod authorize;
mod messages;
mod standard;
mod token;
