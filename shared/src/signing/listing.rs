//! The lists that staff read, page by page behind a cursor: applications, by the time of their submission, and what a platform offers, with
//! what is disabled.

use futures::future::try_join_all;
use jiff::Timestamp;

use super::Service;
use super::dictionaries::Entry;
use super::directory::{Listed as Kind, Platform};
use super::item::{application_from_item, name_codes};
use super::keys::{PLATFORMS, company_partition, dictionary_partition, listed_partition, place, place_from, state_partition};
use super::states::{Application, State};
use super::values::{Number, PlatformCode};
use crate::error::{Error, Result};
use crate::storage::listing::{Listed, PageOf, listed_items};
use crate::storage::person::{Wanted, records_of};
use crate::storage::sealed::BY_NAME;
use crate::storage::table::attribute::read_text;
use crate::storage::table::{Item, Key, Order, Query, Range};
use crate::values::normal::is_same_text;
use crate::values::{Secret, Text};

/// The most rounds of reads for a page. If the filter rejects most applications, the page is short or even empty, and its cursor continues
/// after those that were read.
const ROUNDS: u32 = 5;
/// How many applications a round reads after the first one, which reads as many as the page has.
const ROUND: u32 = 100;
const STATES: [State; 5] = [State::Applied, State::Approved, State::Signed, State::Rejected, State::Cancelled];

/// Which applications are listed: those for which all that is given holds.
#[derive(Default)]
pub struct Filter {
    pub state: Option<State>,
    pub company: Option<Number>,
    pub handler: Option<Number>,
    /// Submitted at this time or later.
    pub from: Option<Timestamp>,
    /// Submitted before this time.
    pub until: Option<Timestamp>,
    pub person: Option<Person>,
}

/// The worker, by the whole value.
pub enum Person {
    Name(Text<1, 64>),
    Phone(Secret<String>),
    IdNumber(Secret<String>),
}

/// A dictionary of a platform.
pub struct Dictionary {
    pub name: String,
    pub entries: Vec<Entry>,
}

/// A partition of an index that is read.
struct Source {
    index: &'static str,
    partition: String,
}

/// The places that are read, both included.
struct Between {
    low: String,
    high: String,
}

impl Between {
    /// Leaves out the places before this one.
    fn continue_from(&mut self, from: Option<String>, order: Order) {
        match (from, order) {
            (Some(from), Order::Ascending) => self.low = from,
            (Some(from), Order::Descending) => self.high = from,
            (None, _) => {}
        }
    }
}

impl Filter {
    fn is_met(&self, Application { resume, signing, .. }: &Application) -> bool {
        let at = signing.apply_time.as_second();
        self.state.is_none_or(|state| signing.state == state)
            && self.company.is_none_or(|company| resume.company_id == company)
            && self.handler.is_none_or(|handler| resume.ad_user_id == handler)
            && self.from.is_none_or(|from| at >= from.as_second())
            && self.until.is_none_or(|until| at < until.as_second())
            && match &self.person {
                Some(Person::Name(name)) => is_same_text(name.as_str(), resume.real_name.as_str()),
                // The index is exact.
                Some(Person::Phone(_) | Person::IdNumber(_)) | None => true,
            }
    }

    /// The name of the list in its cursors, which are sealed.
    fn scope(&self, platform: &PlatformCode) -> String {
        let number = |number: Option<Number>| number.map(Number::get);
        let (company, handler) = (number(self.company), number(self.handler));
        let (from, until) = (self.from.map(Timestamp::as_second), self.until.map(Timestamp::as_second));
        let person = match &self.person {
            Some(Person::Name(name)) => format!("name {}", name.as_str()),
            Some(Person::Phone(phone)) => format!("phone {}", phone.expose()),
            Some(Person::IdNumber(number)) => format!("id_number {}", number.expose()),
            None => String::new(),
        };
        format!("{platform}/applications/{:?}/{company:?}/{handler:?}/{from:?}/{until:?}/{person}", self.state.map(u8::from))
    }
}

/// The place next to this one, which comes after it in this order.
fn next_to(place: &str, order: Order) -> Result<String> {
    let invalid = || Error::internal("a place that does not end with a number");
    let (front, number) = place.len().checked_sub(16).and_then(|at| place.split_at_checked(at)).ok_or_else(invalid)?;
    let number: u64 = number.parse().map_err(Error::internal)?;
    let next = match order {
        Order::Ascending => number.saturating_add(1),
        Order::Descending => number.saturating_sub(1),
    };
    Ok(format!("{front}{next:016}"))
}

impl Service {
    /// A page of the applications of a platform by the time of their submission.
    ///
    /// DynamoDB: one query and one batch; without a state five queries, one for each. For a name one query for each listed key instead. A
    /// filter by handler, or by more than name and time, rejects records after the read: up to five such rounds, of a hundred applications
    /// after the first. For a phone or an identity number: one query for each listed key, and one batch of all records with it.
    pub async fn list_applications(
        &self,
        platform: &PlatformCode,
        filter: &Filter,
        page: &PageOf<'_>,
    ) -> Result<Listed<Application>> {
        let scope = filter.scope(platform);
        let after = page.position(&self.keyring, &scope)?;
        let from = after.map(|place| next_to(&place, page.order)).transpose()?;
        let (list, last) = match &filter.person {
            Some(Person::Phone(phone)) => {
                self.applications_of(platform, filter, &Wanted::Phone(phone.clone()), page, from).await?
            }
            Some(Person::IdNumber(number)) => {
                self.applications_of(platform, filter, &Wanted::IdNumber(number.clone()), page, from).await?
            }
            Some(Person::Name(_)) | None => self.walk(platform, filter, page, from).await?,
        };
        page.listed(&self.keyring, &scope, list, last)
    }

    /// The applications from a place on, and the place of the last one that was read, if more follow.
    async fn walk(
        &self,
        platform: &PlatformCode,
        filter: &Filter,
        &PageOf { size, order, .. }: &PageOf<'_>,
        from: Option<String>,
    ) -> Result<(Vec<Application>, Option<String>)> {
        let sources = self.sources(platform, filter)?;
        let low = place_from(filter.from.map_or(0, Timestamp::as_second));
        // Behind every digit, if there is no end.
        let high = filter.until.map_or_else(|| "~".to_owned(), |until| place_from(until.as_second()));
        let mut rest = Between { low, high };
        rest.continue_from(from, order);
        let mut list = Vec::new();
        for round in 0..ROUNDS {
            let step = if round == 0 { size } else { ROUND } as usize;
            let mut entries = self.entries(&sources, &rest, order, step + 1).await?;
            let is_more = entries.len() > step;
            entries.truncate(step);
            let Some((last, _)) = entries.last().cloned() else { return Ok((list, None)) };
            let keys = entries.iter().map(|(_, key)| key.clone()).collect();
            let mut found = self.store.get_map(&self.tables.signing, keys).await?;
            for (place, key) in entries {
                let Some(item) = found.remove(&key) else { continue };
                let application = application_from_item(&self.keyring, item)?;
                if filter.is_met(&application) {
                    list.push(application);
                }
                if list.len() == size as usize {
                    let follows = is_more || place != last;
                    return Ok((list, follows.then_some(place)));
                }
            }
            if !is_more {
                return Ok((list, None));
            }
            rest.continue_from(Some(next_to(&last, order)?), order);
            if round + 1 == ROUNDS {
                return Ok((list, Some(last)));
            }
        }
        Ok((list, None))
    }

    /// The parts of indexes that hold what the filter lists.
    fn sources(&self, platform: &PlatformCode, filter: &Filter) -> Result<Vec<Source>> {
        if let Some(Person::Name(name)) = &filter.person {
            let codes = name_codes(&self.keyring, platform, name.as_str())?;
            return Ok(codes.into_iter().map(|partition| Source { index: BY_NAME, partition }).collect());
        }
        let of_state = |state: State| match filter.company {
            Some(company) => Source { index: "ix2", partition: company_partition(platform, company, state) },
            None => Source { index: "ix1", partition: state_partition(platform, state) },
        };
        Ok(filter.state.map_or_else(|| STATES.map(of_state).into(), |state| vec![of_state(state)]))
    }

    /// The first entries of all sources between two places, each record once, at most `most`.
    async fn entries(
        &self,
        sources: &[Source],
        Between { low, high }: &Between,
        order: Order,
        most: usize,
    ) -> Result<Vec<(String, Key)>> {
        if low > high {
            return Ok(Vec::new());
        }
        let limit = i32::try_from(most).unwrap_or(i32::MAX);
        let read = sources.iter().map(async |Source { index, partition }| {
            let (partition, range) = (partition.clone(), Range::Between(low.clone(), high.clone()));
            let query = Query { index, partition, range, order, filter: None };
            self.store.query(&self.tables.signing, &query, None, Some(limit)).await
        });
        let mut entries = Vec::new();
        for (items, _) in try_join_all(read).await? {
            for item in items {
                entries.push((
                    read_text(&item, "ixsk")?,
                    Key::of(&item).ok_or_else(|| Error::internal("an entry without a key"))?,
                ));
            }
        }
        entries.sort_unstable();
        if order == Order::Descending {
            entries.reverse();
        }
        // While an index follows a move, it may list the record in both states.
        entries.dedup();
        entries.truncate(most);
        Ok(entries)
    }

    /// The applications among all records with a phone or an identity number, which are few.
    async fn applications_of(
        &self,
        platform: &PlatformCode,
        filter: &Filter,
        wanted: &Wanted,
        &PageOf { size, order, .. }: &PageOf<'_>,
        from: Option<String>,
    ) -> Result<(Vec<Application>, Option<String>)> {
        let records = records_of(&self.store, &self.keyring, &self.tables.signing, wanted).await?;
        let workers = format!("{platform}#worker#");
        let is_own = |item: &Item| Key::of(item).is_some_and(|key| key.sk == "application" && key.pk.starts_with(&workers));
        let own = records.into_iter().filter(is_own).map(|item| application_from_item(&self.keyring, item));
        let mut list: Vec<Application> = own.collect::<Result<_>>()?;
        let is_before = |place: &String, from: &String| if order == Order::Ascending { place < from } else { place > from };
        list.retain(|application| {
            filter.is_met(application) && !from.as_ref().is_some_and(|from| is_before(&place(&application.signing), from))
        });
        list.sort_by_cached_key(|application| place(&application.signing));
        if order == Order::Descending {
            list.reverse();
        }
        let is_more = list.len() > size as usize;
        list.truncate(size as usize);
        let last = list.last().filter(|_| is_more).map(|application| place(&application.signing));
        Ok((list, last))
    }

    /// A page of the companies, handlers or contracts of a platform by id.
    ///
    /// DynamoDB: one query.
    pub async fn list_all<T: Kind>(&self, platform: &PlatformCode, page: &PageOf<'_>) -> Result<Listed<T>> {
        let listed = self.partition_page(listed_partition(platform, T::KIND), page).await?;
        listed.try_map(|item| self.read_listed(item))
    }

    /// A page of the dictionaries of a platform by name. The seeded ones are not among them.
    ///
    /// DynamoDB: one query.
    pub async fn list_dictionaries(&self, platform: &PlatformCode, page: &PageOf<'_>) -> Result<Listed<Dictionary>> {
        let listed = self.partition_page(dictionary_partition(platform), page).await?;
        listed.try_map(|mut item| {
            let entries = item.remove("entries").ok_or_else(|| Error::internal("a dictionary without entries"))?;
            let entries = serde_dynamo::from_attribute_value(entries).map_err(Error::internal)?;
            Ok(Dictionary { name: read_text(&item, "sk")?, entries })
        })
    }

    /// A page of the platforms by code.
    ///
    /// DynamoDB: one query, one batch.
    pub async fn list_platforms(&self, page: &PageOf<'_>) -> Result<Listed<Platform>> {
        let table = &self.tables.signing;
        let listed = listed_items(&self.store, &self.keyring, table, "ix1", PLATFORMS.to_owned(), page).await?;
        listed.try_map(Platform::from_item)
    }

    /// A page of a partition of the table, which is also the scope of its cursors.
    async fn partition_page(&self, partition: String, page: &PageOf<'_>) -> Result<Listed<Item>> {
        let after = page.position(&self.keyring, &partition)?;
        let read =
            self.store.partition_page(&self.tables.signing, &partition, None, after.as_deref(), page.order, page.limit());
        let (list, last) = read.await?;
        page.listed(&self.keyring, &partition, list, last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_end_with_a_number_and_those_next_to_them_with_the_numbers_next_to_it() {
        for (place, before, after) in [
            ("001705314600#0376295991951886", "001705314600#0376295991951885", "001705314600#0376295991951887"),
            ("001705314600#0000000000000001", "001705314600#0000000000000000", "001705314600#0000000000000002"),
            // As earlier versions stored them.
            ("0376295991951886", "0376295991951885", "0376295991951887"),
        ] {
            assert_eq!(next_to(place, Order::Descending).unwrap(), before);
            assert_eq!(next_to(place, Order::Ascending).unwrap(), after);
        }
        for order in [Order::Ascending, Order::Descending] {
            assert!(next_to("376", order).is_err() && next_to("001705314600#workernotanumber", order).is_err());
        }
    }
}
