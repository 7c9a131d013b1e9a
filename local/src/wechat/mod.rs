//! WeChat on this machine: a simulator with WeChat's own wire formats and real keys. It also serves
//!
//! ```text
//! GET  /simulate/login_code?user=NAME            {"code":".."}  the code that wx.login returns to this user; valid once
//! GET  /simulate/phone_code?phone=N&country=49   {"code":".."}  the code that getPhoneNumber returns; valid once; the default is 86
//! GET  /simulate/errcode?next=45011                             the next call of a mini program fails with this code; with
//!                                                &path=getuserphonenumber, the next call of that path
//! GET  /simulate/reject_token                    WeChat rejects the current access tokens until a forced request replaces them
//! GET  /simulate/token_requests                  {"unforced":n,"forced":n}  how often access tokens were requested
//! POST /simulate/pay {"out_trade_no":".."}       {"notified_status":200}  pays, and delivers the notification
//! POST /simulate/notify_again {"out_trade_no":".."}                       delivers the notification again
//! POST /simulate/refund {"out_trade_no":".."}                             refunds in the merchant console, and delivers the notification
//! POST /simulate/refund_result {"out_trade_no":"..","status":"ABNORMAL"}  what becomes of the refunds that the merchant requests from
//!                            now on; with "after_seconds":60, after this time
//! POST /simulate/notify_refund {"out_refund_no":".."}                     delivers the notification of such a refund; with
//!                            "status":"SUCCESS", settles it first
//! POST /simulate/pay_state {"out_trade_no":"..","trade_state":".."}       WeChat Pay reports this state of the order; with "total":398
//!                            instead, that it was paid with so many fen
//! POST /simulate/pay_failure {"status":429,"code":"..","path":"/close"}   the next request of the merchant to such a path fails; with
//!                            "times":2, the next two; with "reports":"CLOSED", the order is in this state afterwards
//! POST /simulate/import [{"out_trade_no":"..","transaction_id":"..","amount":{"total":399}}]  adds paid orders
//! GET  /simulate/shipping                        {"is_managed":true,"accepted":[..],"questions":n,"reports":n}  the deliveries that were
//!                            reported, and the numbers of queries and reports
//! POST /simulate/shipping {"is_managed":false}   WeChat does not manage the trade of the mini programs
//! GET  /simulate/media_checks                    [{"trace_id":"..","media_url":".."}]  the pictures whose results were not pushed
//! POST /simulate/media_checks {"suggest":"risky"}  {"statuses":[200]}  pushes them; the members are optional
//! GET  /simulate/orders                          the latest orders at WeChat Pay, newest first
//! GET  /simulate/pay_requests                    the latest requests to WeChat Pay
//! ```
//!
//! The code `test` and codes that begin with `demo-` are always valid.

mod access_tokens;
mod bills;
mod content_checks;
pub mod keys;
mod merchant;
mod mini_program;
mod notification;
mod orders;
mod pay;
mod pictures;
mod refunding;
mod refunds;
mod shipments;
mod shipping;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn;
use serde_json::Value;
use shared::runtime::clock::Clock;

use merchant::{Merchant, store};
use mini_program::Simulator;

/// A router that serves the APIs of `api.weixin.qq.com` and `api.mch.weixin.qq.com`. `apps` are the secrets of the mini programs, that of
/// the signing API first; `merchant` is the merchant's secret and `platform` the simulator's own. `file` holds the orders. `base_url` is that of
/// the system; `pushes` sends it messages without being asked.
pub fn router(
    apps: Vec<Value>,
    merchant: &Value,
    platform: &Value,
    clock: Arc<dyn Clock>,
    file: Option<PathBuf>,
    base_url: &str,
    pushes: bool,
) -> Result<Router, String> {
    let merchant = Merchant::new(merchant, platform, Arc::clone(&clock), file)?;
    let pay = pay::router(merchant.clone()).merge(notification::router(merchant.clone()));
    let stored = merchant.clone();
    let pay = pay.layer(from_fn(move |request, next| store(stored.clone(), request, next)));
    let simulator = Simulator::new(apps, merchant, clock, format!("{base_url}/wechat/messages"), pushes);
    Ok(mini_program::router(simulator, shipping::router().merge(content_checks::router())).merge(pay))
}
