//! A feedback message of Seldon v1 REST, with all that a message can hold.
#![no_main]

use libfuzzer_sys::fuzz_target;
use radiant_protocol::Limits;
use radiant_protocol::seldon::decode_feedback;

fuzz_target!(|body: &[u8]| drop(decode_feedback(body, &Limits::default())));
