mod attendance;
mod employees;
mod integration;
mod oauth;
mod recruitment;
mod salary;
