//! WeChat on this machine: its own wire formats with real keys, and beside them
//!
//! ```text
//! GET  /simulate/login_code?user=NAME            {"code":".."}  what wx.login would give this user; once
//! GET  /simulate/phone_code?phone=N              {"code":".."}  what getPhoneNumber would give; once
//! GET  /simulate/errcode?next=45011                             the next call of a mini program is refused so
//! POST /simulate/pay {"out_trade_no":".."}       {"notified_status":200}  pays, and delivers the notification
//! POST /simulate/notify_again {"out_trade_no":".."}                       delivers it once more
//! GET  /simulate/orders                          the latest orders at WeChat Pay, newest first
//! GET  /simulate/pay_requests                    the latest requests to WeChat Pay
//! ```
//!
//! The code `test` and those that begin with `demo-` are always accepted.

pub mod keys;
mod mini_program;
mod notification;
mod orders;
mod pay;

use std::sync::Arc;

use axum::Router;
use serde_json::Value;
use shared::runtime::clock::Clock;

use pay::Pay;

/// A router that answers as `api.weixin.qq.com` and `api.mch.weixin.qq.com` do. `secrets` are those of the mini programs, of the
/// merchant, and the simulator's own; the mini program of signing is the first.
pub fn router(apps: Vec<Value>, merchant: &Value, platform: &Value, clock: Arc<dyn Clock>) -> Result<Router, String> {
    Ok(mini_program::router(apps).merge(pay::router(Pay::new(merchant, platform, clock)?)))
}
