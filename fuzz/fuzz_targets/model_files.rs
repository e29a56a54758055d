//! What tells formats apart, the descriptions of MLflow, and archives of arrays.
#![no_main]

use libfuzzer_sys::fuzz_target;
use radiant_formats::{Limits, detect, mlflow, npz};

fuzz_target!(|bytes: &[u8]| {
    let _format = detect(bytes);
    drop(mlflow::read(bytes, &Limits::default()));
    let Ok(graph) = npz::read(bytes.to_vec(), &Limits::default()) else { return };
    let Ok(entries) = graph.root().entries() else { return };
    for (_, array) in entries {
        drop(array.floats());
        drop(array.array().and_then(|array| array.to_text()));
    }
});
