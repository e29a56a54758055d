//! Settings in a model's folder: Triton's, MLServer's and ours.
#![no_main]

use libfuzzer_sys::fuzz_target;
use radiant_contract::repository::ModelSettings;

fuzz_target!(|text: &str| {
    drop(ModelSettings::from_triton(text));
    drop(ModelSettings::from_mlserver(text));
    drop(ModelSettings::from_radiant(text));
});
