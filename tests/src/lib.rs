//! Black-box tests over HTTP against a whole system. `tests/README.md` says what is where, and how to run them.
#![cfg(test)]

mod api;
mod console;
mod contract;
mod deployment;
mod docs;
mod local;
mod ops;
mod quality;
mod support;
