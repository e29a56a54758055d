//! Predictions of TensorFlow Serving over REST and over gRPC.
#![no_main]

use libfuzzer_sys::fuzz_target;
use radiant_core::{DType, Form, TensorSpec};
use radiant_protocol::tfs::{Request, decode_json, decode_proto, target};
use radiant_protocol::{Inputs, Limits};

fuzz_target!(|body: &[u8]| {
    let spec = |name: &str, dtype| TensorSpec::new(name, dtype, vec![None, Some(2)]);
    let specs = [spec("x", DType::F32), spec("y", DType::Bytes)];
    let (limits, mut inputs) = (Limits::default(), Vec::new());
    drop(target(body));
    let table = |form| Inputs::Table { form, specs: &specs };
    for expected in [
        Inputs::Any,
        Inputs::Declared(&specs[..1]),
        Inputs::Declared(&specs),
        table(Form::Matrix),
        table(Form::Frame),
    ] {
        drop(decode_json(body, expected, &limits, &mut Request::default(), &mut inputs));
        drop(decode_proto(body, expected, &limits, &mut Request::default(), &mut inputs));
    }
});
