//! What AWS gets: the template, and the events that the functions are invoked with.

mod events;
mod policies;
mod template;
