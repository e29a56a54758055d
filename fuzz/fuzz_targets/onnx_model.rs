//! An ONNX file: reading and all checks.
#![no_main]

use libfuzzer_sys::fuzz_target;
use radiant_onnx::{Limits, read};

fuzz_target!(|file: &[u8]| drop(read(file, &Limits::default())));
