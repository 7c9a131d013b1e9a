//! The commands that show what partners pushed: the records of a channel, and one with its history. What is sealed is masked.

use deserr::Deserr;
use serde::Serialize;
use serde_json::{Value, json};
use shared::channel::applications::Application;
use shared::channel::choices::{ApplicationStatus, PaymentStatus, PaymentType, TaskStatus};
use shared::channel::companies::Company;
use shared::channel::payments::Payment;
use shared::channel::tasks::Task;
use shared::channel::users::User;
use shared::channel::{ChannelId, Filter, Record, Resource, Service, period};
use shared::error::{Error, Fault, Result};
use shared::staff::roles::Role;
use shared::storage::audit::{self, AuditLog, Object};
use shared::storage::listing::{Listed, Order};
use shared::storage::masked::masked;
use shared::values::input::Faults;
use shared::values::mask::Sight;
use shared::values::{Moment, Money, PeriodEnd, PeriodStart, RecordId, Span, Text};

use crate::audit::view as view_recorded;
use crate::command::{Command, run};
use crate::listing::{Direction, Limit, page, page_of};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[
    Command::reads("list_records", "Lists the records of a channel by the filters of the partner API, the newest first", |admin, by, fields| {
        run(fields, |read| list_records(&admin.channel, by.sight, read))
    })
    .by(&[Role::Admin, Role::Auditor])
    .fields(
        "appkey kind channel_user_id? channel_company_id? channel_task_id? channel_application_id? payment_type? status? start_date? end_date? updated_after? limit? order? cursor?",
        r#"{"appkey": "channel_001", "kind": "payments", "status": "completed", "start_date": "2026-11-01", "end_date": "2026-11-30"}"#,
    )
    .sorted(Order::Descending),
    Command::reads("show_record", "Shows a record of a channel, its version, and who changed it", |admin, _, fields| {
        run(fields, |read| show_record(&admin.channel, &admin.audit, read))
    })
    .by(&[Role::Admin, Role::Auditor])
    .fields("appkey kind id", r#"{"appkey": "channel_001", "kind": "users", "id": "U20240101001"}"#),
];

/// The most audit records of a history.
const HISTORY: usize = 100;

#[derive(Clone, Copy, Deserr)]
#[deserr(error = Faults, rename_all = lowercase)]
enum Kind {
    Users,
    Companies,
    Tasks,
    Applications,
    Payments,
}

/// The filters of the lists of the partner API. Each kind has those of its list; users and companies, which partners cannot list, have
/// `updated_after`.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct ListRecords {
    appkey: ChannelId,
    kind: Kind,
    #[deserr(default)]
    channel_user_id: Option<RecordId>,
    #[deserr(default)]
    channel_company_id: Option<RecordId>,
    #[deserr(default)]
    channel_task_id: Option<RecordId>,
    #[deserr(default)]
    channel_application_id: Option<RecordId>,
    #[deserr(default)]
    payment_type: Option<PaymentType>,
    #[deserr(default)]
    status: Option<Text<1, 64>>,
    #[deserr(default)]
    start_date: Option<PeriodStart>,
    #[deserr(default)]
    end_date: Option<PeriodEnd>,
    #[deserr(default)]
    updated_after: Option<Moment>,
    #[deserr(default)]
    limit: Limit,
    #[deserr(default)]
    cursor: Option<Text<1, 1024>>,
    #[deserr(default)]
    order: Option<Direction>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct NamedRecord {
    appkey: ChannelId,
    kind: Kind,
    /// The partner's id.
    id: RecordId,
}

async fn list_records(service: &Service, sight: Sight, list: ListRecords) -> Result<Value> {
    let (kind, channel) = (list.kind, list.appkey.clone());
    let (limit, cursor) = (Limit(list.limit.0), list.cursor.clone());
    let page = page_of(&limit, cursor.as_ref(), list.order, Order::Descending);
    let filter = list.filter()?;
    match kind {
        Kind::Users => listed(service.list_records::<User>(&channel, &filter, &page).await?, sight),
        Kind::Companies => listed(service.list_records::<Company>(&channel, &filter, &page).await?, sight),
        Kind::Tasks => listed(service.list_records::<Task>(&channel, &filter, &page).await?, sight),
        Kind::Applications => listed(service.list_records::<Application>(&channel, &filter, &page).await?, sight),
        Kind::Payments => listed(service.list_records::<Payment>(&channel, &filter, &page).await?, sight),
    }
}

fn listed<T: Shown>(records: Listed<Record<T>>, sight: Sight) -> Result<Value> {
    let view = |record: Record<T>| {
        let mut view = view(&record)?;
        T::shorten(&mut view, sight);
        Ok(view)
    };
    Ok(page("records", records.try_map(view)?, |view| view))
}

/// A record with its version and its history: the audit records that name it, the newest first. What the partner itself sent has no audit
/// record; of it the version and `updated_at` tell.
async fn show_record(service: &Service, audit: &AuditLog, NamedRecord { appkey, kind, id }: NamedRecord) -> Result<Value> {
    let (kind, record) = match kind {
        Kind::Users => shown::<User>(service, &appkey, &id).await?,
        Kind::Companies => shown::<Company>(service, &appkey, &id).await?,
        Kind::Tasks => shown::<Task>(service, &appkey, &id).await?,
        Kind::Applications => shown::<Application>(service, &appkey, &id).await?,
        Kind::Payments => shown::<Payment>(service, &appkey, &id).await?,
    };
    let object = Object::new("channel", kind, &[appkey.as_str(), id.as_str()]);
    let recorded = audit.list(&audit::Filter::Object(object.as_str().to_owned()), HISTORY, None, Order::Descending).await?;
    let history: Vec<Value> = recorded.into_iter().map(view_recorded).collect::<Result<_>>()?;
    Ok(json!({"record": record, "history": history}))
}

async fn shown<T: Shown>(service: &Service, channel: &ChannelId, id: &RecordId) -> Result<(&'static str, Value)> {
    let record = service.find::<T>(channel, id).await?.ok_or_else(|| Error::missing("id"))?;
    Ok((T::KIND, view(&record)?))
}

fn view<T: Shown>(record: &Record<T>) -> Result<Value> {
    let mut view = masked(&record.content, &T::SEALED)?;
    record.content.write_numbers(&mut view);
    view["id"] = record.content.id().as_str().into();
    view["server_id"] = record.server_id.to_string().into();
    view["created_at"] = json!(record.created_at());
    view["updated_at"] = json!(record.updated_at());
    view["version"] = record.version.into();
    Ok(view)
}

/// What the kinds show in a way of their own.
trait Shown: Resource {
    /// Amounts are stored in fen and hours as text. Both are shown as the document has them.
    fn write_numbers(&self, _view: &mut Value) {}

    /// Masks what lists do not show of workers.
    fn shorten(_view: &mut Value, _sight: Sight) {}
}

#[derive(Serialize)]
struct Hours(#[serde(serialize_with = "Span::as_number")] Option<Span>);

#[derive(Serialize)]
struct Yuan(#[serde(serialize_with = "Money::as_yuan")] Money);

impl Shown for User {
    fn shorten(view: &mut Value, sight: Sight) {
        view["name"] = view["name"].as_str().map(|name| sight.name(name)).into();
    }
}

impl Shown for Company {
    fn write_numbers(&self, view: &mut Value) {
        let Some(license) = &self.business_license else { return };
        for (name, amount) in
            [("registration_capital", license.registration_capital), ("paid_in_capital", license.paid_in_capital)]
        {
            if let Some(amount) = amount {
                view["business_license"][name] = json!(Yuan(amount));
            }
        }
    }
}

impl Shown for Task {
    fn write_numbers(&self, view: &mut Value) {
        if let Some(salary) = &self.salary {
            view["salary"]["amount"] = json!(Yuan(salary.amount));
        }
    }
}

impl Shown for Application {}

impl Shown for Payment {
    fn write_numbers(&self, view: &mut Value) {
        view["amount"] = json!(Yuan(self.amount));
        if let hours @ Some(_) = self.payment_basis.work_hours {
            view["payment_basis"]["work_hours"] = json!(Hours(hours));
        }
    }
}

impl ListRecords {
    /// The filter that the list of the kind has in the partner API. A filter that it does not have is an error.
    fn filter(self) -> Result<Filter> {
        let Self { kind, channel_user_id, channel_company_id, channel_task_id, channel_application_id, .. } = self;
        let user = ("channel_user_id", channel_user_id);
        let company = ("channel_company_id", channel_company_id);
        let task = ("channel_task_id", channel_task_id);
        let application = ("channel_application_id", channel_application_id);
        let (parents, others) = match kind {
            Kind::Users | Kind::Companies => ([None, None], vec![user, company, task, application]),
            Kind::Tasks => ([Some(company), None], vec![user, task, application]),
            Kind::Applications => ([Some(user), Some(task)], vec![company, application]),
            Kind::Payments => ([Some(user), Some(application)], vec![company, task]),
        };
        let mut unknown: Vec<&str> = others.into_iter().filter_map(|(name, id)| id.map(|_| name)).collect();
        let has_period = matches!(kind, Kind::Applications | Kind::Payments);
        let given = [
            ("payment_type", self.payment_type.is_some() && !matches!(kind, Kind::Payments)),
            ("status", self.status.is_some() && matches!(kind, Kind::Users | Kind::Companies)),
            ("start_date", self.start_date.is_some() && !has_period),
            ("end_date", self.end_date.is_some() && !has_period),
        ];
        unknown.extend(given.iter().filter(|(_, is_unknown)| *is_unknown).map(|(name, _)| *name));
        if !unknown.is_empty() {
            return Err(Error::invalid(unknown.into_iter().map(|name| Fault::new(name, "is no filter of this kind"))));
        }
        let status = |status: &Text<1, 64>| {
            let status = match kind {
                Kind::Tasks => TaskStatus::parse(status.as_str()).map(TaskStatus::as_str),
                Kind::Applications => ApplicationStatus::parse(status.as_str()).map(ApplicationStatus::as_str),
                _ => PaymentStatus::parse(status.as_str()).map(PaymentStatus::as_str),
            };
            status.map_err(|reason| Error::invalid([Fault::new("status", reason)]))
        };
        let status = self.status.as_ref().map(status).transpose()?.map(|status| ("status", status));
        let payment_type = self.payment_type.map(|payment_type| ("payment_type", payment_type.as_str()));
        let (occurred_from, occurred_to) = period(self.start_date, self.end_date)?;
        Ok(Filter {
            parents: parents.map(|parent| parent.and_then(|(name, id)| id.map(|id| (name, id)))),
            equal: payment_type.into_iter().chain(status).collect(),
            occurred_from,
            occurred_to,
            updated_from: self.updated_after,
        })
    }
}
