//! What holds for the whole system, whichever endpoint is called.

mod architecture;
mod budgets;
pub mod faults;
mod ids;
mod logs;
mod security;
