//! Black-box tests over HTTP against a whole system. The path of a test mirrors the URL it is about.
#![cfg(test)]

mod api;
mod architecture;
mod budgets;
mod budgets_hris;
mod budgets_jobboard;
mod budgets_signing;
mod citations;
mod contract;
mod docs;
mod events;
mod examples;
mod faults;
mod home;
mod local_stack;
mod observe;
mod ops_admin;
mod ops_cleanup;
mod ops_hris;
mod ops_hris_import;
mod ops_jobboard;
mod ops_signing;
mod security;
mod support;
mod template;
mod two_processes;
mod wechat;
