//! The commands that administer the signing API (docs/design/signing.md): platforms and their directories, the moves of applications, and the
//! sessions of workers.
//!
//! The commands that set something are idempotent.

mod applications;
mod directory;
mod sessions;

pub use applications::{approve, cancel, list_applications, reject, set_verify_status, show_application, sign};
pub use directory::{set_company, set_contract, set_dictionary, set_handler, set_platform, set_positions};
pub use sessions::end_worker_sessions;
