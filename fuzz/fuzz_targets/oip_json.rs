//! An inference of the Open Inference Protocol over REST: JSON, binary tensors, the raw body; and the
//! other bodies of its paths.
#![no_main]

use libfuzzer_sys::fuzz_target;
use radiant_core::{DType, Form, TensorSpec};
use radiant_protocol::oip::{Request, decode_generate, decode_index, decode_json, decode_load};
use radiant_protocol::{Inputs, Limits};

fuzz_target!(|body: &[u8]| {
    let Some((&first, bytes)) = body.split_first() else { return };
    let head_bytes = match first {
        0 => None,
        length => Some(usize::from(length) - 1),
    };
    let spec = |name: &str, dtype| TensorSpec::new(name, dtype, vec![None, Some(2)]);
    let specs = [spec("x", DType::F32), spec("y", DType::Bytes)];
    let (limits, mut inputs) = (Limits::default(), Vec::new());
    let table = |form| Inputs::Table { form, specs: &specs };
    for expected in [
        Inputs::Any,
        Inputs::Declared(&specs[..1]),
        Inputs::Declared(&specs),
        table(Form::Matrix),
        table(Form::Frame),
    ] {
        let mut request = Request::default();
        drop(decode_json(bytes, head_bytes, expected, &limits, &mut request, &mut inputs));
    }
    drop(decode_generate(bytes, &limits));
    drop(decode_index(bytes, &limits));
    drop(decode_load(bytes, &limits));
});
