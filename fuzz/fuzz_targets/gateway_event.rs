//! Events of API Gateway, to the function whose path they name.
#![no_main]
#![expect(clippy::expect_used, reason = "a fuzzer tells what it found by a panic")]

use std::sync::LazyLock;

use fuzz::System;
use libfuzzer_sys::fuzz_target;

static SYSTEM: LazyLock<System> = LazyLock::new(|| System::start().expect("a system"));

fuzz_target!(|bytes: &[u8]| SYSTEM.event(bytes).expect("an answer"));
