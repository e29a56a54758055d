//! Files of XGBoost, LightGBM and CatBoost through their readers, and what loads through a run.
#![no_main]

use libfuzzer_sys::fuzz_target;
use radiant_core::{Cancel, Engine as _};
use radiant_engine_estimators::BoostedEngine;
use radiant_formats::{Limits, catboost, lightgbm, xgboost};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let engines = [
        xgboost::read(bytes, &limits).ok().and_then(|model| BoostedEngine::xgboost(&model).ok()),
        lightgbm::read(bytes, &limits).ok().and_then(|model| BoostedEngine::lightgbm(&model).ok()),
        catboost::read(bytes, &limits).ok().and_then(|model| BoostedEngine::catboost(&model).ok()),
    ];
    for engine in engines.into_iter().flatten() {
        let Some(inputs) = engine.signature().zeros(2) else { continue };
        for output in 0..engine.signature().outputs.len() {
            drop(engine.run(&inputs, &[output], &mut Vec::new(), &Cancel::never()));
        }
    }
});
