//! The access token of the server API, which all processes of a mini program share.
//!
//! WeChat keeps one token for each mini program. A request returns the valid one and leaves it as it is. A forced request replaces it, and
//! so ends the token that the other processes hold; WeChat accepts twenty of them a day, 30 seconds apart. Therefore a process whose token
//! was rejected first asks without force, because another process may have replaced it. It forces a new one only if the rejected token
//! comes back.

use std::sync::{PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;

use super::{App, CodeError, WeChat, answer, check, errcode, read};
use crate::values::Secret;

/// An access token is replaced this long before it expires.
const MARGIN: SignedDuration = SignedDuration::from_secs(300);
/// The least time between two forced requests.
const FORCE_INTERVAL: SignedDuration = SignedDuration::from_secs(30);

#[derive(Default)]
pub(super) struct SharedToken {
    /// The token, and until when it is used.
    cached: RwLock<Option<(Secret<String>, Timestamp)>>,
    /// When the process may force a new token. The lock lets one request at a time replace the token.
    next_force: Mutex<Timestamp>,
}

impl SharedToken {
    fn valid(&self, now: Timestamp) -> Option<Secret<String>> {
        let cached = self.cached.read().unwrap_or_else(PoisonError::into_inner).clone();
        cached.filter(|(_, until)| now < *until).map(|(token, _)| token)
    }
}

impl WeChat {
    /// Whether WeChat rejected the access token: it is invalid (40001, 40014) or has expired (42001).
    pub(super) fn is_token_error(errcode: i64) -> bool {
        matches!(errcode, 40001 | 40014 | 42001)
    }

    /// The cached access token, or the valid one from WeChat.
    pub(super) async fn access_token(&self, now: Timestamp) -> Result<Secret<String>, CodeError> {
        match self.token.valid(now) {
            Some(token) => Ok(token),
            None => self.request_token(false, now).await,
        }
    }

    /// Another access token in place of the one that WeChat rejected. If WeChat does not issue one, it counts as busy.
    pub(super) async fn replace_token(&self, rejected: &Secret<String>, now: Timestamp) -> Result<Secret<String>, CodeError> {
        let mut next_force = self.token.next_force.lock().await;
        let is_other = |token: &Secret<String>| !token.is_same(rejected);
        if let Some(replaced) = self.token.valid(now).filter(is_other) {
            return Ok(replaced);
        }
        if let Some(current) = Some(self.request_token(false, now).await?).filter(is_other) {
            return Ok(current);
        }
        if now < *next_force {
            let wait = next_force.duration_since(now).as_millis();
            return Err(CodeError::Busy {
                retry_after: i64::try_from((wait + 999) / 1000).unwrap_or(FORCE_INTERVAL.as_secs()),
            });
        }
        *next_force = now + FORCE_INTERVAL;
        match self.request_token(true, now).await {
            Ok(token) if is_other(&token) => return Ok(token),
            // WeChat returns the same token if another process forced a new one within the interval.
            Ok(_) | Err(CodeError::Busy { .. }) => {}
            Err(error) => tracing::warn!(?error, "WeChat does not replace its access token"),
        }
        // The other process may have forced it after our request without force.
        let current = Some(self.request_token(false, now).await?).filter(is_other);
        current.ok_or(CodeError::Busy { retry_after: FORCE_INTERVAL.as_secs() })
    }

    async fn request_token(&self, force: bool, now: Timestamp) -> Result<Secret<String>, CodeError> {
        #[derive(Deserialize)]
        struct Answer {
            access_token: Secret<String>,
            expires_in: i64,
        }
        let app = self.app.get(now).await?;
        let App { appid, secret, .. } = &*app;
        let body =
            json!({"grant_type": "client_credential", "appid": appid, "secret": secret.expose(), "force_refresh": force});
        let answer = answer(self.http().post(format!("{}/cgi-bin/stable_token", self.base_url)).json(&body)).await?;
        check(errcode(&answer)?)?;
        let Answer { access_token, expires_in } = read(answer)?;
        let until = now + SignedDuration::from_secs(expires_in.clamp(0, 7200)) - MARGIN;
        *self.token.cached.write().unwrap_or_else(PoisonError::into_inner) = Some((access_token.clone(), until));
        Ok(access_token)
    }
}
