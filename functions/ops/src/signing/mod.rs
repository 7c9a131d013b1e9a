//! The commands that administer the signing API (docs/design/signing.md): platforms and their directories, the moves of applications, and the
//! sessions of workers.
//!
//! The commands that set something are idempotent.

pub mod applications;
pub mod directory;
pub mod lists;
pub mod scope;
pub mod sessions;
mod views;
