mod approvals;
mod employees;
mod organization;
mod paging;
mod signature;
mod whole_lists;
