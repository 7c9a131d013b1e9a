//! Fuzzes the endpoints that take a form, by the form's body.
#![no_main]
#![expect(clippy::expect_used, reason = "a fuzz target reports a failure by a panic")]

use std::sync::LazyLock;

use fuzz::System;
use libfuzzer_sys::fuzz_target;

static SYSTEM: LazyLock<System> = LazyLock::new(|| System::start().expect("a system"));

fuzz_target!(|bytes: &[u8]| SYSTEM.form(bytes).expect("no server error"));
