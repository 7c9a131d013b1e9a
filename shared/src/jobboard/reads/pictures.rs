//! Pictures that a user uploaded.

use serde::Serialize;

use super::shown;
use crate::error::Result;
use crate::jobboard::Service;
use crate::jobboard::images::Name;
use crate::storage::listing::{Listed, next_cursor, position};
use crate::values::Id;

/// A picture, as staff see it.
#[derive(Debug, Serialize)]
pub struct ShownPicture {
    pub name: String,
    /// Where the job board shows it, behind its address.
    pub path: String,
    pub uploaded_at: Option<String>,
}

impl Service {
    /// The pictures that a user uploaded and that are not erased, oldest first.
    ///
    /// S3: one list.
    pub async fn list_pictures(&self, user: Id, size: u32, cursor: Option<&str>) -> Result<Listed<ShownPicture>> {
        let prefix = format!("img/{user}_");
        let after = position(&self.keyring, cursor, &prefix)?;
        let limit = i32::try_from(size).unwrap_or(i32::MAX);
        let (keys, more) = self.objects.list_page(&prefix, after, limit).await?;
        let last = keys.last().filter(|_| more).cloned();
        let names = keys.iter().filter_map(|key| Name::parse(key.strip_prefix("img/")?).ok());
        let list = names.map(|name| ShownPicture {
            path: format!("/img/{name}"),
            uploaded_at: shown(name.made_at().map(Into::into)),
            name: name.to_string(),
        });
        Ok(Listed { list: list.collect(), next_cursor: next_cursor(&self.keyring, last, &prefix)? })
    }
}
