//! What WeChat knows of pictures that the mini programs submitted. `content_checks.rs` has the calls.

/// A picture whose result was not pushed.
pub struct Pending {
    pub appid: String,
    pub trace_id: String,
    pub media_url: String,
}
