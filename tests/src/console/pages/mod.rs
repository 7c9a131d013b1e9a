//! The pages of the console, as a browser without script reads them (docs/design/console.md).

mod attacks;
mod exports;
mod files;
mod headers;
mod masking;
mod office;
mod replays;
mod roles;
mod sessions;
mod sign_in;
mod sorting;
mod texts;
mod undo;
mod walk;
