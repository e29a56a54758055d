//! An inference of the Open Inference Protocol over gRPC.
#![no_main]

use libfuzzer_sys::fuzz_target;
use radiant_core::{DType, Form, TensorSpec};
use radiant_protocol::oip::{Request, decode_proto, target};
use radiant_protocol::{Inputs, Limits};

fuzz_target!(|message: &[u8]| {
    let spec = |name: &str, dtype| TensorSpec::new(name, dtype, vec![None, Some(2)]);
    let specs = [spec("x", DType::F32), spec("y", DType::Bytes)];
    let (limits, mut inputs) = (Limits::default(), Vec::new());
    drop(target(message));
    let table = |form| Inputs::Table { form, specs: &specs };
    for expected in [
        Inputs::Any,
        Inputs::Declared(&specs[..1]),
        Inputs::Declared(&specs),
        table(Form::Matrix),
        table(Form::Frame),
    ] {
        drop(decode_proto(message, expected, &limits, &mut Request::default(), &mut inputs));
    }
});
