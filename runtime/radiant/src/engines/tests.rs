//! Which engine runs what, and what is said of it.

use super::*;

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/models").join(name)
}

fn load(name: &str, choice: Choice) -> anyhow::Result<Loaded> {
    let model = read(&example(name).join("model.onnx"))?;
    load_model(&model, &Options { choice, ..Options::default() })
}

#[test]
fn the_operators_decide_which_engine_runs_a_model() {
    let loaded = |name: &str| {
        let loaded = load(name, Choice::Auto).expect("it is runnable");
        (loaded.engine.name(), loaded.reason)
    };
    let (engine, reason) = loaded("iris");
    assert_eq!(engine, "native");
    assert!(reason.contains("classical machine learning: LinearClassifier"), "{reason}");
    let (engine, reason) = loaded("digits-mlp");
    assert_eq!(engine, "native");
    assert!(reason.ends_with("each product in it has a constant side"), "{reason}");
    let model = read(&example("digits-cnn/model.onnx")).expect("it is a model");
    let orders = [false, true].map(|has_ort| rule::rule(&model, has_ort));
    assert_eq!(orders[0].order, [Choice::Rten, Choice::Tract]);
    assert_eq!(orders[1].order, [Choice::Ort, Choice::Rten, Choice::Tract]);
    assert!(orders[0].advice.is_some_and(|advice| advice.contains("not installed")));
    assert_eq!(orders[1].advice, None);
}

#[test]
fn a_refusal_names_engine_and_operator() {
    let error = load("iris", Choice::Tract).expect_err("tract has no such operators");
    let text = format!("{error:#}");
    assert!(text.starts_with("engine `tract` (it was asked for) cannot run it: "), "{text}");
    assert!(text.contains("LinearClassifier"), "{text}");
    let error = "nope".parse::<Choice>().expect_err("there is no such engine");
    assert_eq!(error.to_string(), "expected engine auto, native, tract, rten, ort, got `nope`");
    let error = read(&example("iris").join("make.py")).expect_err("it is no model");
    assert!(error.to_string().starts_with("cannot read `"), "{error:#}");
}
