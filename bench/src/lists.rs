//! The cost of a page as its list grows: the first and a deep page, by number and by cursor.

use std::ops::RangeFrom;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use shared::crypto::keyring::Keyring;
use shared::runtime::clock::{Clock as _, SystemClock};
use shared::runtime::environment::Environment;
use shared::storage::sealed::{self, SEALED};
use shared::storage::table::{CHANGED, Key};

use crate::place::Place;
use crate::{Failure, say};
use bench::callers::Callers;

pub const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
/// Rows of a page.
pub const PAGE: usize = 50;
/// The number of requests per page. No more requests start after `PATIENCE`.
const TIMES: usize = 20;
const PATIENCE: Duration = Duration::from_secs(10);

/// A list, filled with copies of a record that the system has stored.
pub struct List {
    /// Method and path. A name in braces is an attribute of the record.
    pub name: &'static str,
    pub reader: Reads,
    pub table: &'static str,
    /// The kind of the record: the beginning or end of its partition key, or its sort key.
    pub image: &'static str,
    /// The attributes that identify the record. Each copy has other values, with a counter in the last digits.
    pub own: &'static [&'static str],
    /// The status of one in [`RARE`] copies, which a filter selects.
    pub rare: Option<&'static str>,
}

/// The client of a list, which decides the form of the request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    Partner,
    Product,
    Merchant,
    JobSeeker,
}

/// The ids of the job board that are made in a millisecond, and those of five hours.
const MILLISECOND: u64 = 1 << 12;
const AGE: u64 = 5 * 3_600_000 * MILLISECOND;

/// One copy in this many has the rare status.
pub const RARE: usize = 400;

pub const EMPLOYEES: List = List {
    name: "GET /api/v2/employees",
    reader: Reads::Product,
    table: "hris",
    image: "employee",
    own: &["uuid", "empno"],
    rare: None,
};

pub const JOBS: List =
    List { name: "POST /jobs/my", reader: Reads::Merchant, table: "jobboard", image: "job", own: &["id"], rare: None };

const CONTACTS: List = List {
    name: "POST /contact_history/out",
    reader: Reads::JobSeeker,
    table: "jobboard",
    image: "contact",
    own: &["ixsk"],
    rare: None,
};

/// Those of the partner API have a section of their own (`partner.rs`).
const LISTS: [List; 7] = [
    EMPLOYEES,
    List { name: "GET /api/v2/departments/{department_uuid}/employees", ..EMPLOYEES },
    List { name: "GET /api/v2/sub_companies/{sub_company_uuid}/employees", ..EMPLOYEES },
    List {
        name: "GET /api/v2/recruitments/candidates",
        reader: Reads::Product,
        table: "hris",
        image: "candidate",
        own: &["uuid"],
        rare: None,
    },
    JOBS,
    CONTACTS,
    List { name: "POST /contact_history/in", reader: Reads::Merchant, ..CONTACTS },
];

/// Further attributes that contain the identifying values: the keys of the record and of its entry in an index.
const PLACES: [&str; 4] = ["pk", "sk", "ixsk", "record"];

/// The cost of one page.
#[derive(Clone)]
pub struct Cost {
    pub calls: usize,
    /// Read capacity units.
    pub units: f64,
    pub times: Vec<Duration>,
}

/// One list at one size.
pub struct Measured {
    pub list: &'static str,
    pub records: usize,
    pub first: Cost,
    pub last: Cost,
    /// The last but one page.
    pub cursor: Cost,
}

pub async fn measure() -> Result<Vec<Measured>, Failure> {
    let mut measured = Vec::new();
    for list in &LISTS {
        let place = Place::open().await?;
        let reader = Reader::of(&place, list).await?;
        let sealed = Sealed::of(&place, list.table, &reader.image).await?;
        let mut numbers = reader.total().await?..;
        for records in SIZES {
            say(&format!("lists: {} at {records}", list.name));
            reader.fill(records, &mut numbers, |copy| sealed.seal(copy)).await?;
            let pages = records / PAGE;
            let first = reader.cost(&Page::Number(1)).await?;
            let last = reader.cost(&Page::Number(pages)).await?;
            let behind = reader.cursor_after(&Page::Number(pages - 2)).await?;
            let cursor = reader.cost(&Page::Cursor(behind)).await?;
            measured.push(Measured { list: list.name, records, first, last, cursor });
        }
    }
    Ok(measured)
}

pub enum Page {
    Number(usize),
    NumberWith(&'static str, usize),
    Cursor(String),
    /// The first record of this status.
    FirstWith(&'static str),
    CursorWith(&'static str, String),
    /// What has changed since this time.
    Since(String),
}

pub struct Reader<'a> {
    place: &'a Place,
    list: &'static List,
    pub callers: Callers,
    merchant: String,
    /// The record that is copied.
    pub image: Value,
}

impl<'a> Reader<'a> {
    pub async fn of(place: &'a Place, list: &'static List) -> Result<Self, Failure> {
        let callers = Callers::of(&place.world).await?;
        let demo = place.world.demo.as_ref().and_then(|demo| demo.jobboard.as_ref()).ok_or("no demo")?;
        let merchant = callers.log_in(&demo.merchant_code).await?;
        for name in ["users", "companies", "tasks", "applications", "payments"] {
            callers.push(name).await?;
        }
        let seeker = [("authorization", callers.values["jobboard_token"].as_str())];
        callers.post("/contact_voucher/cost", &seeker, &callers.body("jobboard-vouchers.cost")?).await?;
        let image = image(place, list).await?;
        Ok(Self { place, list, callers, merchant, image })
    }

    pub async fn total(&self) -> Result<usize, Failure> {
        let response = self.first().await?;
        let total = response["data"]["total"].as_u64().or_else(|| response["totalCount"].as_u64());
        Ok(usize::try_from(total.ok_or_else(|| format!("no total in {response}"))?)?)
    }

    /// Adds copies until the list has this many records. `form` gives a copy the form in which it is stored.
    pub async fn fill(
        &self,
        records: usize,
        numbers: &mut RangeFrom<usize>,
        form: impl Fn(Value) -> Result<Value, Failure>,
    ) -> Result<(), Failure> {
        let mut filled = self.total().await?;
        // A copy may overwrite a record of the demo, so the number of records is checked after the import.
        while filled < records {
            let mut missing = numbers.by_ref().take(records - filled);
            self.place.import(self.list.table, |size| {
                missing.by_ref().take(size).map(|number| form(copy(&self.image, self.list, number)?)).collect()
            })?;
            filled = self.total().await?;
        }
        match filled == records {
            true => Ok(()),
            false => Err(format!("{} has {filled} records instead of {records}", self.list.name).into()),
        }
    }

    /// The cursor of the page after this one.
    pub async fn cursor_after(&self, page: &Page) -> Result<String, Failure> {
        let response = self.read(page).await?;
        let next = response["data"]["next_cursor"].as_str().or_else(|| response["nextCursor"].as_str());
        Ok(next.ok_or_else(|| format!("no cursor in {response}"))?.to_owned())
    }

    pub async fn cost(&self, page: &Page) -> Result<Cost, Failure> {
        // The first request fills the caches of credentials, which are not part of the page.
        self.read(page).await?;
        self.place.wire.take();
        self.read(page).await?;
        let calls = self.place.wire.take();
        let mut times = Vec::with_capacity(TIMES);
        let all = Instant::now();
        while times.is_empty() || times.len() < TIMES && all.elapsed() < PATIENCE {
            let begun = Instant::now();
            self.read(page).await?;
            times.push(begun.elapsed());
        }
        Ok(Cost { calls: calls.len(), units: calls.iter().map(|call| call.units).sum(), times })
    }

    /// The first page.
    pub async fn first(&self) -> Result<Value, Failure> {
        self.read(&Page::Number(1)).await
    }

    async fn read(&self, page: &Page) -> Result<Value, Failure> {
        let (method, path) = self.list.name.split_once(' ').ok_or("no method")?;
        let method: Method = method.parse()?;
        let (status, _, response) = match self.list.reader {
            Reads::Partner => {
                let page = match page {
                    Page::Number(number) => format!("page_size={PAGE}&page={number}"),
                    Page::NumberWith(status, number) => format!("page_size={PAGE}&page={number}&status={status}"),
                    Page::Since(time) => format!("page_size={PAGE}&updated_after={time}"),
                    Page::Cursor(cursor) => format!("page_size={PAGE}&cursor={cursor}"),
                    Page::FirstWith(status) => format!("page_size=1&status={status}"),
                    Page::CursorWith(status, cursor) => format!("page_size={PAGE}&status={status}&cursor={cursor}"),
                };
                let bearer = format!("Bearer {}", self.callers.values["access_token"]);
                self.callers.send(method, &format!("{path}?{page}"), &[("authorization", &bearer)], None).await?
            }
            Reads::Product => {
                let pagination = match page {
                    Page::Number(number) => json!({"page": number, "page_size": PAGE}),
                    Page::Cursor(cursor) => json!({"cursor": cursor, "page_size": PAGE}),
                    _ => return Err("this list has no such page".into()),
                };
                let path = match path.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?))) {
                    Some((before, (name, behind))) => {
                        format!("{before}{}{behind}", self.image[name]["S"].as_str().ok_or("the record has no such attribute")?)
                    }
                    None => path.to_owned(),
                };
                let payload = json!({"token": self.callers.values["token"], "pagination": pagination}).to_string();
                // Lists of applicants need the consent of an employee.
                let access_token = &self.callers.values["hris_access_token"];
                let query = [("access_token", access_token), ("payload", &payload)];
                let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
                self.callers.send(method, &format!("{path}?{query}"), &[], None).await?
            }
            Reads::Merchant | Reads::JobSeeker => {
                let body = match page {
                    Page::Number(number) => json!({"biz_type": 1, "page_num": number, "page_size": PAGE}),
                    Page::Cursor(cursor) => json!({"biz_type": 1, "cursor": cursor, "page_size": PAGE}),
                    _ => return Err("this list has no such page".into()),
                };
                let is_merchant = self.list.reader == Reads::Merchant;
                let token = if is_merchant { &self.merchant } else { &self.callers.values["jobboard_token"] };
                self.callers.send(method, path, &[("authorization", token)], Some(&body)).await?
            }
        };
        if status == 200 { Ok(response) } else { Err(format!("{}: {status} {response}", self.list.name).into()) }
    }
}

/// Finds the record that is copied.
async fn image(place: &Place, list: &List) -> Result<Value, Failure> {
    let kind = list.image;
    let is_one = |item: &Value| {
        let key = item["pk"]["S"].as_str().unwrap_or_default();
        let is_company = !key.starts_with('b') && key.ends_with(&format!("#{kind}"));
        item["sk"]["S"] == kind || is_company || key.starts_with(&format!("{kind}#"))
    };
    let items = place.items(list.table).await?;
    let found = items.into_iter().filter(|item| list.own.iter().all(|name| item.get(*name).is_some()));
    found.rev().find(is_one).ok_or_else(|| format!("no {kind} to copy").into())
}

/// A copy of the record with its own identifying values.
pub fn copy(image: &Value, list: &List, number: usize) -> Result<Value, Failure> {
    let mut copy = image.clone();
    for name in list.own {
        let own = image[*name]["S"].as_str().or_else(|| image[*name]["N"].as_str()).ok_or("no identifying value")?;
        let another = match own.parse::<u64>() {
            // The later the number, the newer the copy. All are hours old, so that the list has milestones.
            Ok(id) if list.table == "jobboard" => {
                format!("{:0width$}", id - AGE + number as u64 * MILLISECOND, width = own.len())
            }
            // The record has no 7 at this place, so a copy never equals it.
            _ => {
                let another = format!("7{number:06}");
                let (kept, _) = own.split_at(own.len().saturating_sub(another.len()));
                format!("{kept}{another}")
            }
        };
        for (_, value) in
            members(&mut copy).filter(|(name, _)| PLACES.contains(&name.as_str()) || list.own.contains(&name.as_str()))
        {
            for (_, value) in members(value) {
                *value = value.as_str().unwrap_or_default().replace(own, &another).into();
            }
        }
    }
    if let (Some(status), true) = (list.rare, number.is_multiple_of(RARE)) {
        copy["status"] = json!({"S": status});
    }
    if let Some(place) = copy["ixsk"]["S"].as_str().filter(|_| image.get(CHANGED).is_some()) {
        // A process expects that changes come in their order.
        copy[CHANGED] = json!({"S": format!("{:015}#{place}", SystemClock.now().as_millisecond())});
    }
    Ok(copy)
}

fn members(value: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    value.as_object_mut().into_iter().flatten()
}

/// The sealed attributes of the record that is copied, which each copy seals for its own place.
pub struct Sealed {
    keyring: Keyring,
    plain: Option<String>,
}

impl Sealed {
    pub async fn of(place: &Place, table: &str, image: &Value) -> Result<Self, Failure> {
        let environment = Environment::new(place.variables.clone(), Arc::new(SystemClock));
        let secret = format!("{}_SECRET", table.to_uppercase());
        let keyring = environment.keyring(environment.required(&secret)?).await?;
        let sealed = image[SEALED]["S"].as_str();
        let plain = sealed.map(|sealed| keyring.open(&sealed::place(&key(image), SEALED), sealed)).transpose()?;
        Ok(Self { keyring, plain })
    }

    pub fn seal(&self, mut copy: Value) -> Result<Value, Failure> {
        if let Some(plain) = &self.plain {
            copy[SEALED]["S"] = self.keyring.seal(&sealed::place(&key(&copy), SEALED), plain)?.into();
        }
        Ok(copy)
    }

    /// The copy with the attributes in plain, as records were stored before they were sealed.
    pub fn unseal(&self, mut copy: Value) -> Result<Value, Failure> {
        let mut plain: Value = serde_json::from_str(self.plain.as_deref().ok_or("the record has nothing sealed")?)?;
        let attributes = copy.as_object_mut().ok_or("no record")?;
        attributes.retain(|name, _| ![SEALED, sealed::BY_PHONE, sealed::BY_ID_NUMBER].contains(&name.as_str()));
        attributes.append(plain["M"].as_object_mut().ok_or("no attributes")?);
        Ok(copy)
    }
}

fn key(item: &Value) -> Key {
    let text = |name: &str| item[name]["S"].as_str().unwrap_or_default();
    Key::new(text("pk"), text("sk"))
}
