//! Tables of columns with names, and texts.

use serde_json::{Map, Value, json};

use super::ask::{Tensor, assert_same, kserve, predictions, seldon, seldon_rest, v2, v2_rest};
use super::{column, refuse, rows, serve};
use crate::support::golden::{Array, Column, Golden, spelled};

const MIXED: &str = "skops/columns_logistic.skops";

/// A tensor for each column, with as many axes.
fn tensors(columns: &[Column], n_axes: usize) -> Vec<Tensor> {
    let tensor = |column: &Column| {
        let datatype = match &*column.dtype {
            "float64" => "FP64",
            "int64" => "INT64",
            "bool" => "BOOL",
            _ => "BYTES",
        };
        let shape = [column.data.len(), 1][..n_axes].to_vec();
        Tensor::new(&column.name, datatype, Array { shape, data: column.data.clone() })
    };
    columns.iter().map(tensor).collect()
}

/// The rows as lists, in the order of the columns.
fn lists(columns: &[Column]) -> Value {
    let row = |at: usize| columns.iter().map(|column| spelled(&column.data[at])).collect::<Value>();
    (0..columns[0].data.len()).map(row).collect()
}

/// The rows as objects.
fn objects(columns: &[Column]) -> Value {
    let cell = |column: &Column, at: usize| (column.name.clone(), spelled(&column.data[at]));
    let row = |at: usize| columns.iter().map(|column| cell(column, at)).collect::<Map<_, _>>();
    (0..columns[0].data.len()).map(|at| Value::Object(row(at))).collect()
}

fn names(columns: &[Column]) -> Vec<&str> {
    columns.iter().map(|column| &*column.name).collect()
}

/// A message of Seldon v1 with named columns.
fn named(columns: &[Column]) -> Value {
    json!({"data": {"names": names(columns), "ndarray": lists(columns)}})
}

/// The columns in another order with one more, which nobody knows.
fn shuffled(golden: &Golden) -> Vec<Column> {
    let mut columns = golden.columns("plain");
    columns.reverse();
    columns.rotate_left(2);
    let data = columns[0].data.iter().map(|_| json!("?")).collect();
    columns.insert(1, Column { name: "surplus".into(), dtype: "str".into(), data });
    columns
}

#[test]
fn seldon_brings_named_columns_of_several_types_in_any_order() {
    let golden = Golden::of(MIXED);
    let server = serve(&golden);
    let wanted = golden.answer("plain", "predict_proba");
    for columns in [golden.columns("plain"), golden.columns("reordered"), shuffled(&golden)] {
        let by_column: Map<_, _> = columns
            .iter()
            .map(|column| (column.name.clone(), column.data.iter().map(spelled).collect()))
            .collect();
        for message in [
            named(&columns),
            json!({"jsonData": objects(&columns)}),
            json!({"jsonData": by_column}),
        ] {
            for (what, got) in seldon(&server, &message) {
                assert_same(&got, &wanted, &format!("{what}: {message}"));
            }
        }
    }
    // Without names they are meant in the order of the training.
    for (what, got) in seldon(&server, &rows_of(&golden.columns("plain"))) {
        assert_same(&got, &wanted, what);
    }
}

fn rows_of(columns: &[Column]) -> Value {
    json!({"data": {"ndarray": lists(columns)}})
}

#[test]
fn v2_brings_a_tensor_for_each_column_in_any_order() {
    let golden = Golden::of(MIXED);
    let server = serve(&golden);
    for columns in [golden.columns("plain"), shuffled(&golden)] {
        for n_axes in [1, 2] {
            let inputs = tensors(&columns, n_axes);
            let outputs = ["predict", "decision_function", "predict_proba"];
            for (what, got) in v2(&server, &inputs, &outputs) {
                for tensor in &got {
                    let wanted = column(golden.answer("plain", &tensor.name));
                    assert_same(&tensor.array, &wanted, &format!("{what}: {}", tensor.name));
                }
            }
        }
    }
}

#[test]
fn kserve_brings_rows_as_objects_or_in_order() {
    let golden = Golden::of(MIXED);
    let server = serve(&golden);
    let wanted = golden.answer("plain", "predict");
    for instances in [
        objects(&golden.columns("plain")),
        objects(&shuffled(&golden)),
        lists(&golden.columns("plain")),
    ] {
        assert_same(&predictions(&server, &instances), &wanted, &instances.to_string());
    }
}

#[test]
fn a_column_that_lacks_is_named() {
    let golden = Golden::of(MIXED);
    let server = serve(&golden);
    let mut columns = golden.columns("plain");
    columns.retain(|column| column.name != "plan");
    let part = "column `plan` is missing: got `age`, `income`, `visits`, `colour`, `member`";
    refuse(&seldon_rest(&server, &named(&columns)), part);
    refuse(&v2_rest(&server, &tensors(&columns, 1), &[]), part);
    refuse(&kserve(&server, &objects(&columns)), "column `plan` is missing");
    // By position a column less is no table of the training, though the model looks at no more.
    let part = "expected 6 columns, `age`";
    refuse(&seldon_rest(&server, &rows_of(&columns)), part);
    refuse(&kserve(&server, &lists(&columns)), part);
}

#[test]
fn names_that_an_estimator_of_one_matrix_has_are_held_to() {
    let golden = Golden::variant("1.5.2", "named_logistic");
    let server = serve(&golden);
    let wanted = golden.answer("plain", "predict_proba");
    for columns in [golden.columns("plain"), shuffled(&golden)] {
        for (what, got) in v2(&server, &tensors(&columns, 1), &["predict_proba"]) {
            assert_same(&got[0].array, &wanted, what);
        }
        let labels = predictions(&server, &objects(&columns));
        assert_same(&labels, &golden.answer("plain", "predict"), "KServe");
    }
    for (what, got) in seldon(&server, &rows_of(&golden.columns("plain"))) {
        assert_same(&got, &wanted, what);
    }
    let mut columns = golden.columns("plain");
    columns[1].name = "earnings".to_owned();
    let part = "column `income` is missing: got `age`, `earnings`, `visits`";
    refuse(&v2_rest(&server, &tensors(&columns, 1), &[]), part);
    refuse(&kserve(&server, &objects(&columns)), part);
}

#[test]
fn columns_of_older_versions_are_transformed_as_there() {
    for version in ["1.5.2", "0.24.2"] {
        let golden = Golden::of(&format!("sklearn/{version}/columns_usual.joblib"));
        let server = serve(&golden);
        let (columns, wanted) = (golden.columns("plain"), golden.answer("plain", "transform"));
        for (what, got) in seldon(&server, &named(&columns)) {
            assert_same(&got, &wanted, &format!("{version}: {what}"));
        }
        for (what, got) in v2(&server, &tensors(&columns, 1), &[]) {
            assert_same(&got[0].array, &wanted, &format!("{version}: {what}"));
        }
    }
}

#[test]
fn texts_come_as_a_list_or_as_a_column() {
    let label = ("predict", "INT64");
    for (file, seldon_method, (first, datatype)) in [
        ("skops/text_tfidf_logistic.skops", "predict_proba", label),
        ("sklearn/1.5.2/text_tfidf_multinomial.joblib", "predict_proba", label),
        ("sklearn/0.24.2/text_tfidf_multinomial.joblib", "predict_proba", label),
        ("sklearn/1.5.2/count_default.joblib", "transform", ("transform", "INT64")),
    ] {
        let golden = Golden::of(file);
        let server = serve(&golden);
        let list = golden.rows("plain");
        let wanted = golden.answer("plain", first);
        for input in [list.clone(), column(list)] {
            for (what, got) in seldon(&server, &rows(&input)) {
                assert_same(&got, &golden.answer("plain", seldon_method), what);
            }
            assert_same(&predictions(&server, &input.nested()), &wanted, "KServe");
            for (what, got) in v2(&server, &[Tensor::new("texts", "BYTES", input)], &[]) {
                let [output] = &got[..] else { panic!("{what}: {got:?}") };
                assert_eq!((&*output.name, &*output.datatype), (first, datatype), "{what}");
                assert_same(&output.array, &column(wanted.clone()), what);
            }
        }
    }
}
