//! The schemas of fields that clients send in two forms.

use std::borrow::Cow;

use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder};
use utoipa::openapi::{KnownFormat, RefOr, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

/// The id of a job, as a number or in quotes: the API document shows both.
pub struct JobId;

impl PartialSchema for JobId {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(1))
            .maximum(Some(9_007_199_254_740_991i64));
        let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9]{1,16}$"));
        OneOfBuilder::new().item(number).item(text).description(Some("数字, 或同一数字的字符串")).into()
    }
}

impl ToSchema for JobId {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("JobId")
    }
}

/// The addresses of photos, as an array or joined in a text: the API document empties the photos of a job with an empty text.
pub struct PhotoUrls;

impl PartialSchema for PhotoUrls {
    fn schema() -> RefOr<Schema> {
        let url = ObjectBuilder::new().schema_type(Type::String).max_length(Some(2048));
        let list = ArrayBuilder::new().items(url).max_items(Some(4));
        let joined = ObjectBuilder::new().schema_type(Type::String);
        let description = "照片的地址, http 或 https, 最多 4 张: 数组, 或以逗号分隔的字符串";
        OneOfBuilder::new().item(list).item(joined).description(Some(description)).into()
    }
}

impl ToSchema for PhotoUrls {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("PhotoUrls")
    }
}
