pub mod jobboard;
pub mod signing;
mod v1;
mod v2;
