mod byte_order_mark;
mod jobboard;
mod pasted;
mod signing;
mod v1;
mod v2;
