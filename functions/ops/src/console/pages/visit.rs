//! Who looks at a page, and what every page needs: the nonce of its policy, the token of its forms, the message of the action before.

use std::convert::Infallible;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use lambda::body;
use serde_json::Value;
use shared::crypto::credentials::hash;
use shared::crypto::random::random_text;
use shared::error::Error;
use shared::staff::SignedIn;
use shared::values::Secret;
use shared::values::input::Json;

use super::super::answer::Failure;
use super::super::auth::{SESSION, Staff, cookie, is_own};
use super::super::{App, gate};
use crate::commands;

/// The cookie with [`Done`].
const DONE: &str = "__Host-console-done";

/// The most fields of a form.
const MOST_FIELDS: usize = 500;

/// A request for a page by a member who is signed in.
pub struct Visit {
    pub signed_in: SignedIn,
    /// The token of the forms of this page: other sites do not know it.
    pub form_token: Secret<String>,
    pub nonce: String,
    pub path: String,
    pub query: Pairs,
    /// Whether the script of the pages asks, which replaces a part of the page.
    pub is_fragment: bool,
    /// The command that was executed before.
    pub done: Option<Done>,
}

/// A command that the redirect before this page executed, and the fields that name its record, if it can be undone.
pub struct Done {
    pub command: String,
    pub keys: Pairs,
}

impl Done {
    /// From the cookie: the name, then the fields as in a query.
    fn read(cookie: &str) -> Self {
        let (command, keys) = cookie.split_once('&').unwrap_or((cookie, ""));
        Self { command: command.to_owned(), keys: Pairs::read(keys.as_bytes()) }
    }
}

/// The parameters of a query or the fields of a form.
#[derive(Clone, Debug, Default)]
pub struct Pairs(pub Vec<(String, String)>);

impl Pairs {
    pub fn read(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).take(MOST_FIELDS).map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The value of a field; empty if it is absent.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value.as_str())
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub fn encoded(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }
}

impl FromRequestParts<App> for Visit {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let Staff(signed_in) = Staff::from_request_parts(parts, app).await?;
        let headers = &parts.headers;
        let session = cookie(headers, SESSION).ok_or_else(Error::unauthenticated)?;
        Ok(Self {
            signed_in,
            form_token: token_of(session),
            nonce: random_text()?,
            path: parts.uri.path().to_owned(),
            query: Pairs::read(parts.uri.query().unwrap_or_default().as_bytes()),
            is_fragment: is_fragment(headers),
            done: cookie(headers, DONE).map(|done| Done::read(done.expose())),
        })
    }
}

impl Visit {
    /// The address of this page, where its forms return to.
    pub fn address(&self) -> String {
        let query = self.query.encoded();
        if query.is_empty() { self.path.clone() } else { format!("{}?{query}", self.path) }
    }

    /// Whether the roles allow a command.
    pub fn may(&self, name: &str) -> bool {
        commands::named(name).is_ok_and(|command| command.allows(&self.signed_in.member.roles))
    }

    /// Executes a command as the member.
    pub async fn execute(&self, app: &App, name: &str, fields: Value) -> Result<Value, Failure> {
        let command = commands::named(name).map_err(Failure::from)?;
        gate::execute(app, &self.signed_in, command, Json::from_value(fields)).await
    }
}

/// Whether the script of the pages asks for a part of one.
pub fn is_fragment(headers: &HeaderMap) -> bool {
    headers.contains_key("hx-request")
}

/// The token of forms for the holder of a cookie. It says nothing about the cookie, which has 256 random bits.
pub fn token_of(cookie: Secret<&str>) -> Secret<String> {
    hash(Secret::new(&format!("form {}", cookie.expose())))
}

/// Redirects after a form. The script of the pages loads the whole next page.
pub fn redirect(to: &str, is_fragment: bool) -> Response {
    if !is_fragment {
        return Redirect::to(to).into_response();
    }
    let mut response = ().into_response();
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert("hx-redirect", to);
    }
    response
}

/// Says on the next page which command was executed.
pub fn remember(response: &mut Response, Done { command, keys }: &Done) {
    let keys = keys.encoded();
    let keys = if keys.is_empty() { keys } else { format!("&{keys}") };
    set(response, &format!("{DONE}={command}{keys}; Max-Age=30"));
}

pub fn forget(response: &mut Response) {
    set(response, &format!("{DONE}=; Max-Age=0"));
}

fn set(response: &mut Response, cookie: &str) {
    if let Ok(cookie) = HeaderValue::from_str(&format!("{cookie}; Path=/; Secure; HttpOnly; SameSite=Strict")) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// Where a form returns to: a page of the console, no other site.
pub fn own_path(path: &str) -> Option<&str> {
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    (path.starts_with("/console") && !path.contains("//") && is_plain && path.len() <= 2000).then_some(path)
}

/// The fields of a form that one of our pages sent.
pub struct Form {
    pub fields: Pairs,
    pub headers: HeaderMap,
}

impl FromRequest<App> for Form {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        let headers = request.headers().clone();
        if !is_own(&headers) || body::media_type(&headers).as_deref() != Some("application/x-www-form-urlencoded") {
            return Err(Failure::Foreign);
        }
        let body: Bytes = body::read(request).await?;
        Ok(Self { fields: Pairs::read(&body), headers })
    }
}

impl Form {
    /// Whether the form has the token of this page.
    pub fn check(&self, token: &Secret<String>) -> Result<(), Failure> {
        if token.is_same(&Secret::new(self.fields.get("_token"))) { Ok(()) } else { Err(Failure::Foreign) }
    }
}

/// A visitor who is not signed in. The token of the forms of the sign-in belongs to a cookie of its own.
pub struct Stranger {
    pub form_token: Secret<String>,
    pub nonce: String,
    /// To be set, if the browser has none yet.
    pub new: Option<Secret<String>>,
    pub is_fragment: bool,
}

/// The cookie of a visitor who is not signed in.
pub const VISITOR: &str = "__Host-console-visitor";

impl<S: Sync> FromRequestParts<S> for Stranger {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let headers = &parts.headers;
        let random = || random_text().unwrap_or_default();
        let (form_token, new) = match cookie(headers, VISITOR) {
            Some(known) => (token_of(known), None),
            None => {
                let new = random();
                (token_of(Secret::new(&new)), Some(Secret::new(new)))
            }
        };
        Ok(Self { form_token, nonce: random(), new, is_fragment: is_fragment(headers) })
    }
}
