mod jobboard;
mod signing;
mod v1;
mod v2;
