//! Images: avatars and photos of jobs (docs/contract/jobboard.txt, 图片上传). They are in the private bucket below `img/`; anyone who has
//! an image's address can read it. Clients upload large images directly to S3, below `incoming/`. They move to `img/` after a check of
//! their content; the reason why an image does not pass is stored below `rejected/` for a week. No image keeps its metadata.

use jiff::{SignedDuration, Timestamp};

use super::quotas::Quota;
use super::{Service, keys};
use crate::error::{Error, Fault, Result};
use crate::storage::objects::{Form, PRESIGNED_FOR, Presigned};
use crate::storage::table::{Outcome, Write, mark};
use crate::values::image::{Format, Picture};
use crate::values::{Id, Reason};

/// The largest image, in bytes, that the gateway can carry.
pub const MAX_BYTES: usize = 4_500_000;
/// The largest image, in bytes (docs/contract/jobboard.txt, 图片上传: 单张不超过20MB).
pub const MAX_UPLOAD: u32 = 20 * 1024 * 1024;
/// How long an uploaded picture is kept that no job and no profile shows.
const UNUSED_FOR: SignedDuration = SignedDuration::from_hours(24);
/// The prefix of uploads that are not yet checked.
pub const INCOMING: &str = "incoming/";
/// The prefix of the reasons why uploads were rejected.
const REJECTED: &str = "rejected/";

/// The name of an image, `298_1768292213248008000.png`: the user who uploaded it, and the time in nanoseconds.
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

    /// The name in the key of an upload.
    fn of_incoming(key: &str) -> Option<Self> {
        key.strip_prefix(INCOMING)?.strip_prefix("img/").and_then(|name| Self::parse(name).ok())
    }

    /// The name at the end of an image's address.
    pub(super) fn in_address(url: &str) -> Option<Self> {
        let path = url.split(['?', '#']).next().unwrap_or_default();
        Self::parse(path.rsplit_once("/img/")?.1).ok()
    }

    /// Whether this user has uploaded it.
    pub(super) fn is_of(&self, user: Id) -> bool {
        self.owner() == user.to_string()
    }

    /// Who has uploaded it.
    pub(super) fn owner(&self) -> &str {
        self.0.split_once('_').map_or("", |(owner, _)| owner)
    }

    pub(super) fn key(&self) -> String {
        format!("img/{}", self.0)
    }

    pub(super) fn incoming_key(&self) -> String {
        format!("{INCOMING}{}", self.key())
    }

    fn rejected_key(&self) -> String {
        format!("{REJECTED}{}", self.key())
    }

    pub(super) fn made_at(&self) -> Option<Timestamp> {
        let (_, rest) = self.0.split_once('_')?;
        Timestamp::from_nanosecond(rest.split_once('.')?.0.parse().ok()?).ok()
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The result of the check of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// This one is shown, or one of the same name that arrived before.
    Accepted,
    /// It is not an image of its type, and was deleted. The reason is stored.
    Rejected,
    /// It no longer exists.
    Gone,
}

impl Service {
    /// Stores an image and returns its name.
    ///
    /// DynamoDB: one transaction.
    pub async fn store_image(&self, user: Id, bytes: &[u8]) -> Result<Name> {
        let Picture { format, bytes } = Picture::read(bytes).map_err(|reason| Error::invalid([Fault::new("file", reason)]))?;
        let name = self.new_name(user, format)?;
        self.record_upload(user, &name, bytes.len() as i64).await?;
        self.objects.put(&name.key(), bytes, format.media_type()).await?;
        Ok(name)
    }

    /// The form that uploads a large image, and the name that the image has after the check.
    ///
    /// DynamoDB: one transaction.
    pub async fn begin_upload(&self, user: Id, format: Format, size: u32) -> Result<(Name, Form)> {
        let name = self.new_name(user, format)?;
        self.record_upload(user, &name, size.into()).await?;
        let key = name.incoming_key();
        let form = self.objects.presign_post(&key, format.media_type(), size, self.clock.now()).await?;
        Ok((name, form))
    }

    /// Checks the upload of this key. An image becomes public; of anything else only the reason remains why it was rejected.
    pub async fn check_arrival(&self, key: &str) -> Result<Arrival> {
        let name = Name::of_incoming(key);
        let name = name.ok_or_else(|| Error::invalid([Fault::new("key", "is not that of an incoming picture")]))?;
        let Some((bytes, whole)) = self.objects.read(key, 0, u64::from(MAX_UPLOAD)).await? else {
            return Ok(Arrival::Gone);
        };
        let checked = match Picture::read(&bytes) {
            _ if whole > bytes.len() as u64 => Err("must be at most 20 MB"),
            Ok(picture) if !name.0.ends_with(picture.format.ending()) => Err("must be of the content_type that was announced"),
            checked => checked,
        };
        let arrival = match checked {
            Ok(Picture { format, bytes }) => {
                self.objects.put_new(&name.key(), bytes, format.media_type()).await?;
                Arrival::Accepted
            }
            Err(reason) => {
                self.objects.put(&name.rejected_key(), reason.into(), "text/plain").await?;
                Arrival::Rejected
            }
        };
        self.objects.delete(key).await?;
        Ok(arrival)
    }

    /// Counts an upload of so many bytes, and marks the picture for the sweep that removes it if it is not used.
    async fn record_upload(&self, user: Id, name: &Name, bytes: i64) -> Result<()> {
        let now = self.clock.now();
        let uses = [(Quota::Uploads, 1), (Quota::UploadBytes, bytes)];
        let writes = vec![self.count_today(user, &uses, now), self.mark_unused(name, now)];
        match self.store.transact(writes).await? {
            Outcome::Written => Ok(()),
            Outcome::Rejected(rejections) => {
                Err(self.used_up(&uses, rejections.first().and_then(|counter| counter.stored.as_ref()), now))
            }
        }
    }

    /// The part of a transaction that marks a picture for the sweep of unused ones.
    pub(super) fn mark_unused(&self, name: &Name, now: Timestamp) -> Write {
        let mut item = keys::upload(name.owner(), &name.0).into_item();
        mark(&mut item, keys::UNUSED_SWEEP, now + UNUSED_FOR);
        Write::Set { table: self.tables.jobboard.clone(), item }
    }

    /// The keys of the uploads before this time, and of everything that is not an upload.
    pub(super) async fn arrived_before(&self, at: Timestamp) -> Result<Vec<String>> {
        let mut keys = self.objects.list(INCOMING).await?;
        keys.retain(|key| Name::of_incoming(key).and_then(|name| name.made_at()).is_none_or(|made_at| made_at < at));
        Ok(keys)
    }

    /// A temporary address of the image. `None` if it has not arrived; an error if its upload was rejected.
    pub async fn image(&self, name: &Name) -> Result<Option<Presigned>> {
        if self.objects.exists(&name.key()).await? {
            return self.objects.presign_get(&name.key(), PRESIGNED_FOR).await.map(Some);
        }
        match self.objects.read(&name.rejected_key(), 0, 256).await? {
            Some((reason, _)) => Err(Error::invalid([Fault::new("file", String::from_utf8_lossy(&reason).into_owned())])),
            None => Ok(None),
        }
    }

    /// The nanoseconds contain the sequence of the id, which distinguishes images of the same millisecond.
    fn new_name(&self, user: Id, format: Format) -> Result<Name> {
        let (made_at, sequence) = self.ids.next(self.clock.now())?.parts();
        let nanoseconds = made_at.as_millisecond() * 1_000_000 + i64::from(sequence) * 100;
        Ok(Name(format!("{user}_{nanoseconds}.{}", format.ending())))
    }
}
