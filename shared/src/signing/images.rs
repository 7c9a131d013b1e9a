//! Images that workers upload: photos of their identity cards (docs/contract/signing.txt, 1.2.2). They are in the private bucket under
//! the id of their worker, so that a worker cannot name the image of another one.

use super::values::Worker;
use super::{Service, missing};
use crate::error::{Error, Fault, Result};
use crate::storage::objects::Presigned;
use crate::values::image::Format;

/// The largest image, in bytes: API Gateway carries no larger one.
pub const MAX_BYTES: usize = 4_500_000;

impl Service {
    /// Stores an image and returns its name.
    pub async fn store_image(&self, worker: &Worker, bytes: Vec<u8>) -> Result<String> {
        let picture = Format::of(&bytes).map_err(|reason| Error::invalid([Fault::new("file", reason)]))?;
        let name = format!("{}.{}", self.ids.next(self.clock.now())?, picture.ending());
        self.objects.put(&object_key(worker, &name), bytes, picture.media_type()).await?;
        Ok(name)
    }

    /// A presigned GET of an image of the worker.
    pub async fn image(&self, worker: &Worker, name: &str) -> Result<Presigned> {
        let (digits, ending) = name.split_once('.').unwrap_or_default();
        let is_ours = (1..=16).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && Format::with_ending(ending).is_some();
        let key = object_key(worker, name);
        if !is_ours || !self.objects.exists(&key).await? {
            return Err(missing("name"));
        }
        self.objects.presign_get(&key).await
    }
}

fn object_key(worker: &Worker, name: &str) -> String {
    format!("signing/{}/{}/{name}", worker.platform, worker.id)
}
