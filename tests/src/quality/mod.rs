//! What holds for the whole system, whichever endpoint is called.

mod architecture;
mod budgets;
mod callers;
mod canaries;
mod citations;
pub mod faults;
mod forms;
mod ids;
mod imports;
mod insights;
mod logs;
mod pictures;
pub mod privacy;
mod security;
pub mod sheets;
