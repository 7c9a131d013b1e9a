//! Request bodies (docs/contract/signing.txt, 1.1.3).
//!
//! A body is a form, with nested arrays as `work_exp[0][company]=..`, or JSON.

use axum::extract::{FromRequest, Request};
use deserr::Deserr;
use lambda::body;
use serde_json::Value;
use shared::error::Error;
use shared::values::input::{Faults, Json as Input};

use super::Failure;
use crate::App;

/// The most brackets after a name of a form, as in `work_exp[0][company]`.
const MAX_DEPTH: usize = 4;
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
        let fields = if body::is_form(&headers, &body) { form(&body)? } else { json(&body)? };
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
    // The rules of JSON, such as no NUL characters, apply to forms as well.
    Ok(Input::parse(fields.to_string().as_bytes()).map_err(|fault| Error::invalid([fault]))?)
}

fn json(body: &[u8]) -> Result<Input, Failure> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Input::from_value(Value::Object(serde_json::Map::new())));
    }
    Ok(Input::parse(body).map_err(|fault| Error::invalid([fault]))?.without_nulls())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A form in the notation of the document (docs/contract/signing.txt, 1.1.3), each name and value percent-encoded.
    fn write_form(value: &Value, name: &str, pairs: &mut form_urlencoded::Serializer<'_, String>) {
        let inner = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}[{key}]") };
        match value {
            Value::Object(members) => members.iter().for_each(|(key, member)| write_form(member, &inner(key), pairs)),
            Value::Array(elements) => {
                elements.iter().enumerate().for_each(|(at, element)| write_form(element, &inner(&at.to_string()), pairs));
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
        fn a_parsed_form_equals_what_was_written(
            texts in prop::collection::btree_map("[a-z]{1,8}", "[^\0]{0,12}", 0..6),
            arrays in prop::collection::btree_map("[a-z]{1,4}_(exp|edu)", rows(), 0..3),
        ) {
            let mut fields = serde_json::json!(texts);
            fields.as_object_mut().unwrap().extend(arrays);
            let mut pairs = form_urlencoded::Serializer::new(String::new());
            write_form(&fields, "", &mut pairs);
            let body = pairs.finish();
            let read = form(body.as_bytes()).map(Input::into_inner).map_err(|_| "rejected");
            prop_assert_eq!(read, Ok(fields), "{}", body);
        }

        #[test]
        fn no_body_makes_the_parser_panic(bytes: Vec<u8>, text in "([a-z]{0,3}(\\[[a-z0-9]{0,3}\\]?){0,6}=?[^&]{0,3}&?){0,8}") {
            let _ = (form(&bytes), form(text.as_bytes()));
        }
    }
}
