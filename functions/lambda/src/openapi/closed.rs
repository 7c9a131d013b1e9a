//! Closed lists of values.

use serde_json::Value;
use shared::error::Code;
use shared::values::Closed;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};

/// The schema of a value from a closed list.
pub fn one_of<T: Closed>(description: &str) -> RefOr<Schema>
where
    T::Value: Into<Value>,
{
    let values: Vec<Value> = T::VALUES.iter().map(|value| (*value).into()).collect();
    let kind = if values.iter().all(Value::is_string) { Type::String } else { Type::Integer };
    ObjectBuilder::new().schema_type(kind).description(Some(description)).enum_values(Some(values)).into()
}

crate::closed_lists! {
    ReasonCode = Code, "原因的代码, 见本文档的 x-reason-codes; 以后可能增加, 不会改变含义";
}

/// Declares types that stand for closed lists of the domain in `#[schema(value_type = TaskType)]`. The name is also that of the schema.
#[macro_export]
macro_rules! closed_lists {
    ($($name:ident = $type:ty, $description:literal;)+) => {
        $(
            pub struct $name;

            impl utoipa::PartialSchema for $name {
                fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                    $crate::openapi::one_of::<$type>($description)
                }
            }

            impl utoipa::ToSchema for $name {
                fn name() -> std::borrow::Cow<'static, str> {
                    std::borrow::Cow::Borrowed(stringify!($name))
                }
            }
        )+
    };
}
