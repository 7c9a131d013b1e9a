//! Storage: items in DynamoDB, objects in S3, and the lists, sealed fields and rate limits that are built on items.

pub mod audit;
pub mod company_changes;
pub mod list;
pub mod listing;
pub mod masked;
pub mod milestones;
pub mod objects;
pub mod one_time_code;
pub mod page;
pub mod person;
pub mod rate_limit;
pub mod sealed;
pub mod table;
