//! Messages of Seldon v1 over gRPC: requests, lists and feedback.
#![no_main]

use libfuzzer_sys::fuzz_target;
use radiant_core::DType;
use radiant_protocol::Limits;
use radiant_protocol::seldon::{Request, proto};

fuzz_target!(|message: &[u8]| {
    let limits = Limits::default();
    for want in [None, Some(DType::F32)] {
        drop(proto::decode_request(message, want, &limits, &mut Request::new()));
    }
    drop(proto::decode_messages(message, &limits));
    drop(proto::decode_feedback(message, &limits));
});
