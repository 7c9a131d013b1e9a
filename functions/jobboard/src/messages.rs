//! The message push (消息推送) of WeChat, an addition to the document: WeChat reports here what it thinks of pictures
//! (docs/design/jobboard.md, Moderation). Only WeChat calls these paths, so the OpenAPI document does not show them.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::Deserialize;
use shared::error::Error;
use shared::outbound::wechat::messages::Signed;
use utoipa_axum::router::OpenApiRouter;

use crate::App;
use crate::edge::Failure;

/// The answer by which WeChat knows that a message has arrived.
const ARRIVED: &str = "success";
/// The longest `echostr` that is sent back, in bytes.
const LONGEST_ECHO: usize = 1024;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().route("/wechat/messages", get(verify_address).post(take_message))
}

/// What WeChat sends in the query. Missing parameters are empty: no signature fits them.
#[derive(Default, Deserialize)]
#[serde(default)]
struct PushQuery {
    signature: String,
    msg_signature: String,
    timestamp: String,
    nonce: String,
    echostr: String,
}

impl PushQuery {
    fn of(query: Result<Query<Self>, QueryRejection>) -> Result<Self, Failure> {
        query.map(|Query(query)| query).map_err(|_| Error::unauthenticated().into())
    }

    fn signed<'a>(&'a self, signature: &'a str) -> Signed<'a> {
        Signed { signature, timestamp: &self.timestamp, nonce: &self.nonce }
    }
}

/// Answers the request by which WeChat verifies the address, with its `echostr`.
async fn verify_address(State(app): State<App>, query: Result<Query<PushQuery>, QueryRejection>) -> Result<String, Failure> {
    let query = PushQuery::of(query)?;
    app.verify_message_address(&query.signed(&query.signature)).await?;
    match query.echostr.len() {
        ..=LONGEST_ECHO => Ok(query.echostr),
        _ => Err(Error::unauthenticated().into()),
    }
}

/// Takes a message. The answer to a result whose job is not stored yet is 404, and WeChat sends it again.
async fn take_message(
    State(app): State<App>,
    query: Result<Query<PushQuery>, QueryRejection>,
    body: String,
) -> Result<&'static str, Failure> {
    let query = PushQuery::of(query)?;
    app.take_message(&query.signed(&query.msg_signature), &body).await?;
    Ok(ARRIVED)
}
