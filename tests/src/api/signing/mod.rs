//! The signing API. Its paths have no common prefix.

mod authorization;
mod close;
mod directory;
mod employee;
mod forms;
mod image;
mod logout;
mod sealed;
mod session;
mod story;
mod verifycode;
