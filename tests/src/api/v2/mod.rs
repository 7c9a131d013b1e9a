mod employees;
mod signature;
