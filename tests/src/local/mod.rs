//! The system on one machine (`cargo run -p local`).

mod home;
mod stack;
mod staff;
mod wechat;
