//! Images that workers upload: photos of their identity cards (docs/contract/signing.txt, 1.2.2).
//!
//! They are in the private bucket. An object's key begins with its worker, so no request can name another worker's image.

use super::Service;
use super::keys::image_key;
use super::values::Worker;
use crate::error::{Error, Fault, Result};
use crate::storage::objects::{PRESIGNED_FOR, Presigned};
use crate::values::Id;
use crate::values::image::{Format, Picture};

/// The largest image in bytes: in base64, API Gateway carries no larger one.
pub const MAX_BYTES: usize = 4_500_000;

impl Service {
    /// Stores an image without its metadata and returns its name.
    ///
    /// S3: one write.
    pub async fn store_image(&self, worker: &Worker, bytes: &[u8]) -> Result<String> {
        let Picture { format, bytes } = Picture::read(bytes).map_err(|reason| Error::invalid([Fault::new("file", reason)]))?;
        let name = format!("{}.{}", self.ids.next(self.clock.now())?, format.ending());
        self.objects.put(&image_key(worker, &name), bytes, format.media_type()).await?;
        Ok(name)
    }

    /// A presigned URL of one of the worker's images.
    ///
    /// S3: one read.
    pub async fn image(&self, worker: &Worker, name: &str) -> Result<Presigned> {
        let key = image_key(worker, name);
        if image_id(name).is_none() || !self.objects.exists(&key).await? {
            return Err(Error::missing("name"));
        }
        self.objects.presign_get(&key, PRESIGNED_FOR).await
    }

    /// The key of the image to which an address leads, if it is one of the worker's. The address is not fetched.
    ///
    /// S3: one look-up, if the address has the form of our own.
    pub(super) async fn image_at(&self, worker: &Worker, address: &str) -> Result<Option<String>> {
        let Some((_, name)) = address.rsplit_once("/image/") else { return Ok(None) };
        let key = image_key(worker, name);
        Ok((image_id(name).is_some() && self.objects.exists(&key).await?).then_some(key))
    }
}

/// The id in the name of an image. `None` if this cannot be one.
pub(super) fn image_id(name: &str) -> Option<Id> {
    let (digits, ending) = name.split_once('.')?;
    let is_number = (1..=16).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let id = digits.parse().ok().filter(|_| is_number && Format::with_ending(ending).is_some());
    id.map(Id::from_u64)
}
