//! The services of all families, which execute the commands.

use std::sync::Arc;

use shared::error::Result;
use shared::runtime::clock::Clock;
use shared::runtime::environment::Environment;
use shared::runtime::metrics::Log;
use shared::storage::audit::AuditLog;
use shared::storage::objects::Objects;
use shared::{channel, staff};

use crate::families::Families;

/// The services that execute the commands.
pub struct Admin {
    pub channel: Arc<channel::Service>,
    pub hris: Arc<shared::hris::Service>,
    pub signing: Arc<shared::signing::Service>,
    pub jobboard: Arc<shared::jobboard::Service>,
    pub staff: Arc<staff::Service>,
    pub(crate) audit: AuditLog,
    /// The uploads bucket: pictures of persons, and exports.
    pub(crate) bucket: Objects,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) log: Log,
}

impl Admin {
    pub async fn connect(environment: &Environment) -> Result<Self> {
        let (channel, hris, signing, jobboard, staff) = tokio::try_join!(
            channel::Service::connect(environment),
            shared::hris::Service::connect(environment),
            shared::signing::Service::connect(environment),
            shared::jobboard::Service::connect(environment),
            staff::Service::connect(environment)
        )?;
        for keys in [channel.keys(), hris.keys(), signing.keys(), jobboard.keys(), staff.keys()] {
            keys.record().await?;
        }
        Ok(Self {
            channel: Arc::new(channel),
            hris: Arc::new(hris),
            signing: Arc::new(signing),
            jobboard: Arc::new(jobboard),
            staff: Arc::new(staff),
            audit: environment.audit_log(),
            bucket: environment.objects(environment.required("UPLOADS_BUCKET")?),
            clock: Arc::clone(&environment.clock),
            log: environment.log.clone(),
        })
    }

    /// Reads the secrets again that were read minutes ago.
    pub(crate) async fn refresh(&self) {
        let Self { channel, hris, signing, jobboard, staff, .. } = self;
        for keys in [channel.keys(), hris.keys(), signing.keys(), jobboard.keys(), staff.keys()] {
            keys.refresh().await;
        }
    }

    pub(crate) fn families(&self) -> Families<'_> {
        let Self { channel, hris, signing, jobboard, staff, .. } = self;
        Families { channel, hris, signing, jobboard, staff }
    }
}
