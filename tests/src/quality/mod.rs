//! What holds for the whole system, whichever endpoint is called.

mod architecture;
mod budgets;
mod canaries;
pub mod faults;
mod ids;
mod logs;
mod security;
