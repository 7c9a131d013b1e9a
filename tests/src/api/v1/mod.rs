mod applications;
mod auth;
mod authorization;
mod bad_address;
mod bad_input;
mod changes;
mod companies;
mod concurrency;
mod ending;
mod lists;
mod paging;
mod payments;
mod sealed;
mod tasks;
mod times;
mod uploads;
mod users;

use jiff::SignedDuration;

/// `updated_after` lists a change this long after it was made.
const SETTLED_AFTER: SignedDuration = SignedDuration::from_secs(15);
