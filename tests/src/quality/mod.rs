//! What holds for the whole system, whichever endpoint is called.

mod architecture;
mod budgets;
mod faults;
mod ids;
mod logs;
mod security;
