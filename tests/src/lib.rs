//! Black-box tests over HTTP against a whole system. The path of a test mirrors the URL it is about.
#![cfg(test)]

mod api;
mod architecture;
mod contract;
mod support;
