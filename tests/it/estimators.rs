//! Files of scikit-learn by each protocol, against what scikit-learn answered: numbers within 1e-9
//! of their size, labels exactly.
//!
//! `tests/models/formats` has the models and the answers. The engine has closer tests with all of
//! them; here it is the way of rows from a socket to an estimator and back. Servers call their model `m`.

mod ask;
mod columns;
mod company;
mod files;
mod shown;

use serde_json::json;

use self::ask::{
    Tensor, array, assert_same, kserve, ok, predictions, seldon, seldon_rest, v2, v2_rest,
};
use crate::support::golden::{Array, Golden};
use crate::support::http::{Reply, Request};
use crate::support::process::{Server, Start};

const NAMED: [&str; 2] = ["--name", "m"];

fn serve(golden: &Golden) -> Server {
    Start::serve(&golden.path).args(NAMED).start()
}

/// A message of Seldon v1 with rows.
fn rows(array: &Array) -> serde_json::Value {
    json!({"data": {"ndarray": array.nested()}})
}

/// The shape that V2 has of an answer: one value a row is a column.
fn column(mut array: Array) -> Array {
    if array.shape.len() == 1 {
        array.shape.push(1);
    }
    array
}

#[track_caller]
fn refuse(reply: &Reply, part: &str) {
    assert_eq!(reply.status, 400, "{}", reply.text());
    assert!(reply.text().contains(part), "expected {part}, got {}", reply.text());
}

/// Asks a model of one matrix everywhere for what is answered unasked: Seldon's, and `first`, V2's.
#[track_caller]
fn check_unasked(golden: &Golden, seldon_method: &str, first: (&str, &str)) {
    let server = serve(golden);
    let input = golden.rows("plain");
    for (what, got) in seldon(&server, &rows(&input)) {
        assert_same(&got, &golden.answer("plain", seldon_method), what);
    }
    let (method, datatype) = first;
    let wanted = golden.answer("plain", method);
    // Whatever the only input is called.
    let tensor = Tensor::new("anything", "FP64", input.clone());
    for (what, got) in v2(&server, &[tensor], &[]) {
        let [output] = &got[..] else { panic!("{what}: expected one output, got {got:?}") };
        assert_eq!((&*output.name, &*output.datatype), (method, datatype), "{what}");
        assert_same(&output.array, &column(wanted.clone()), what);
    }
    assert_same(&predictions(&server, &input.nested()), &wanted, "KServe");
}

#[test]
fn each_kind_of_estimator_answers_what_its_callers_expect_unasked() {
    let label = ("predict", "INT64");
    for (file, seldon, first) in [
        ("sklearn/1.5.2/logistic.joblib", "predict_proba", label),
        ("sklearn/0.24.2/logistic.joblib", "predict_proba", label),
        ("sklearn/0.24.2/forest.joblib", "predict_proba", label),
        ("sklearn/1.5.2/histogram_two.joblib", "predict_proba", label),
        ("sklearn/1.5.2/svc_linear_two.joblib", "predict", label),
        ("skops/forest_labels_str.skops", "predict_proba", ("predict", "BYTES")),
        ("sklearn/1.5.2/ridge.joblib", "predict", ("predict", "FP64")),
        ("sklearn/0.24.2/forest_regressor.joblib", "predict", ("predict", "FP64")),
        ("sklearn/1.5.2/multi_regressor.joblib", "predict", ("predict", "FP64")),
        ("sklearn/1.5.2/scale_standard.joblib", "transform", ("transform", "FP64")),
        ("sklearn/0.24.2/pca.joblib", "transform", ("transform", "FP64")),
    ] {
        check_unasked(&Golden::of(file), seldon, first);
    }
    let truths = Golden::variant("1.5.2", "tree_labels_bool");
    check_unasked(&truths, "predict_proba", ("predict", "BOOL"));
}

#[test]
fn v2_gives_the_methods_that_are_asked_for_in_that_order() {
    for file in ["sklearn/1.5.2/logistic.joblib", "sklearn/0.24.2/boosting_two.joblib"] {
        let golden = Golden::of(file);
        let server = serve(&golden);
        let methods = ["decision_function", "predict_proba", "predict", "predict_log_proba"];
        let input = Tensor::new("input", "FP64", golden.rows("plain"));
        for (what, got) in v2(&server, &[input], &methods) {
            let names: Vec<&str> = got.iter().map(|tensor| &*tensor.name).collect();
            assert_eq!(names, methods, "{what}");
            for tensor in &got {
                let wanted = column(golden.answer("plain", &tensor.name));
                assert_same(&tensor.array, &wanted, &format!("{file}: {what}: {}", tensor.name));
            }
        }
    }
    let golden = Golden::of("sklearn/1.5.2/ridge.joblib");
    let input = Tensor::new("input", "FP64", golden.rows("plain"));
    let reply = v2_rest(&serve(&golden), &[input], &["predict_proba"]);
    refuse(&reply, "the model has no output `predict_proba`; expected one of `predict` FP64 [-1]");
}

#[test]
fn the_parameter_method_chooses_what_seldon_answers() {
    let answered = |golden: &Golden, method: &str| {
        let parameter = json!([{"name": "method", "type": "STRING", "value": method}]);
        let start = Start::serve(&golden.path).args(NAMED);
        let start = start.env("PREDICTIVE_UNIT_PARAMETERS", &parameter.to_string());
        seldon(&start.start(), &rows(&golden.rows("plain")))
    };
    let labels = Golden::of("skops/forest_labels_str.skops");
    let classifier = Golden::of("sklearn/0.24.2/logistic.joblib");
    let regressor = Golden::of("sklearn/1.5.2/ridge.joblib");
    for (golden, method, gives) in [
        (&labels, "predict", "predict"),
        (&labels, "predict_proba", "predict_proba"),
        (&classifier, "decision_function", "decision_function"),
        // Any other text means `predict`, as in Seldon's server.
        (&classifier, "labels", "predict"),
        (&regressor, "predict", "predict"),
    ] {
        for (what, got) in answered(golden, method) {
            assert_same(&got, &golden.answer("plain", gives), &format!("{method}: {what}"));
        }
    }
    let start = Start::serve(&regressor.path).args(["--method", "decision_function"]);
    let outcome = start.run();
    assert_ne!(outcome.code, Some(0));
    let part = "parameter `method`: expected one of `predict`, got `decision_function`";
    assert!(outcome.stderr.contains(part), "{}", outcome.stderr);
}

#[test]
fn numbers_of_other_types_go_in() {
    let golden = Golden::of("sklearn/1.5.2/logistic.joblib");
    let server = serve(&golden);
    for (case, datatype) in [("int64", "INT64"), ("int64", "INT8"), ("float32", "FP32")] {
        let input = Tensor::new("input", datatype, golden.rows(case));
        let reply = ok(&v2_rest(&server, &[input], &["predict_proba"]), datatype);
        let got = array(reply.pointer("/outputs/0/data").expect("data"));
        let wanted = golden.answer(case, "predict_proba");
        let got = Array { shape: wanted.shape.clone(), ..got };
        assert_same(&got, &wanted, datatype);
    }
    let whole = golden.rows("int64");
    let tensor = json!({"shape": whole.shape, "values": whole.flat()});
    let wanted = golden.answer("int64", "predict_proba");
    let message = json!({"data": {"tensor": tensor}});
    let reply = ok(&seldon_rest(&server, &message), "a tensor of Seldon");
    let values = array(reply.pointer("/data/tensor/values").expect("a tensor"));
    assert_same(&Array { shape: wanted.shape.clone(), ..values }, &wanted, "a tensor of Seldon");
}

#[test]
fn several_outputs_are_several_tensors() {
    for file in ["sklearn/1.5.2/multi_classifier.joblib", "sklearn/0.24.2/multi_classifier.joblib"]
    {
        let golden = Golden::of(file);
        let server = serve(&golden);
        let input = golden.rows("plain");
        let labels = golden.answer("plain", "predict");
        let tensor = Tensor::new("input", "FP64", input.clone());
        let asked = ["predict_proba_1", "predict", "predict_proba_0"];
        for (what, got) in v2(&server, &[tensor], &asked) {
            let [second, predicted, first] = &got[..] else { panic!("{what}: {got:?}") };
            assert_same(&predicted.array, &labels, what);
            for (at, tensor) in [first, second].into_iter().enumerate() {
                let wanted = golden.answer_of("plain", "predict_proba", at);
                assert_same(&tensor.array, &wanted, &format!("{what}: {at}"));
            }
        }
        assert_same(&predictions(&server, &input.nested()), &labels, "KServe");
        let metadata = server.send(&Request::get("/v2/models/m")).text().to_owned();
        assert!(metadata.contains(r#""name":"predict_proba_1""#), "{metadata}");
        // There is no array of all probabilities, so Seldon gets what there is.
        for (what, got) in seldon(&server, &rows(&input)) {
            assert_same(&got, &labels, what);
        }
    }
}

#[test]
fn what_is_missing_goes_in_where_the_class_takes_it() {
    for file in ["sklearn/1.5.2/impute_mean.joblib", "sklearn/0.24.2/impute_mean.joblib"] {
        check_unasked(&Golden::of(file), "transform", ("transform", "FP64"));
    }
    for file in ["sklearn/1.5.2/forest.joblib", "sklearn/0.24.2/histogram_two.joblib"] {
        let golden = Golden::of(file);
        let (server, input) = (serve(&golden), golden.rows("nan"));
        let wanted = golden.answer("nan", "predict_proba");
        for (what, got) in seldon(&server, &rows(&input)) {
            assert_same(&got, &wanted, &format!("{file}: {what}"));
        }
        let tensor = Tensor::new("input", "FP64", input);
        for (what, got) in v2(&server, &[tensor], &["predict_proba"]) {
            assert_same(&got[0].array, &wanted, &format!("{file}: {what}"));
        }
    }
    // What the version at hand refuses is refused, before and after trees learned to take it.
    for (file, part) in [
        ("sklearn/0.24.2/forest.joblib", "RandomForestClassifier: expected finite numbers, got a"),
        ("sklearn/1.5.2/logistic.joblib", "LogisticRegression: expected finite numbers, got a"),
    ] {
        let golden = Golden::of(file);
        let (server, input) = (serve(&golden), golden.rows("nan"));
        refuse(&seldon_rest(&server, &rows(&input)), part);
        refuse(&kserve(&server, &input.nested()), part);
        refuse(&v2_rest(&server, &[Tensor::new("input", "FP64", input)], &[]), part);
    }
}

#[test]
fn a_row_of_another_width_is_refused() {
    let part = "LogisticRegression: expected 4 features, got 3";
    for version in ["1.5.2", "0.24.2"] {
        let golden = Golden::of(&format!("sklearn/{version}/logistic.joblib"));
        let (server, input) = (serve(&golden), golden.rows("narrow"));
        refuse(&seldon_rest(&server, &rows(&input)), part);
        refuse(&kserve(&server, &input.nested()), part);
        refuse(&v2_rest(&server, &[Tensor::new("input", "FP64", input)], &[]), part);
    }
}
