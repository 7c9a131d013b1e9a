mod byte_order_mark;
mod jobboard;
mod numbers;
mod pasted;
mod round_trip;
mod signing;
mod v1;
mod v2;
