//! Who calls, and what is said (document, 认证).

use std::borrow::Cow;
use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::Method;
use axum::http::request::Parts;
use deserr::Deserr;
use lambda::body;
use lambda::{IMPOSSIBLE_IN_A_PATH, RawPath};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;
use shared::error::{Error, Fault};
use shared::hris::Caller;
use shared::hris::signature::SignedCall;
use shared::values::input::{Faults, Json as Input};
use utoipa::IntoParams;

use super::answer::{Credential, Failure};
use crate::App;

/// What some clients encode in a path: whatever is not unreserved (RFC 3986, 2.3); others encode only what cannot stand there.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// 每个需要验证的请求都要附上的参数。
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes the parameters, which are read one by one")]
pub struct Signed {
    /// 访问识别码
    access_key: Option<String>,
    /// 以秒为单位的 Unix 时间, 与服务器相差不超过 300 秒
    tonce: Option<String>,
    /// HMAC-SHA256(secret_key, METHOD + path + access_key + tonce + payload), 十六进制; 也可放在 header x-zhiren-signature
    signature: Option<String>,
    /// 员工授权后取得的标识, 代替签名, 只读
    access_token: Option<String>,
    /// JSON 格式的字符串
    payload: Option<String>,
}

/// What a call says beside who sends it. A member that is null counts as absent.
pub trait Payload: Deserr<Faults> {
    /// The document lists `token`: it must be the company's current one.
    const BEARS_TOKEN: bool = false;
}

/// A call without anything to say.
#[derive(Deserr)]
#[deserr(error = Faults)]
pub struct Nothing {}

impl Payload for Nothing {}

/// The company's token, and nothing else.
#[derive(Deserr)]
#[deserr(error = Faults)]
pub struct TokenOnly {}

impl Payload for TokenOnly {
    const BEARS_TOKEN: bool = true;
}

/// A call whose sender is known, with its payload. A handler without this parameter is open to everybody.
pub struct Call<P> {
    pub caller: Caller,
    pub payload: P,
}

impl<P: Payload> FromRequest<App> for Call<P> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let method = request.method().clone();
        let paths = path_forms(&request);
        let sent = Sent::read(request).await?;
        let access_key = sent.get("access_key");
        let access_token = sent.get("access_token");
        let mut payloads = sent.payloads();
        let (caller, payload) = match (&access_key, access_token) {
            (None, Some(access_token)) => {
                if method != Method::GET {
                    return Err(Failure::NotPermitted("access_token opens reads only"));
                }
                (app.authorize_token(&access_token).await?.ok_or(Failure::UnknownAccessToken)?, 0)
            }
            _ => {
                let access_key = access_key.as_deref().ok_or(Failure::Missing(Credential::AccessKey))?;
                let signature = sent.signature()?;
                let tonce = sent.get("tonce").ok_or(Failure::Missing(Credential::Tonce))?;
                let (method, tonce, signature) = (method.as_str(), tonce.as_str(), signature.as_str());
                let call = SignedCall { method, paths: &paths, access_key, tonce, payloads: &payloads, signature };
                app.authorize(&call).await?.map_err(Failure::Rejected)?
            }
        };
        let payload = read_payload(&payloads.swap_remove(payload))?;
        if P::BEARS_TOKEN && payload.is_object() {
            prove_company(app, &caller, access_key.as_deref(), payload.get("token")).await?;
        }
        Ok(Self { caller, payload: payload.read()? })
    }
}

/// The token is the company's current one. By an access token the company is known already: there it may be absent.
async fn prove_company(app: &App, caller: &Caller, access_key: Option<&str>, token: Option<&Value>) -> Result<(), Failure> {
    let token = match token {
        Some(Value::String(token)) => token,
        Some(_) => return Err(Error::invalid([Fault::new("token", "must be a string")]).into()),
        None if caller.call.is_none() => return Ok(()),
        None => return Err(Error::invalid([Fault::new("token", "is required")]).into()),
    };
    if app.is_company_token(&caller.company, access_key, token).await? { Ok(()) } else { Err(Failure::WrongToken) }
}

/// Absent and empty mean that nothing is said.
fn read_payload(payload: &str) -> Result<Input, Failure> {
    let payload = if payload.trim().is_empty() { "{}" } else { payload };
    Ok(Input::parse(payload.as_bytes()).map_err(Failure::MalformedJson)?.without_nulls())
}

/// The forms in which the client may have signed the path: as the gateway hands it over, which may have decoded it, decoded,
/// and encoded again.
fn path_forms(request: &Request) -> Vec<String> {
    let path = request.extensions().get::<RawPath>().map_or(request.uri().path(), |RawPath(path)| path);
    let mut forms = vec![path.to_owned()];
    for form in [
        percent_decode_str(path).decode_utf8_lossy(),
        Cow::from(utf8_percent_encode(path, RESERVED)),
        Cow::from(utf8_percent_encode(path, IMPOSSIBLE_IN_A_PATH)),
    ] {
        if !forms.iter().any(|known| *known == form) {
            forms.push(form.into_owned());
        }
    }
    forms
}

/// What was sent, as it was sent: the fields of query and form still encoded.
struct Sent {
    header: Option<String>,
    query: HashMap<String, String>,
    form: HashMap<String, String>,
    /// Of what is no form.
    body: Bytes,
}

impl Sent {
    async fn read(request: Request) -> Result<Self, Failure> {
        let header = request.headers().get("x-zhiren-signature");
        let header = header.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let query = fields(request.uri().query().unwrap_or_default());
        let is_form = body::is_form(request.headers());
        let body = body::read(request).await?;
        let (form, body) =
            if is_form { (fields(&String::from_utf8_lossy(&body)), Bytes::new()) } else { (HashMap::new(), body) };
        Ok(Self { header: header.filter(|header| !header.is_empty()), query, form, body })
    }

    fn raw(&self, name: &str) -> Option<&str> {
        [&self.query, &self.form]
            .into_iter()
            .find_map(|fields| fields.get(name).filter(|raw| !raw.is_empty()))
            .map(String::as_str)
    }

    /// A field, decoded; an empty one counts as absent.
    fn get(&self, name: &str) -> Option<String> {
        self.raw(name).map(|raw| decode(&raw.replace('+', " ")))
    }

    /// From the header, or the query; two that differ are worth nothing.
    fn signature(&self) -> Result<String, Failure> {
        match (&self.header, self.get("signature")) {
            (None, None) => Err(Failure::Missing(Credential::Signature)),
            (Some(header), Some(query)) if *header != query => Ok(String::new()),
            (Some(signature), _) => Ok(signature.clone()),
            (None, Some(signature)) => Ok(signature),
        }
    }

    /// What the payload may have been before it was sent: a `+` means a space, or itself.
    fn payloads(&self) -> Vec<String> {
        match self.raw("payload") {
            None => vec![String::from_utf8_lossy(&self.body).into_owned()],
            Some(raw) if raw.contains('+') => vec![decode(&raw.replace('+', " ")), decode(raw)],
            Some(raw) => vec![decode(raw)],
        }
    }
}

/// `name=value&...`, the values still encoded; of a repeated name the first counts.
fn fields(text: &str) -> HashMap<String, String> {
    let mut fields = HashMap::new();
    for pair in text.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        fields.entry(decode(name)).or_insert_with(|| value.to_owned());
    }
    fields
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The one parameter of a path, percent-decoded. What it names may not exist: that is seen when the caller is known.
pub struct Segment(pub String);

impl FromRequestParts<App> for Segment {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        match Path::from_request_parts(parts, app).await {
            Ok(Path(segment)) => Ok(Self(segment)),
            Err(_) => Ok(Self(String::new())),
        }
    }
}

/// Both parameters of a path, likewise.
pub struct Segments(pub String, pub String);

impl FromRequestParts<App> for Segments {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        match Path::from_request_parts(parts, app).await {
            Ok(Path((first, second))) => Ok(Self(first, second)),
            Err(_) => Ok(Self(String::new(), String::new())),
        }
    }
}
