//! Content checks of a mini program: msg_sec_check and media_check_async in WeChat's wire formats, version 2, and the message push of the results.
//!
//! A text is risky with the word `违禁`, is for a person with `待审`, and is judged slowly with `缓慢`. The result of a picture waits for
//! `POST /simulate/media_checks`; in a system that sends messages by itself, it is pushed two seconds later. It follows from the address:
//! `risky` or `review` in it, else pass.

use std::time::Duration;

use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

use super::mini_program::{Parameters, Simulator, failure};
use super::orders::text;
use super::pictures::Pending;

/// The longest text, in characters.
const LONGEST: usize = 2500;
const SLOW: Duration = Duration::from_secs(3);
const PUSHED_AFTER: Duration = Duration::from_secs(2);
/// The padding fills a block of so many bytes.
const BLOCK: usize = 32;

pub fn router() -> Router<Simulator> {
    Router::new()
        .route("/wxa/msg_sec_check", post(check_text))
        .route("/wxa/media_check_async", post(check_picture))
        .route("/simulate/media_checks", get(list).post(push))
}

/// The faults that both operations have.
fn check(simulator: &Simulator, query: &Parameters, body: &Value) -> Result<String, Json<Value>> {
    let appid = simulator.app_of_token(query)?;
    let is_openid = body["openid"].as_str().is_some_and(|openid| openid.len() == 28 && openid.starts_with('o'));
    let faults = [
        (40003, "invalid openid", !is_openid),
        (
            47001,
            "data format error",
            body["version"] != 2 || !body["scene"].as_u64().is_some_and(|scene| (1..=4).contains(&scene)),
        ),
    ];
    match faults.iter().find(|(_, _, is_wrong)| *is_wrong) {
        Some((errcode, errmsg, _)) => Err(failure(*errcode, errmsg)),
        None => Ok(appid),
    }
}

async fn check_text(
    State(simulator): State<Simulator>,
    query: Parameters,
    Json(body): Json<Value>,
) -> Result<Json<Value>, Json<Value>> {
    simulator.simulated_failure("msg_sec_check")?;
    check(&simulator, &query, &body)?;
    let content = text(&body, "content");
    if content.is_empty() {
        return Err(failure(44004, "empty content hint"));
    }
    if content.chars().count() > LONGEST {
        return Err(failure(45002, "content size out of limit"));
    }
    let texts = [content, text(&body, "title"), text(&body, "nickname")].concat();
    if texts.contains("缓慢") {
        tokio::time::sleep(SLOW).await;
    }
    let (suggest, label) = match () {
        () if texts.contains("违禁") => ("risky", 20006),
        () if texts.contains("待审") => ("review", 21000),
        () => ("pass", 100),
    };
    Ok(Json(json!({
        "errcode": 0, "errmsg": "ok", "trace_id": trace_id(), "result": {"suggest": suggest, "label": label},
        "detail": [{"strategy": "content_model", "errcode": 0, "suggest": suggest, "label": label, "prob": 90}],
    })))
}

async fn check_picture(
    State(simulator): State<Simulator>,
    query: Parameters,
    Json(body): Json<Value>,
) -> Result<Json<Value>, Json<Value>> {
    simulator.simulated_failure("media_check_async")?;
    let appid = check(&simulator, &query, &body)?;
    let media_url = text(&body, "media_url");
    if body["media_type"] != 2 || !media_url.starts_with("http") {
        return Err(failure(47001, "data format error"));
    }
    let trace_id = trace_id();
    simulator.state().pending_pictures.push(Pending { appid, trace_id: trace_id.clone(), media_url });
    if simulator.pushes {
        let (simulator, trace_id) = (simulator.clone(), trace_id.clone());
        tokio::spawn(async move {
            tokio::time::sleep(PUSHED_AFTER).await;
            let options = json!({"trace_id": trace_id});
            deliver(&simulator, &options).await;
        });
    }
    Ok(Json(json!({"errcode": 0, "errmsg": "ok", "trace_id": trace_id})))
}

fn trace_id() -> String {
    let random: [u8; 16] = shared::crypto::random::random().unwrap_or_default();
    hex::encode(random)
}

async fn list(State(simulator): State<Simulator>) -> Json<Value> {
    let pending = &simulator.state().pending_pictures;
    let shown = |pending: &Pending| json!({"trace_id": pending.trace_id, "media_url": pending.media_url});
    Json(pending.iter().map(shown).collect())
}

/// Pushes the results that wait, or only that of a `trace_id`. `suggest` or `errcode` replaces what follows from the address; with
/// `"keep": true` they wait to be pushed again.
async fn push(State(simulator): State<Simulator>, Json(options): Json<Value>) -> Json<Value> {
    Json(json!({"statuses": deliver(&simulator, &options).await}))
}

async fn deliver(simulator: &Simulator, options: &Value) -> Vec<u16> {
    let pushes: Vec<(String, Value)> = {
        let mut state = simulator.state();
        let wanted = |pending: &Pending| options["trace_id"].is_null() || options["trace_id"] == pending.trace_id.as_str();
        let pushes = state.pending_pictures.iter().filter(|pending| wanted(pending));
        let pushes = pushes.map(|pending| (pending.appid.clone(), event(pending, options))).collect();
        if options["keep"] != true {
            state.pending_pictures.retain(|pending| !wanted(pending));
        }
        pushes
    };
    let mut statuses = Vec::new();
    for (appid, event) in pushes {
        statuses.push(send(simulator, &appid, &event).await.unwrap_or_default());
    }
    statuses
}

fn event(Pending { appid, trace_id, media_url }: &Pending, options: &Value) -> Value {
    let of_address = ["risky", "review"].into_iter().find(|word| media_url.contains(word)).unwrap_or("pass");
    let suggest = options["suggest"].as_str().unwrap_or(of_address);
    let label = if suggest == "pass" { 100 } else { 20002 };
    let errcode = options["errcode"].as_i64().unwrap_or_default();
    json!({
        "ToUserName": "gh_9df7d78a1234", "FromUserName": "o4_t144jTUSEoxydysUA2E234_tc", "CreateTime": 1_626_959_646,
        "MsgType": "event", "Event": "wxa_media_check", "appid": appid, "trace_id": trace_id, "version": 2,
        "detail": [{"strategy": "content_model", "errcode": errcode, "suggest": suggest, "label": label, "prob": 90}],
        "errcode": errcode, "errmsg": if errcode == 0 { "ok" } else { "media download error" },
        "result": {"suggest": suggest, "label": label},
    })
}

/// Encrypts, signs and sends a message as WeChat does in the safe mode. Returns the status of the response.
async fn send(simulator: &Simulator, appid: &str, message: &Value) -> Option<u16> {
    let app = simulator.apps.iter().find(|app| app["appid"] == appid)?;
    let ciphertext = encrypt(app["message_key"].as_str()?, appid, &message.to_string())?;
    let (timestamp, nonce) = ("1409735669", "1320562132");
    let mut parts = [app["message_token"].as_str()?, timestamp, nonce, &ciphertext];
    parts.sort_unstable();
    let signature = hex::encode(Sha1::digest(parts.concat()));
    let query = [("timestamp", timestamp), ("nonce", nonce), ("encrypt_type", "aes"), ("msg_signature", &signature)];
    let body = json!({"ToUserName": "gh_9df7d78a1234", "Encrypt": ciphertext});
    let request = crate::http::client().post(&simulator.push_url).query(&query).json(&body);
    Some(request.send().await.ok()?.status().as_u16())
}

fn encrypt(key: &str, appid: &str, message: &str) -> Option<String> {
    let key = STANDARD_NO_PAD.decode(key).ok()?;
    let length = u32::try_from(message.len()).ok()?;
    let mut bytes = [b"0123456789abcdef".as_slice(), &length.to_be_bytes(), message.as_bytes(), appid.as_bytes()].concat();
    let padding = BLOCK - bytes.len() % BLOCK;
    bytes.resize(bytes.len() + padding, u8::try_from(padding).ok()?);
    let iv: [u8; 16] = key.get(..16)?.try_into().ok()?;
    let cipher = EncryptingKey::cbc(UnboundCipherKey::new(&AES_256, &key).ok()?).ok()?;
    cipher.less_safe_encrypt(&mut bytes, EncryptionContext::Iv128(FixedLength::from(iv))).ok()?;
    Some(STANDARD.encode(&bytes))
}
