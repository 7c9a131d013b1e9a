//! Authentication by a signature or an access token (docs/contract/hris.txt, 认证).

use std::collections::HashMap;
use std::marker::PhantomData;

use axum::body::Bytes;
use axum::extract::{FromRequest, MatchedPath, Request};
use axum::http::Method;
use lambda::body;
use lambda::credentials::bearer;
use lambda::{IMPOSSIBLE_IN_A_PATH, RawPath};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;
use shared::error::{Error, Fault};
use shared::hris::replay::Signer;
use shared::hris::signature::SignedCall;
use shared::hris::{Caller, Credential};
use shared::values::Secret;
use shared::values::input::BYTE_ORDER_MARK;
use shared::values::normal::is_blank;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::openapi::{RefOr, Required, Type};
use utoipa::{IntoParams, PartialSchema};

use super::answer::{Failure, MissingParameter};
use super::body::{Payload, read_payload};
use super::scopes;
use crate::App;

/// What some clients encode in a path: all but unreserved characters (RFC 3986, 2.3). Others encode only what a path cannot contain.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The parameter of a signed call that reads: its payload.
pub struct Signed<P>(PhantomData<P>);

impl<P: Payload + PartialSchema> IntoParams for Signed<P> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut schema = P::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema
            && P::BEARS_TOKEN
        {
            let token =
                ObjectBuilder::new().schema_type(Type::String).description(Some("公司的令牌; 用 access_token 时可以不传"));
            object.properties.insert("token".into(), token.into());
        }
        let payload = ParameterBuilder::new()
            .name("payload")
            .parameter_in(ParameterIn::Query)
            .required(if P::BEARS_TOKEN { Required::True } else { Required::False })
            .description(Some("请求的内容: 一个 JSON 对象的文本, 参与签名; 值为 null 的成员等于没有"))
            .content("application/json", ContentBuilder::new().schema(Some(schema)).build())
            .build();
        vec![payload]
    }
}

/// The parameters of a call.
struct Parameters {
    access_key: Option<String>,
    tonce: Option<String>,
    signature: Option<Secret<String>>,
    access_token: Option<Secret<String>>,
    payload: Option<String>,
}

impl Parameters {
    /// Reads the parameters from the query, else from the form. An empty one counts as absent. All are decoded except `payload`, of which
    /// [`payload_forms`] needs the encoded form.
    fn of(query: &HashMap<String, String>, form: &HashMap<String, String>) -> Self {
        let raw = |name| [query, form].into_iter().find_map(|fields| fields.get(name).filter(|raw| !raw.is_empty()));
        let decoded = |name| raw(name).map(|raw| decode(&raw.replace('+', " ")));
        Self {
            access_key: decoded("access_key"),
            tonce: decoded("tonce"),
            signature: decoded("signature").map(Secret::new),
            access_token: decoded("access_token").map(Secret::new),
            payload: raw("payload").cloned(),
        }
    }
}

/// An authenticated call that reads, with its payload. A handler without this parameter or [`SignedOnly`] is public.
pub struct Call<P> {
    pub caller: Caller,
    pub payload: P,
}

/// A call that must be signed, because it writes or reads what is the product's own, with its payload.
pub struct SignedOnly<P> {
    pub signer: Signer,
    pub payload: P,
}

impl<P: Payload> FromRequest<App> for Call<P> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let route = request.extensions().get::<MatchedPath>().cloned();
        let sent = Sent::read(request).await?;
        let (caller, signed) = match sent.token_alone() {
            Some(token) => {
                let caller = app.authorize_token(token).await?.ok_or(Failure::UnknownAccessToken)?;
                if let Credential::Consented { scopes } = caller.credential {
                    scopes::check(route.as_ref().map_or("", MatchedPath::as_str), scopes)?;
                }
                (caller, 0)
            }
            None => sent.authorize(app).await.map(|(signer, signed)| (signer.into(), signed))?,
        };
        let payload = sent.payload(app, &caller, signed).await?;
        Ok(Self { caller, payload })
    }
}

impl<P: Payload> FromRequest<App> for SignedOnly<P> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let sent = Sent::read(request).await?;
        if let Some(token) = sent.token_alone() {
            if sent.method != Method::GET {
                return Err(Failure::NotPermitted("access_token opens reads only"));
            }
            app.authorize_token(token).await?.ok_or(Failure::UnknownAccessToken)?;
            return Err(scopes::closed());
        }
        let (signer, signed) = sent.authorize(app).await?;
        let payload = sent.payload(app, &signer.clone().into(), signed).await?;
        Ok(Self { signer, payload })
    }
}

/// Checks that the token is the company's current one. A call with an access token may omit it or leave it empty: the access token proves
/// the company.
async fn prove_company(app: &App, caller: &Caller, access_key: Option<&str>, token: Option<&Value>) -> Result<(), Failure> {
    let is_proven = matches!(caller.credential, Credential::Consented { .. });
    let token = match token {
        None if is_proven => return Ok(()),
        Some(Value::String(token)) if is_proven && is_blank(token) => return Ok(()),
        Some(Value::String(token)) => Secret::new(token.as_str()),
        Some(_) => return Err(Error::invalid([Fault::new("token", "must be a string")]).into()),
        None => return Err(Error::invalid([Fault::new("token", "is required")]).into()),
    };
    if app.is_company_token(&caller.company, access_key, token).await? { Ok(()) } else { Err(Failure::WrongToken) }
}

/// The forms in which the client may have signed the path: decoded, as API Gateway passes it, and encoded. Not decoded once more: the
/// signature of one path would open another.
fn path_forms(request: &Request) -> Vec<String> {
    let path = request.extensions().get::<RawPath>().map_or(request.uri().path(), |RawPath(path)| path);
    let mut forms = vec![path.to_owned()];
    for set in [RESERVED, IMPOSSIBLE_IN_A_PATH] {
        let form = utf8_percent_encode(path, set).to_string();
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}

/// What the client sent.
struct Sent {
    method: Method,
    /// See [`path_forms`].
    paths: Vec<String>,
    /// The signature in the header.
    header: Option<Secret<String>>,
    /// The access token in `Authorization`.
    bearer: Option<Secret<String>>,
    parameters: Parameters,
    /// See [`payload_forms`].
    payloads: Vec<String>,
}

impl Sent {
    async fn read(request: Request) -> Result<Self, Failure> {
        let (method, paths) = (request.method().clone(), path_forms(&request));
        let header = request.headers().get("x-zhiren-signature");
        let header = header.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let bearer = bearer(request.headers()).map(|token| token.map(str::to_owned));
        let query = fields(request.uri().query().unwrap_or_default());
        let headers = request.headers().clone();
        let body = body::read(request).await?;
        let (form, body) = if body::is_form(&headers, &body) {
            (fields(&String::from_utf8_lossy(&body)), Bytes::new())
        } else {
            (HashMap::new(), body)
        };
        let parameters = Parameters::of(&query, &form);
        let header = header.filter(|header| !header.is_empty()).map(Secret::new);
        let payloads = payload_forms(parameters.payload.as_deref(), &body);
        Ok(Self { method, paths, header, bearer, parameters, payloads })
    }

    /// The signer, and the index of the signed payload.
    async fn authorize(&self, app: &App) -> Result<(Signer, usize), Failure> {
        let Parameters { access_key, tonce, .. } = &self.parameters;
        let access_key = access_key.as_deref().ok_or(Failure::Missing(MissingParameter::AccessKey))?;
        let signature = self.signature()?;
        let tonce = tonce.as_deref().ok_or(Failure::Missing(MissingParameter::Tonce))?;
        let Self { paths, payloads, .. } = self;
        let call = SignedCall { method: self.method.as_str(), paths, access_key, tonce, payloads, signature };
        Ok(app.authorize(&call).await?)
    }

    /// Reads the payload at this index, and checks the company's token in it.
    async fn payload<P: Payload>(mut self, app: &App, caller: &Caller, signed: usize) -> Result<P, Failure> {
        let mut payload = read_payload(&self.payloads.swap_remove(signed))?;
        if P::BEARS_TOKEN && payload.is_object() {
            prove_company(app, caller, self.parameters.access_key.as_deref(), payload.get("token")).await?;
        }
        payload.remove("token");
        Ok(if P::IS_FILTER { payload.read()? } else { body::known(payload)? })
    }

    /// From the header or the parameter. Two different signatures are invalid.
    fn signature(&self) -> Result<Secret<&str>, Failure> {
        match (&self.header, &self.parameters.signature) {
            (None, None) => Err(Failure::Missing(MissingParameter::Signature)),
            (Some(header), Some(parameter)) if !header.is_same(parameter) => Ok(Secret::new("")),
            (Some(signature), _) | (None, Some(signature)) => Ok(signature.as_deref()),
        }
    }

    /// The access token, if the client sent no access key.
    fn token_alone(&self) -> Option<Secret<&str>> {
        self.parameters.access_key.is_none().then(|| self.access_token()).flatten()
    }

    /// From `Authorization` (RFC 6750) or the parameter. Two different tokens are invalid.
    fn access_token(&self) -> Option<Secret<&str>> {
        match (&self.bearer, &self.parameters.access_token) {
            (Some(bearer), Some(parameter)) if !bearer.is_same(parameter) => Some(Secret::new("")),
            (bearer, parameter) => bearer.as_ref().or(parameter.as_ref()).map(Secret::as_deref),
        }
    }
}

/// The forms in which the client may have signed the payload: a `+` means a space, or itself. Some libraries put a byte order mark before
/// the text that the client signed. `parameter` is the parameter as sent; without it the body is the payload.
fn payload_forms(parameter: Option<&str>, body: &[u8]) -> Vec<String> {
    let mut forms = match parameter {
        None => vec![String::from_utf8_lossy(body).into_owned()],
        Some(raw) if raw.contains('+') => vec![decode(&raw.replace('+', " ")), decode(raw)],
        Some(raw) => vec![decode(raw)],
    };
    let unmarked: Vec<String> = forms.iter().filter_map(|form| form.strip_prefix(BYTE_ORDER_MARK)).map(str::to_owned).collect();
    forms.extend(unmarked);
    forms
}

/// Splits `name=value&...`. The values stay encoded. The first value of a repeated name counts.
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
