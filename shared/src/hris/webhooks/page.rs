//! Who uses the page of a webhook: a browser that opened a link which an access key signed (docs/design/webhooks.md).
//!
//! The link is a signed call and valid as long as one. The browser gets a session of an hour for it, `{access key}.{token of the page}`. The session
//! ends earlier with its access key or product, which each request checks.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::crypto::random::random_secret;
use crate::error::Result;
use crate::hris::Service;
use crate::hris::access::CachedAccessKey;
use crate::hris::replay::Signer;
use crate::hris::values::{Code, Uuid};
use crate::runtime::caller::{self, Caller};
use crate::values::Secret;

/// A browser with a session.
pub struct Viewer {
    key: Arc<CachedAccessKey>,
    session: Secret<String>,
}

impl Viewer {
    pub fn company(&self) -> &Uuid {
        &self.key.company
    }

    pub fn product(&self) -> &Code {
        &self.key.product
    }
}

impl Service {
    /// A session for the browser that opened a link of this signer.
    pub fn new_page_session(&self, signer: &Signer) -> Result<Secret<String>> {
        let access_key = signer.access_key.as_str();
        let token = self.page_token(&[b"webhook page", access_key.as_bytes()])?;
        Ok(token.map(|token| format!("{access_key}.{token}")))
    }

    /// The browser with this session. `None` if the session has ended.
    ///
    /// DynamoDB: as [`Service::authorize`].
    pub async fn page_viewer(&self, session: Secret<&str>) -> Result<Option<Viewer>> {
        let Some((access_key, token)) = session.expose().split_once('.') else { return Ok(None) };
        if self.page_token_end(&[b"webhook page", access_key.as_bytes()], Secret::new(token))?.is_none() {
            return Ok(None);
        }
        let Some(key) = self.cached_access_key(access_key).await? else { return Ok(None) };
        caller::accepted(Caller::AccessKey(key.access_key.clone()));
        Ok(Some(Viewer { key, session: session.map(str::to_owned) }))
    }

    /// The token of a form of the page, `{random}.{token of the page}`: only the browser with the session can send it.
    pub fn new_page_form(&self, viewer: &Viewer) -> Result<Secret<String>> {
        let form = random_secret()?;
        let token = self.page_token(&form_purpose(viewer, form.expose()))?;
        Ok(form.map(|form| format!("{form}.{}", token.expose())))
    }

    /// The signer of what the browser asks for with a form. The same form with the same content, sent again, is a repeated call. `None` if
    /// the token is not of this browser, or has expired.
    pub fn page_signer(&self, viewer: &Viewer, form: Secret<&str>, content: &[&str]) -> Result<Option<Signer>> {
        let Some((name, token)) = form.expose().split_once('.') else { return Ok(None) };
        let Some(until) = self.page_token_end(&form_purpose(viewer, name), Secret::new(token))? else { return Ok(None) };
        let mut call = Sha256::new().chain_update(form.expose());
        for part in content {
            call.update([0]);
            call.update(part);
        }
        Ok(Some(viewer.key.signer(Secret::new(call.finalize().into()), until)))
    }
}

fn form_purpose<'a>(viewer: &'a Viewer, name: &'a str) -> [&'a [u8]; 3] {
    [b"webhook form", viewer.session.expose().as_bytes(), name.as_bytes()]
}
