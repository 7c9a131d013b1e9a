//! Pictures: avatars and photos of jobs (document, 图片上传). They lie in the private bucket below `img/` and are public by their
//! address. Large ones go past the functions: they arrive below `incoming/`, and come to `img/` once their content is checked.

use jiff::Timestamp;

use super::Service;
use crate::error::{Error, Fault, Result};
use crate::storage::objects::{Form, Presigned};
use crate::values::Id;
use crate::values::Reason;
use crate::values::image::Format;

/// The largest picture, in bytes, that comes through the gateway.
pub const MAX_BYTES: usize = 4_500_000;
/// The largest picture at all (document: 单张不超过20MB).
pub const MAX_UPLOAD: u32 = 20 * 1024 * 1024;
/// Where large pictures arrive.
pub const INCOMING: &str = "incoming/";

/// The name of a picture: `298_1768292213248008000.png`, who uploaded it and when, in nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let parts = text.split_once('_').and_then(|(user, rest)| Some((user, rest.split_once('.')?)));
        let is_number = |digits: &str| (1..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        match parts {
            Some((user, (time, ending))) if is_number(user) && is_number(time) && Format::with_ending(ending).is_some() => {
                Ok(Self(text.to_owned()))
            }
            _ => Err("is not the name of a picture"),
        }
    }

    /// Of the key that a large picture arrives under.
    fn of_incoming(key: &str) -> Option<Self> {
        key.strip_prefix(INCOMING)?.strip_prefix("img/").and_then(|name| Self::parse(name).ok())
    }

    fn key(&self) -> String {
        format!("img/{}", self.0)
    }

    fn made_at(&self) -> Option<Timestamp> {
        let (_, rest) = self.0.split_once('_')?;
        Timestamp::from_nanosecond(rest.split_once('.')?.0.parse().ok()?).ok()
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What became of a picture that has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    Accepted,
    /// It is no picture of its type: it was removed.
    Rejected,
    /// It is not there any more.
    Gone,
}

impl Service {
    /// Stores a picture and gives its name.
    pub async fn store_image(&self, user: Id, bytes: Vec<u8>) -> Result<Name> {
        let format = Format::of(&bytes).map_err(|reason| Error::invalid([Fault::new("file", reason)]))?;
        let name = self.new_name(user, format)?;
        self.objects.put(&name.key(), bytes, format.media_type()).await?;
        Ok(name)
    }

    /// Where to send a large picture, and the name that it will have once it is checked.
    pub async fn begin_upload(&self, user: Id, format: Format, size: u32) -> Result<(Name, Form)> {
        let name = self.new_name(user, format)?;
        let key = format!("{INCOMING}{}", name.key());
        let form = self.objects.presign_post(&key, format.media_type(), size, self.clock.now()).await?;
        Ok((name, form))
    }

    /// Checks a picture that has arrived under this key, and puts it where it is shown.
    pub async fn check_arrival(&self, key: &str) -> Result<Arrival> {
        let name = Name::of_incoming(key);
        let name = name.ok_or_else(|| Error::invalid([Fault::new("key", "is not that of an incoming picture")]))?;
        let Some((bytes, whole)) = self.objects.read(key, 0, u64::from(MAX_UPLOAD)).await? else {
            return Ok(Arrival::Gone);
        };
        let format = Format::of(&bytes).ok().filter(|_| whole == bytes.len() as u64);
        let arrival = match format.filter(|format| name.0.ends_with(format.ending())) {
            Some(format) => {
                self.objects.put(&name.key(), bytes, format.media_type()).await?;
                Arrival::Accepted
            }
            None => Arrival::Rejected,
        };
        self.objects.delete(key).await?;
        Ok(arrival)
    }

    /// The keys under which pictures have lain since before this; also of what is no picture.
    pub(super) async fn arrived_before(&self, at: Timestamp) -> Result<Vec<String>> {
        let mut keys = self.objects.list(INCOMING).await?;
        keys.retain(|key| Name::of_incoming(key).and_then(|name| name.made_at()).is_none_or(|made_at| made_at < at));
        Ok(keys)
    }

    /// Where a picture can be read for a moment.
    pub async fn image(&self, name: &Name) -> Result<Option<Presigned>> {
        if !self.objects.exists(&name.key()).await? {
            return Ok(None);
        }
        self.objects.presign_get(&name.key()).await.map(Some)
    }

    /// The nanoseconds hold what tells two pictures of one millisecond apart.
    fn new_name(&self, user: Id, format: Format) -> Result<Name> {
        let (made_at, sequence) = self.ids.next(self.clock.now())?.parts();
        let nanoseconds = made_at.as_millisecond() * 1_000_000 + i64::from(sequence) * 100;
        Ok(Name(format!("{user}_{nanoseconds}.{}", format.ending())))
    }
}
