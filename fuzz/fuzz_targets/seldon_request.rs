//! A request of Seldon v1 REST, for a model of single precision.
#![no_main]

use libfuzzer_sys::fuzz_target;
use radiant_core::DType;
use radiant_protocol::Limits;
use radiant_protocol::seldon::{Request, decode_request};

fuzz_target!(|body: &[u8]| {
    drop(decode_request(body, Some(DType::F32), &Limits::default(), &mut Request::new()));
});
