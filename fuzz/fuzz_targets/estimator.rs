//! Files of Python objects (pickle, joblib, skops) through their reader, and what loads through a run.
#![no_main]

use libfuzzer_sys::fuzz_target;
use radiant_core::{Cancel, Engine as _};
use radiant_engine_estimators::SklearnEngine;
use radiant_formats::{Audit, Limits};

fuzz_target!(|bytes: &[u8]| {
    let engine = SklearnEngine::read(bytes.to_vec(), &Limits::default(), &Audit::default());
    let Ok(engine) = engine else { return };
    let Some(inputs) = engine.signature().zeros(2) else { return };
    for output in 0..engine.signature().outputs.len() {
        drop(engine.run(&inputs, &[output], &mut Vec::new(), &Cancel::never()));
    }
});
