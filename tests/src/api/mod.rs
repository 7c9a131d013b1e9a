mod empty;
mod jobboard;
mod media_types;
mod pasted;
mod signing;
mod v1;
mod v2;
