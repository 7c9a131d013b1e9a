//! What is deployed to AWS: the template, the policies, and the events that invoke functions.

mod domain;
mod events;
mod paths;
mod policies;
mod roll_out;
mod template;
