//! The services of all families, for commands that work on each of them.

use shared::{channel, hris, jobboard, signing, staff};

pub struct Families<'a> {
    pub channel: &'a channel::Service,
    pub hris: &'a hris::Service,
    pub signing: &'a signing::Service,
    pub jobboard: &'a jobboard::Service,
    pub staff: &'a staff::Service,
}
