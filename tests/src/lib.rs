//! Black-box tests over HTTP against a whole system. The path of a test mirrors the URL it is about.
#![cfg(test)]

mod api;
mod architecture;
mod budgets;
mod contract;
mod faults;
mod local_stack;
mod ops_admin;
mod support;
