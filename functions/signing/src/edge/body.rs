//! Bodies: forms with nested arrays as `work_exp[0][company]=..`, or JSON (docs/contract/signing.txt, 1.1.3).

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use deserr::Deserr;
use lambda::body;
use serde_json::Value;
use shared::error::{Error, Fault};
use shared::values::input::{Faults, Json as Input};

use super::Failure;
use crate::App;

/// How deep the brackets of a form may go: `work_exp[0][company]`.
const MAX_DEPTH: usize = 4;
/// The largest body with fields, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// The fields of a form or of a JSON object. An empty or null field counts as absent.
pub struct Fields<T>(pub T);

impl<T: Deserr<Faults>> FromRequest<App> for Fields<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        let is_form = body::is_form(request.headers());
        let body = body::read(request).await?;
        if body.len() > MAX_BYTES {
            return Err(Failure::TooLarge);
        }
        let fields = if is_form { form(&body)? } else { json(&body)? };
        let mut fields = fields.into_inner();
        let Some(members) = fields.as_object_mut() else {
            return Err(Failure::Unreadable("请求内容应为表单或 JSON 对象"));
        };
        members.retain(|_, member| !matches!(member, Value::String(text) if text.is_empty()));
        Ok(Self(Input::from_value(fields).read()?))
    }
}

fn form(body: &[u8]) -> Result<Input, Failure> {
    if body.is_empty() {
        return Ok(Input::from_value(Value::Object(serde_json::Map::new())));
    }
    let config = serde_qs::Config::new().max_depth(MAX_DEPTH).use_form_encoding(true);
    let fields: Value = config.deserialize_bytes(body).map_err(|_| Failure::Unreadable("表单内容不正确"))?;
    // The rules of JSON hold for forms too, for example no NUL characters.
    Ok(Input::parse(fields.to_string().as_bytes()).map_err(|fault| Error::invalid([fault]))?)
}

fn json(body: &[u8]) -> Result<Input, Failure> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Input::from_value(Value::Object(serde_json::Map::new())));
    }
    Ok(Input::parse(body).map_err(|Fault { field, reason }| Error::invalid([Fault { field, reason }]))?.without_nulls())
}

/// The only parameter of a path, percent-decoded.
pub struct Segment(pub String);

impl FromRequestParts<App> for Segment {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let Path(segment) = Path::from_request_parts(parts, app).await.unwrap_or_else(|_| Path(String::new()));
        Ok(Self(segment))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The document's notation (1.1.3), each name and value percent-encoded.
    fn written(value: &Value, name: &str, pairs: &mut form_urlencoded::Serializer<'_, String>) {
        let inner = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}[{key}]") };
        match value {
            Value::Object(members) => members.iter().for_each(|(key, member)| written(member, &inner(key), pairs)),
            Value::Array(elements) => {
                elements.iter().enumerate().for_each(|(at, element)| written(element, &inner(&at.to_string()), pairs));
            }
            value => _ = pairs.append_pair(name, value.as_str().unwrap()),
        }
    }

    fn rows() -> impl Strategy<Value = Value> {
        let row = prop::collection::btree_map("[a-z_]{1,8}", "[^\0]{0,12}", 1..4);
        prop::collection::vec(row, 1..30).prop_map(|rows| rows.into_iter().map(|row| serde_json::json!(row)).collect())
    }

    proptest! {
        #[test]
        fn a_form_is_read_as_it_was_written(
            texts in prop::collection::btree_map("[a-z]{1,8}", "[^\0]{0,12}", 0..6),
            arrays in prop::collection::btree_map("[a-z]{1,4}_(exp|edu)", rows(), 0..3),
        ) {
            let mut fields = serde_json::json!(texts);
            fields.as_object_mut().unwrap().extend(arrays);
            let mut pairs = form_urlencoded::Serializer::new(String::new());
            written(&fields, "", &mut pairs);
            let body = pairs.finish();
            let read = form(body.as_bytes()).map(Input::into_inner).map_err(|_| "refused");
            prop_assert_eq!(read, Ok(fields), "{}", body);
        }

        #[test]
        fn no_body_makes_it_panic(bytes: Vec<u8>, text in "([a-z]{0,3}(\\[[a-z0-9]{0,3}\\]?){0,6}=?[^&]{0,3}&?){0,8}") {
            let _ = (form(&bytes), form(text.as_bytes()));
        }
    }
}
