//! Pictures that workers upload: photos of their identity cards (document, 1.2.2). They lie in the private bucket, below their
//! worker: another worker's cannot be named.

use super::Service;
use super::sessions::Worker;
use crate::error::{Error, Fault, Result};
use crate::storage::objects::Presigned;
use crate::values::image::Format;

/// The largest picture, in bytes: what the gateway can carry.
pub const MAX_BYTES: usize = 4_500_000;
impl Service {
    /// Stores a picture and gives its name.
    pub async fn store_image(&self, worker: &Worker, bytes: Vec<u8>) -> Result<String> {
        let picture = Format::of(&bytes).map_err(|reason| Error::invalid([Fault::new("file", reason)]))?;
        let name = format!("{}.{}", self.ids.next(self.clock.now())?, picture.ending());
        self.objects.put(&object_key(worker, &name), bytes, picture.media_type()).await?;
        Ok(name)
    }

    /// Where a picture of the worker's can be read for a moment.
    pub async fn image(&self, worker: &Worker, name: &str) -> Result<Presigned> {
        let (digits, ending) = name.split_once('.').unwrap_or_default();
        let is_ours = (1..=16).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && Format::with_ending(ending).is_some();
        let key = object_key(worker, name);
        if !is_ours || !self.objects.exists(&key).await? {
            return Err(super::missing("name"));
        }
        self.objects.presign_get(&key).await
    }
}

fn object_key(worker: &Worker, name: &str) -> String {
    format!("signing/{}/{}/{name}", worker.platform, worker.id)
}
