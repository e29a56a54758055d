//! Descriptions that MLflow wrote, and damage to them.

use std::fs;
use std::path::Path;

use super::*;
use crate::test_corpus::mutate;

fn corpus(folder: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/models/formats/mlflow");
    fs::read(root.join(folder).join(FILE)).expect("the corpus is part of the source tree")
}

fn model(folder: &str) -> Result<MlModel, String> {
    read(&corpus(folder), &Limits::default()).map_err(|error| error.to_string())
}

#[test]
fn the_native_flavor_is_found_with_its_file() {
    let found = |folder| model(folder).map(|model| (model.flavor, model.file, model.class));
    let of = |flavor, file: &str, class: Option<&str>| {
        Ok((flavor, file.to_owned(), class.map(str::to_owned)))
    };
    assert_eq!(found("sk_default"), of(Flavor::Sklearn, "model.skops", None));
    assert_eq!(found("sk_pickle"), of(Flavor::Sklearn, "model.pkl", None));
    assert_eq!(found("onnx"), of(Flavor::Onnx, "model.onnx", None));
    let class = Some("xgboost.sklearn.XGBClassifier");
    assert_eq!(found("xgb_classifier"), of(Flavor::Xgboost, "model.ubj", class));
    let class = Some("lightgbm.basic.Booster");
    assert_eq!(found("lgb_booster"), of(Flavor::Lightgbm, "model.lgb", class));
}

#[test]
fn signatures_name_columns_with_their_types() {
    let signature = model("sk_mixed").expect("is sound").signature.expect("has one");
    let columns = signature.inputs.expect("has inputs").columns;
    let kinds: Vec<_> =
        columns.iter().map(|column| (column.name.as_deref(), &column.kind)).collect();
    assert_eq!(kinds[1], (Some("visits"), &Kind::Long));
    assert_eq!(kinds[2], (Some("colour"), &Kind::Text));
    let outputs = signature.outputs.expect("has outputs").columns;
    let tensor = Kind::Tensor { dtype: "int64".to_owned(), shape: vec![-1] };
    assert_eq!(outputs[0], Column { name: None, kind: tensor, required: true });
    assert_eq!(model("sk_probabilities").map(|model| model.method), Ok("predict_proba".to_owned()));
    assert_eq!(model("sk_no_signature").map(|model| model.signature), Ok(None));
}

#[test]
fn code_and_paths_that_lead_out_are_refused() {
    let refused = model("python_model").unwrap_err();
    assert!(refused.starts_with("`MLmodel`: a model that is Python code"), "{refused}");
    for path in ["../x", "/etc/passwd", "a//b", "C:x", r"a\..\b"] {
        let text = format!("flavors: {{sklearn: {{pickled_model: '{path}'}}}}");
        let refused = read(text.as_bytes(), &Limits::default()).unwrap_err().to_string();
        assert!(refused.contains("expected a path inside the folder"), "{refused}");
    }
    let spark = read(b"flavors: {spark: {}}", &Limits::default()).unwrap_err().to_string();
    assert!(spark.contains("the flavors `spark` alone"), "{spark}");
}

#[test]
fn damaged_descriptions_give_an_error_or_a_model() {
    for folder in ["sk_mixed", "sk_tensor", "xgb_classifier", "python_model"] {
        mutate(&corpus(folder), 500, |bytes| {
            let _either = read(bytes, &Limits::default());
        });
    }
}
