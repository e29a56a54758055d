//! Predictions of TensorFlow Serving over REST and over gRPC.
#![no_main]

use libfuzzer_sys::fuzz_target;
use radiant_core::{DType, TensorSpec};
use radiant_protocol::Limits;
use radiant_protocol::tfs::{Request, decode_json, decode_proto, target};

fuzz_target!(|body: &[u8]| {
    let spec = |name: &str, dtype| TensorSpec::new(name, dtype, vec![None, Some(2)]);
    let specs = [spec("x", DType::F32), spec("y", DType::Bytes)];
    let (limits, mut inputs) = (Limits::default(), Vec::new());
    drop(target(body));
    for specs in [None, Some(&specs[..1]), Some(&specs[..])] {
        drop(decode_json(body, specs, &limits, &mut Request::default(), &mut inputs));
        drop(decode_proto(body, specs, &limits, &mut Request::default(), &mut inputs));
    }
});
