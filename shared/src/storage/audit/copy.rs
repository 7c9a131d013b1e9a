//! Copies of audit records outside of DynamoDB.

use std::collections::HashMap;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::storage::table::Item;
use crate::storage::table::attribute::{from_typed_json, read_text};

/// The name and the content of the copy of a record, of which a stream reports this image. A record always has the same copy, byte for byte.
pub fn of_image(image: HashMap<String, Value>) -> Result<(String, Vec<u8>)> {
    let item: Item = image.into_iter().map(|(name, value)| Ok((name, from_typed_json(value)?))).collect::<Result<_>>()?;
    let name = format!("{}/{}.json", read_text(&item, "ix3")?, read_text(&item, "pk")?);
    let mut record: Value = serde_dynamo::from_item(item).map_err(Error::internal)?;
    record.sort_all_objects();
    Ok((name, serde_json::to_vec(&record).map_err(Error::internal)?))
}
