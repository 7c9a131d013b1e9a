//! What holds for the whole system, whichever endpoint is called.

mod architecture;
mod budgets;
mod citations;
mod faults;
mod ids;
mod logs;
mod security;
