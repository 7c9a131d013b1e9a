//! What is deployed to AWS: the template, the policies, and the events that invoke functions.

mod events;
mod policies;
mod template;
