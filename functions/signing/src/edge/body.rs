//! Request bodies (docs/contract/signing.txt, 1.1.3): forms or JSON.

use axum::extract::{FromRequest, Request};
use deserr::Deserr;
use lambda::body;
use serde_json::Value;
use shared::error::{Error, Fault};
use shared::values::input::{Faults, Json as Input};

use super::{Failure, form};
use crate::App;

/// The largest body with fields, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// The fields of a form or of a JSON object. Empty strings count as absent, and so does null in JSON.
pub struct Fields<T>(pub T);

impl<T: Deserr<Faults>> FromRequest<App> for Fields<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        let headers = request.headers().clone();
        let body = body::read(request).await?;
        if body.len() > MAX_BYTES {
            return Err(Failure::TooLarge);
        }
        let fields = if body::is_form(&headers, &body) { form::parse(&body) } else { json(&body) };
        let mut fields = fields.map_err(|fault| Error::invalid([fault]))?.into_inner();
        let Some(members) = fields.as_object_mut() else {
            return Err(Failure::Unreadable("请求内容应为表单或 JSON 对象"));
        };
        members.retain(|_, member| !matches!(member, Value::String(text) if text.is_empty()));
        Ok(Self(body::known(Input::from_value(fields))?))
    }
}

fn json(body: &[u8]) -> Result<Input, Fault> {
    if Input::is_blank(body) {
        return Ok(Input::from_value(Value::Object(serde_json::Map::new())));
    }
    Input::parse(body).map(Input::without_nulls)
}
