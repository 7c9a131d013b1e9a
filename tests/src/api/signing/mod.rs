//! The signing API: its paths have no prefix of their own.

mod authorization;
mod directory;
mod employee;
mod image;
mod session;
mod story;
mod verifycode;
