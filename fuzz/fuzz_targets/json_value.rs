//! A JSON value without a schema, as in `jsonData`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use radiant_protocol::Limits;
use radiant_protocol::json::Cursor;

fuzz_target!(|bytes: &[u8]| drop(Cursor::new(bytes).value(&Limits::default())));
