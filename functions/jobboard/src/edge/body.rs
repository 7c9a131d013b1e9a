//! JSON bodies. Some examples of the document have trailing commas: if strict parsing fails, the parser removes them and tries once more.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use deserr::Deserr;
use lambda::body;
use shared::error::{Error, Fault};
use shared::jobboard::idempotency::Idempotency;
use shared::values::Id;
use shared::values::input::{Faults, Json as Input, WHOLE};
use utoipa::IntoParams;

use super::Failure;
use crate::App;

/// The largest body with fields, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// The fields of a JSON object. A null counts as absent.
pub struct Json<T>(pub T);

impl<T: Deserr<Faults>> FromRequest<App> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        Ok(Self(body::known(parse(&read(request).await?)?)?))
    }
}

/// The same for a list. An unknown member is a fault, because a filter that is misspelt would be no filter.
pub struct ListFields<T>(pub T);

impl<T: Deserr<Faults>> FromRequest<App> for ListFields<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        Ok(Self(parse(&read(request).await?)?.read()?))
    }
}

/// The header of a request that may be repeated, in the documentation.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "`Retryable` reads the header")]
pub struct IdempotencyKey {
    /// 幂等标识, 最多 255 个可见字符: 一天之内同一标识的相同请求只算一次, 应答相同; 不同的请求为 409
    #[param(rename = "Idempotency-Key", max_length = 255)]
    idempotency_key: Option<String>,
}

/// The same, for a request that may carry an idempotency key.
pub struct Retryable<T> {
    pub fields: T,
    key: Option<String>,
    body: Bytes,
}

impl<T: Deserr<Faults>> FromRequest<App> for Retryable<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        let key = idempotency_key(request.headers())?;
        let body = read(request).await?;
        Ok(Self { fields: body::known(parse(&body)?)?, key, body })
    }
}

impl<T> Retryable<T> {
    /// None without a key. `operation` distinguishes equal bodies of different operations.
    pub fn idempotency(&self, app: &App, user: Id, operation: &str) -> Result<Option<Idempotency>, Error> {
        self.key.as_ref().map(|key| app.idempotency(user, key, [operation.as_bytes(), &self.body])).transpose()
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    match key.to_str().map(str::trim) {
        Ok("") => Ok(None),
        Ok(key) if key.len() <= 255 => Ok(Some(key.to_owned())),
        _ => Err(Failure::Unreadable("Idempotency-Key: must be at most 255 visible characters")),
    }
}

async fn read(request: Request) -> Result<Bytes, Failure> {
    let body = body::read(request).await?;
    if body.len() > MAX_BYTES { Err(Failure::TooLarge("the body must not be larger than 256 KiB")) } else { Ok(body) }
}

fn parse(body: &[u8]) -> Result<Input, Failure> {
    if Input::is_blank(body) {
        return Ok(Input::from_value(serde_json::Value::Object(serde_json::Map::new())));
    }
    let strict = Input::parse(body);
    let parsed = match strict {
        Err(fault) if fault.field == WHOLE => Input::parse(&without_trailing_commas(body)).map_err(|_| fault),
        parsed => parsed,
    };
    let parsed = parsed.map_err(|fault| Error::invalid([fault]))?.without_nulls();
    if parsed.is_object() { Ok(parsed) } else { Err(Error::invalid([Fault::new(WHOLE, "must be an object")]).into()) }
}

/// Removes commas before a closing bracket.
fn without_trailing_commas(json: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(json.len());
    let (mut in_string, mut escaped) = (false, false);
    for (at, &byte) in json.iter().enumerate() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if byte == b'"' {
            in_string = true;
        } else if byte == b',' {
            let next = json[at + 1..].iter().find(|byte| !byte.is_ascii_whitespace());
            if matches!(next, Some(b'}' | b']')) {
                continue;
            }
        }
        kept.push(byte);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trailing_commas_are_removed() {
        let cases = [
            (r#"{"job_id": 1234,}"#, r#"{"job_id": 1234}"#),
            ("{\"a\":[1,2, ],\n}", "{\"a\":[1,2 ]\n}"),
            (r#"{"a":"x,}","b":"\",]",}"#, r#"{"a":"x,}","b":"\",]"}"#),
            (r#"{"a":"\\",}"#, r#"{"a":"\\"}"#),
            (r#"{"a":1,,}"#, r#"{"a":1,}"#),
        ];
        for (sent, kept) in cases {
            assert_eq!(String::from_utf8(without_trailing_commas(sent.as_bytes())).unwrap(), kept);
        }
    }
}
