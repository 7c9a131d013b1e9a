//! The webhook of a product for a company: where its events go, and which.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk`, `sk` | `{company}#webhook`, the id of the product |
//! | `ix1`, `ix2`, `ixsk` | the lists of all webhooks and of those of the company |
//! | `sealed` | the address, which may hold a token of the receiver, and the phone of the contact |
//! | `secrets` | the secrets, each sealed |
//! | all others | [`Webhook`] |

use serde::{Deserialize, Serialize};

use super::types::EventType;
use crate::crypto::credentials::{NewSecret, Secrets, StoredSecret};
use crate::error::{Error, Fault, Result};
use crate::hris::changes::Change;
use crate::hris::keys::{WEBHOOK, WEBHOOKS, partition, product_company_key, webhook_key};
use crate::hris::replay::{Once, Signer};
use crate::hris::scopes::{Scope, Scopes};
use crate::hris::values::{Code, Uuid};
use crate::hris::{Service, listing};
use crate::outbound::receivers::{Address, signing};
use crate::runtime::caller;
use crate::storage::audit::{self, Act, Object};
use crate::storage::listing::{Listed, PageOf, listed_items};
use crate::storage::sealed::{self, Fields};
use crate::storage::table::attribute::{number, read_integer};
use crate::storage::table::{Condition, Item, Key, Outcome, Rejection, VERSION, Write};
use crate::values::{Mobile, Moment, RecordId, Secret, choices, exposed};

pub(in crate::hris) const SEALED: Fields = Fields::of(&["address", "contact_mobile"]);
/// The most webhooks of a company: each change makes events for each of them.
const MAX_WEBHOOKS: usize = 20;

choices! {
    /// Whether events are sent.
    State {
        Active = "active",
        /// The receiver failed for three days, or answered 410. `PUT` makes it active.
        Disabled = "disabled",
        /// Staff stopped it. Only staff make it active.
        Suspended = "suspended",
    }
}

/// A webhook.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Webhook {
    /// Another one after it was deleted and made again: the events of the earlier one are not its own.
    pub id: String,
    pub product_id: Code,
    pub company_uuid: Uuid,
    pub address: Address,
    pub event_types: Vec<EventType>,
    pub scopes: Scopes,
    /// A change of several records is one event with all of them.
    pub batches: bool,
    /// Whose phone gets a message when the webhook is disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_mobile: Option<Mobile>,
    pub state: State,
    /// When it was disabled or suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<Moment>,
    pub created_at: Moment,
    /// Oldest first.
    pub secrets: Secrets,
    version: u64,
}

/// What a product chooses.
pub struct Settings {
    pub address: Address,
    pub event_types: Vec<EventType>,
    /// Those that the types need, if absent.
    pub scopes: Option<Vec<Scope>>,
    pub batches: bool,
    pub contact_mobile: Option<Mobile>,
    /// Adds a secret.
    pub rotate: bool,
    /// Ends the older of two secrets.
    pub drop_old_secret: bool,
}

/// A webhook that was stored, with its new secret if it has one.
#[derive(Serialize, Deserialize)]
pub struct Put {
    pub webhook: Webhook,
    #[serde(serialize_with = "shown_once")]
    pub secret: Option<Secret<String>>,
}

fn shown_once<S: serde::Serializer>(secret: &Option<Secret<String>>, serializer: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => exposed(secret, serializer),
        None => serializer.serialize_none(),
    }
}

impl Settings {
    /// Whether an active webhook has these settings already, and none of its secrets is to change.
    fn are_of(&self, webhook: &Webhook, scopes: Scopes) -> bool {
        let are_kept = !self.rotate && !self.drop_old_secret && webhook.state != State::Disabled;
        let own = (&webhook.address, &webhook.event_types, webhook.scopes, webhook.batches, &webhook.contact_mobile);
        are_kept && own == (&self.address, &self.event_types, scopes, self.batches, &self.contact_mobile)
    }

    /// The scopes of the webhook.
    fn scopes(&self) -> Result<Scopes> {
        let needed = self.event_types.iter().map(|event_type| event_type.scope());
        let Some(scopes) = &self.scopes else { return Ok(needed.collect::<Vec<_>>().into()) };
        let scopes = Scopes::from(scopes.clone());
        match needed.into_iter().all(|scope| scopes.contain(scope)) {
            true => Ok(scopes),
            false => Err(Error::invalid([Fault::new("scopes", "must have the scope of each event type")])),
        }
    }
}

impl Service {
    /// The webhook of a product for a company.
    ///
    /// DynamoDB: one read.
    pub async fn webhook(&self, company: &Uuid, product: &Code) -> Result<Webhook> {
        self.stored_webhook(company, product).await?.map(|(webhook, _)| webhook).ok_or_else(|| Error::missing("webhook"))
    }

    pub(super) async fn stored_webhook(&self, company: &Uuid, product: &Code) -> Result<Option<(Webhook, Item)>> {
        let found = self.store.get(&self.tables.hris, webhook_key(company, product)).await?;
        found.map(|item| Ok((self.read_webhook(item.clone())?, item))).transpose()
    }

    /// All webhooks of a company.
    pub(super) async fn webhooks(&self, company: &Uuid) -> Result<Vec<Webhook>> {
        let items = self.store.partition(&self.tables.hris, partition(company, WEBHOOK)).await?;
        items.into_iter().map(|item| self.read_webhook(item)).collect()
    }

    /// A page of the webhooks by age: of all, or of those of a company.
    ///
    /// DynamoDB: one query, one batch read.
    pub async fn list_webhooks(&self, company: Option<&Uuid>, page: &PageOf<'_>) -> Result<Listed<Webhook>> {
        let (index, list) = match company {
            None => ("ix1", WEBHOOKS.to_owned()),
            Some(company) => ("ix2", partition(company, WEBHOOKS)),
        };
        let items = listed_items(&self.store, &self.keyring, &self.tables.hris, index, list, page).await?;
        items.try_map(|item| self.read_webhook(item))
    }

    /// Makes the webhook of the signer's product, or replaces its settings. One that was disabled is active again.
    ///
    /// DynamoDB: one read, and for a new one two more and a query; one transaction.
    pub async fn put_webhook(&self, signer: &Signer, settings: &Settings) -> Result<Put> {
        let act = caller::act(self.clock.now());
        let (put, writes) = match self.plan_put(&act, &signer.company, &signer.product, settings).await {
            Ok(planned) => planned,
            // What the call has changed before may reject its repetition.
            Err(error) => match self.write_part(signer, Vec::new()).await? {
                Once::Before(put) => return Ok(put),
                Once::Written | Once::Rejected(_) => return Err(error),
            },
        };
        match self.write_once(signer, &put, writes).await? {
            Once::Written => Ok(put),
            Once::Before(put) => Ok(put),
            Once::Rejected(rejections) => Err(why_not_put(&rejections)),
        }
    }

    /// The same by staff.
    pub async fn put_webhook_by(&self, act: &Act, company: &Uuid, product: &Code, settings: &Settings) -> Result<Put> {
        let (put, writes) = self.plan_put(act, company, product, settings).await?;
        if writes.is_empty() {
            return Ok(put);
        }
        match self.store.transact(writes).await? {
            Outcome::Written => Ok(put),
            Outcome::Rejected(rejections) => Err(why_not_put(&rejections)),
        }
    }

    /// What is stored, and the writes that store it: first the check that the product has an access key of the company. No writes, if it is
    /// stored already.
    async fn plan_put(&self, act: &Act, company: &Uuid, product: &Code, settings: &Settings) -> Result<(Put, Vec<Write>)> {
        let scopes = settings.scopes()?;
        let stored = self.stored_webhook(company, product).await?;
        if stored.is_none() && self.access_key(product, company).await?.is_none() {
            return Err(Error::missing("product_id"));
        }
        if let Err(reason) = self.receivers.check(&settings.address).await {
            return Err(Error::invalid([Fault::new("address", reason)]));
        }
        self.keyring.record().await?;
        let (put, condition, change) = match &stored {
            None => {
                if self.webhooks(company).await?.len() >= MAX_WEBHOOKS {
                    return Err(Error::conflict(Fault::new("webhook", "at most 20 of a company")));
                }
                let put = self.new_webhook(company, product, settings, scopes)?;
                (put, Condition::absent(), Some(Change::Opened { product: product.clone() }))
            }
            Some((webhook, _)) if settings.are_of(webhook, scopes) => {
                return Ok((Put { webhook: webhook.clone(), secret: None }, Vec::new()));
            }
            Some((webhook, item)) => {
                let unchanged = Condition::equals(VERSION, number(read_integer::<u64>(item, VERSION)?));
                let is_resumed = webhook.state == State::Disabled;
                let change = is_resumed.then(|| Change::Resumed { product: product.clone() });
                (self.changed_webhook(webhook.clone(), settings, scopes)?, unchanged, change)
            }
        };
        let item = self.webhook_item(&put.webhook)?;
        let recorded = audit::Change::of(object(company, product));
        let recorded = match &stored {
            None => recorded.created(&item),
            Some(_) => recorded.fields(&["settings"]),
        };
        let table = self.tables.hris.clone();
        let mut writes = vec![
            Write::Check { table: table.clone(), key: product_company_key(product, company), condition: Condition::present() },
            Write::Put { table, item, condition },
            self.store.recording(act, &recorded)?,
        ];
        if let Some(change) = &change {
            writes.push(self.notice(company, change)?);
        }
        Ok((put, writes))
    }

    fn new_webhook(&self, company: &Uuid, product: &Code, settings: &Settings, scopes: Scopes) -> Result<Put> {
        let (id, now) = self.stamp()?;
        let (secret, stored) = self.new_webhook_secret(company, product)?;
        let webhook = Webhook {
            id: id.to_string(),
            product_id: product.clone(),
            company_uuid: company.clone(),
            address: settings.address.clone(),
            event_types: settings.event_types.clone(),
            scopes,
            batches: settings.batches,
            contact_mobile: settings.contact_mobile.clone(),
            state: State::Active,
            stopped_at: None,
            created_at: now.into(),
            secrets: Secrets::of(stored),
            version: 1,
        };
        Ok(Put { webhook, secret: Some(secret) })
    }

    fn changed_webhook(&self, mut webhook: Webhook, settings: &Settings, scopes: Scopes) -> Result<Put> {
        if settings.drop_old_secret {
            webhook.secrets.retire_oldest("drop_old_secret")?;
        }
        let mut secret = None;
        if settings.rotate {
            let (new, stored) = self.new_webhook_secret(&webhook.company_uuid, &webhook.product_id)?;
            webhook.secrets.add(stored, "rotate")?;
            secret = Some(new);
        }
        webhook.address = settings.address.clone();
        webhook.event_types.clone_from(&settings.event_types);
        webhook.scopes = scopes;
        webhook.batches = settings.batches;
        webhook.contact_mobile.clone_from(&settings.contact_mobile);
        if webhook.state == State::Disabled {
            webhook.state = State::Active;
            webhook.stopped_at = None;
        }
        webhook.version += 1;
        Ok(Put { webhook, secret })
    }

    /// A secret, and how it is stored.
    fn new_webhook_secret(&self, company: &Uuid, product: &Code) -> Result<(Secret<String>, StoredSecret)> {
        let (id, now) = self.stamp()?;
        let secret = NewSecret::of(id, now, signing::new_secret()?)?;
        let stored = secret.sealed(self.keyring.seal(&secrets_place(company, product), secret.plain.expose())?);
        Ok((secret.plain, stored))
    }

    /// The secrets of a webhook, oldest first.
    pub(super) fn webhook_secrets(&self, webhook: &Webhook) -> Result<Vec<Secret<String>>> {
        let place = secrets_place(&webhook.company_uuid, &webhook.product_id);
        let open = |secret: &StoredSecret| self.keyring.open(&place, secret.value.expose()).map(Secret::new);
        webhook.secrets.iter().map(open).collect()
    }

    /// Removes the webhook of the signer's product, with its events.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn delete_webhook(&self, signer: &Signer) -> Result<()> {
        let act = caller::act(self.clock.now());
        let writes = self.plan_deletion(&act, &signer.company, &signer.product).await?;
        let is_missing = writes.is_empty();
        let once = match is_missing {
            // A call that fails leaves no record: see [`replay`](crate::hris::replay).
            true => self.write_part(signer, writes).await?,
            false => self.write_once(signer, &(), writes).await?,
        };
        match once {
            Once::Before(()) => Ok(()),
            Once::Written if is_missing => Err(Error::missing("webhook")),
            Once::Written => Ok(()),
            Once::Rejected(_) => Err(Error::internal("DynamoDB rejected a removal without a condition")),
        }
    }

    /// The same by staff.
    pub async fn delete_webhook_by(&self, act: &Act, company: &Uuid, product: &Code) -> Result<()> {
        let writes = self.plan_deletion(act, company, product).await?;
        if writes.is_empty() {
            return Err(Error::missing("webhook"));
        }
        self.store.transact(writes).await.map(drop)
    }

    /// The writes that remove a webhook; none if it does not exist.
    async fn plan_deletion(&self, act: &Act, company: &Uuid, product: &Code) -> Result<Vec<Write>> {
        let Some((webhook, _)) = self.stored_webhook(company, product).await? else { return Ok(Vec::new()) };
        let recorded = audit::Change::of(object(company, product)).fields(&["deleted"]);
        Ok(vec![
            Write::Delete { table: self.tables.hris.clone(), key: webhook_key(company, product), condition: None },
            self.store.recording(act, &recorded)?,
            self.notice(company, &Change::Closed { webhook: webhook.id })?,
        ])
    }

    pub(super) fn read_webhook(&self, mut item: Item) -> Result<Webhook> {
        let key = Key::of(&item).ok_or_else(|| Error::internal("a webhook without a key"))?;
        sealed::open(&self.keyring, &key, &SEALED, &mut item)?;
        serde_dynamo::from_item(item).map_err(Error::internal)
    }

    pub(super) fn webhook_item(&self, webhook: &Webhook) -> Result<Item> {
        let key = webhook_key(&webhook.company_uuid, &webhook.product_id);
        let mut item: Item = serde_dynamo::to_item(webhook).map_err(Error::internal)?;
        item.extend(key.clone().into_item());
        let place = RecordId::parse(&webhook.id).map_err(Error::internal)?;
        listing::enter(&mut item, WEBHOOKS, &webhook.company_uuid, webhook.created_at, &place);
        sealed::seal(&self.keyring, &key, &SEALED, &mut item)?;
        Ok(item)
    }
}

/// The place that the secrets of a webhook are bound to.
pub(in crate::hris) fn secrets_place(company: &Uuid, product: &Code) -> String {
    format!("{WEBHOOK}/{company}/{product}/secret")
}

/// A webhook in audit records.
pub(super) fn object(company: &Uuid, product: &Code) -> Object {
    Object::new("hris", WEBHOOK, &[company.as_str(), product.as_str()])
}

fn why_not_put(rejections: &[Rejection]) -> Error {
    match rejections.first() {
        Some(access_key) if access_key.failed => Error::missing("product_id"),
        _ => Error::conflict(Fault::new("webhook", "was changed at the same time")),
    }
}
