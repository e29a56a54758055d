//! An inference of the Open Inference Protocol over gRPC.
#![no_main]

use libfuzzer_sys::fuzz_target;
use radiant_core::{DType, TensorSpec};
use radiant_protocol::Limits;
use radiant_protocol::oip::{Request, decode_proto, target};

fuzz_target!(|message: &[u8]| {
    let spec = |name: &str, dtype| TensorSpec::new(name, dtype, vec![None, Some(2)]);
    let specs = [spec("x", DType::F32), spec("y", DType::Bytes)];
    let (limits, mut inputs) = (Limits::default(), Vec::new());
    drop(target(message));
    for specs in [None, Some(&specs[..1]), Some(&specs[..])] {
        drop(decode_proto(message, specs, &limits, &mut Request::default(), &mut inputs));
    }
});
