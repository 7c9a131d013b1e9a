//! What holds for the whole system, whichever endpoint is called.

mod architecture;
mod budgets;
mod canaries;
mod citations;
pub mod faults;
mod ids;
mod imports;
mod logs;
mod pictures;
mod security;
