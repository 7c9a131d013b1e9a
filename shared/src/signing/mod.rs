//! The signing family: workers sign with a company from a WeChat mini program (docs/contract/signing.txt).
//!
//! Every record belongs to one platform, which is part of its key. The handlers call the methods of [`Service`].

mod accounts;
pub mod applications;
pub mod captcha;
mod changes;
pub mod decisions;
pub mod dictionaries;
pub mod directory;
pub mod images;
mod item;
mod keys;
pub mod listing;
mod notices;
mod persons;
mod picture;
mod reseal;
pub mod resume;
mod retention;
pub mod reveal;
pub mod sessions;
pub mod states;
pub mod values;
pub mod verification;
pub mod waiting;

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::outbound::wechat::WeChat;
use crate::runtime::cache::Cache;
use crate::runtime::caller;
use crate::runtime::clock::Clock;
use crate::runtime::environment::Environment;
use crate::runtime::family_keys::FamilyKeys;
use crate::runtime::ids::Ids;
use crate::runtime::message_limits::MessageLimits;
use crate::runtime::text_messages::TextMessages;
use crate::storage::objects::Objects;
use crate::storage::rate_limit::Counters;
use crate::storage::table::Store;

use directory::Platform;
use values::PlatformCode;

pub struct Service {
    store: Store,
    tables: Tables,
    objects: Objects,
    sms: TextMessages,
    wechat: WeChat,
    keyring: FamilyKeys,
    clock: Arc<dyn Clock>,
    ids: Ids,
    /// The platforms; `None` if one does not exist.
    platforms: Cache<PlatformCode, Option<Platform>>,
    messages: MessageLimits,
    settings: Settings,
}

struct Tables {
    /// `SIGNING_TABLE`: platforms and their records.
    signing: String,
    /// `CREDENTIALS_TABLE`: sessions, captchas, codes, changes for the products of a company.
    credentials: String,
}

/// The choices of an installation.
struct Settings {
    /// `SIGNING_PLATFORM`: the platform of requests without `X-platform-code`.
    default_platform: PlatformCode,
    /// `REQUIRE_SMS`: a résumé must contain the code that was sent to its phone.
    require_sms: bool,
    /// `SESSION_NEEDS_CAPTCHA`: a worker solves a captcha also in a session.
    session_needs_captcha: bool,
    /// `STRICT_CHECKSUMS`: identity numbers must have the right check character.
    strict_checksums: bool,
}

impl Service {
    /// Reads the variables above, `UPLOADS_BUCKET`, `WECHAT_URL` and the ids of secrets `SIGNING_SECRET` and `WECHAT_SECRET`. Fetches the
    /// keys and opens the connection to DynamoDB, so that the first request does not wait for them.
    pub async fn connect(environment: &Environment) -> Result<Self> {
        let tables = Tables {
            signing: environment.required("SIGNING_TABLE")?.to_owned(),
            credentials: environment.required("CREDENTIALS_TABLE")?.to_owned(),
        };
        let settings = Settings {
            default_platform: PlatformCode::parse(environment.required("SIGNING_PLATFORM")?).map_err(Error::internal)?,
            require_sms: environment.flag("REQUIRE_SMS", false)?,
            session_needs_captcha: environment.flag("SESSION_NEEDS_CAPTCHA", true)?,
            strict_checksums: environment.flag("STRICT_CHECKSUMS", false)?,
        };
        let (store, keyring) = environment.open(&tables.signing, environment.required("SIGNING_SECRET")?).await?;
        Ok(Self {
            store,
            keyring,
            wechat: environment.wechat(environment.required("WECHAT_SECRET")?)?,
            objects: environment.objects(environment.required("UPLOADS_BUCKET")?),
            sms: environment.text_messages()?,
            messages: MessageLimits::of(environment)?,
            clock: Arc::clone(&environment.clock),
            ids: Ids::default(),
            platforms: Cache::default(),
            settings,
            tables,
        })
    }

    /// The keys of the family, for a process to keep up with their secret.
    pub fn keys(&self) -> &FamilyKeys {
        &self.keyring
    }

    fn counters(&self) -> Counters<'_> {
        let Self { store, keyring, tables, .. } = self;
        let now = self.clock.now();
        Counters { family: "signing", store, table: &tables.credentials, keyring, now, act: caller::act }
    }
}
