//! Which engine runs what, and what is said of it.

use std::path::Path;

use super::*;

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/models").join(name)
}

fn load(name: &str, choice: Choice) -> anyhow::Result<Loaded> {
    load_path(&example(name).join("model.onnx"), choice)
}

fn load_path(path: &Path, choice: Choice) -> anyhow::Result<Loaded> {
    load_file(ModelFile::read(path, &[])?, &Options { choice, ..Options::default() })
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
    let model = ModelFile::read(&example("digits-cnn/model.onnx"), &[]).expect("it is a model");
    let Content::Onnx(model) = model.content else { panic!("it is a graph") };
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
    let error = ModelFile::read(&example("iris").join("make.py"), &[]).expect_err("it is no model");
    assert!(error.to_string().starts_with("cannot read `"), "{error:#}");
}

#[test]
fn boosted_models_are_known_by_their_content_and_run_by_the_native_engine_alone() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (file, what, described) in [
        (
            "xgboost/3.2.0/softprob.ubj",
            "an XGBoost",
            "XGBoost 3.2, UBJSON, multi:softprob, 9 trees",
        ),
        ("xgboost/0.82/linear.bst", "an XGBoost", "XGBoost before 1.0, binary, reg:linear, linear"),
        ("lightgbm/4.7.0/binary.txt", "a LightGBM", "LightGBM, format v4, text, binary, 3 trees"),
        ("catboost/1.2.10/multi.json", "a CatBoost", "CatBoost, JSON, MultiClass, 4 trees"),
    ] {
        let path = folder.path().join("model.onnx");
        std::fs::copy(example("formats").join(file), &path).expect("a file can be copied");
        let Content::Boosted(read) = ModelFile::read(&path, &[]).expect(file).content else {
            panic!("{file} is no graph")
        };
        assert_eq!(read.described(), described);
        assert!(read.n_nodes() > 3, "{file}: {} nodes", read.n_nodes());
        let loaded = load_path(&path, Choice::Auto).expect(file);
        assert_eq!(loaded.engine.name(), "native");
        assert_eq!(loaded.reason, format!("{what} model is run by the native engine"));
        assert!(load_path(&path, Choice::Native).is_ok());
        let error = load_path(&path, Choice::Tract).expect_err("it is no graph").to_string();
        let expected = "engine `tract` (it was asked for) cannot run it: ";
        assert_eq!(error, format!("{expected}{what} model is run by the native engine alone"));
    }
}

#[test]
fn files_of_other_formats_are_refused_with_a_way_out() {
    for (file, part) in [
        ("refused/catboost.cbm", "a binary model of CatBoost is not supported: save it with"),
        ("refused/keras.keras", "a Keras model is not supported: convert it to ONNX"),
        ("refused/empty.pkl", "cannot read"),
    ] {
        let error = ModelFile::read(&example("formats").join(file), &[]).expect_err(file);
        let error = format!("{error:#}");
        assert!(error.contains(part), "{file}: {error}");
    }
}

#[test]
fn the_example_in_a_folder_of_mlflow_is_shown_if_it_is_json_and_lies_there() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let source = example("formats/mlflow/sk_tensor");
    for file in ["MLmodel", "model.skops"] {
        std::fs::copy(source.join(file), folder.path().join(file)).expect("a file can be copied");
    }
    let path = folder.path().join("serving_input_example.json");
    let shown = || {
        let loaded = load_path(&folder.path().join("MLmodel"), Choice::Auto).expect("it is sound");
        loaded.scoring.example.map(|example| example.to_string())
    };
    assert_eq!(shown(), None);
    for (text, expected) in [
        (
            r#"{ "inputs": [ "a \" b\\" , 1 ]
}"#,
            Some(r#"{"inputs":["a \" b\\",1]}"#),
        ),
        ("{\"inputs\": ", None),
        (&format!("{{\"inputs\": \"{}\"}}", "x".repeat(1 << 14)), None),
    ] {
        std::fs::write(&path, text).expect("there is room");
        assert_eq!(shown().as_deref(), expected, "{text:.40}");
    }
    std::fs::remove_file(&path).expect("it was there");
    let outside = source.join("serving_input_example.json").canonicalize().expect("it is there");
    std::os::unix::fs::symlink(outside, &path).expect("links can be made");
    assert_eq!(shown(), None);
}

#[test]
fn a_class_of_somebody_else_is_named_and_may_be_allowed() {
    // A binariser that carries an object which no answer needs (protocol 0).
    let pickle = "ccopy_reg\n_reconstructor\n(csklearn.preprocessing._data\nBinarizer\n\
                  c__builtin__\nobject\nNtR(dS'threshold'\nF0.5\nsS'_sklearn_version'\nS'1.5.2'\n\
                  sS'n_features_in_'\nI2\nsS'note'\n(imy_pkg\nNote\nsb.";
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("model.pkl");
    std::fs::write(&path, pickle).expect("a file can be written");
    let refused = format!("{:#}", ModelFile::read(&path, &[]).expect_err("is foreign"));
    assert!(refused.contains("`note`") && refused.contains("my_pkg.Note"), "{refused}");
    let loaded = ModelFile::read(&path, &["my_pkg.Note".to_owned()]).expect("is harmless");
    assert!(matches!(loaded.content, Content::Estimator(_)));
}
