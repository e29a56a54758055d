//! Files that are refused, and the proof against rows that were saved where the model was made.

use std::path::Path;

use flate2::Crc;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::golden::{Array, Golden, spelled};
use crate::support::model_file;
use crate::support::process::{Outcome, Start};

#[test]
fn a_file_that_would_run_code_is_refused_at_start_by_name() {
    let folder = model_file("formats", "refused");
    let listed = std::fs::read(folder.join("pickles.json")).expect("the list is there");
    let listed: Value = serde_json::from_slice(&listed).expect("the list is JSON");
    for (file, about) in listed.as_object().expect("the list is an object") {
        let Outcome { code, stderr, .. } = Start::serve(folder.join(file)).run();
        assert_eq!(code, Some(1), "{file}: {stderr}");
        assert!(stderr.contains("cannot load the model"), "{file}: {stderr}");
        let names = about["names"].as_str().expect("a text");
        let is_name = names.contains('.') && !names.contains(' ');
        assert!(!is_name || stderr.contains(names), "{file}: expected {names}, got {stderr}");
    }
    // What they would do where they are opened: the server runs in the folder of this test.
    assert!(!Path::new("PWNED").exists());
}

#[test]
fn a_refusal_tells_the_class_its_place_and_the_way_out() {
    for (file, parts) in [
        (
            "refused/custom-class-in-pipeline.joblib",
            ["`steps[0][1]`: class `my_company.Clip`", "convert the model to ONNX or use a custom"],
        ),
        ("refused/custom-class-main.pkl", ["`steps[1][1]`: class `__main__.Clip`", "convert the"]),
        ("refused/evil-step.joblib", ["`steps[0][1]`: `posix.system`", "not on the allow-list"]),
        ("refused/catboost.joblib", ["`catboost.core.CatBoostClassifier`", "save_model(path, "]),
        ("refused/old-joblib.pkl", ["joblib before 0.10", "save the model again with joblib"]),
        ("mlflow/python_model", ["`mlflow.pyfunc.PythonModel`", "log the model inside it"]),
    ] {
        for command in ["serve", "check"] {
            let path = model_file("formats", file);
            let path = path.to_str().expect("test paths are UTF-8");
            let Outcome { code, stderr, .. } =
                Start::default().args([command, path]).free_ports().run();
            assert_eq!(code, Some(1), "{command} {file}: {stderr}");
            for part in parts {
                assert!(stderr.contains(part), "{command} {file}: expected {part}, got {stderr}");
            }
        }
    }
}

/// An array as numpy writes it.
fn npy(descr: &str, shape: &[usize], data: &[u8]) -> Vec<u8> {
    let shape: Vec<String> = shape.iter().map(|extent| format!("{extent},")).collect();
    let shape = shape.join(" ");
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}\n");
    let length = u16::try_from(header.len()).expect("short").to_le_bytes();
    [&b"\x93NUMPY\x01\x00"[..], &length, header.as_bytes(), data].concat()
}

/// A zip archive of files that are stored as they are.
fn zip(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    let word = |n: usize| u32::try_from(n).expect("small").to_le_bytes();
    for (name, data) in files {
        let mut crc = Crc::new();
        crc.update(data);
        let at = word(archive.len());
        // Version, flags, method, time and date; then the sum, both sizes and the name's length.
        let mut head = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        head.extend(crc.sum().to_le_bytes());
        head.extend([word(data.len()), word(data.len())].concat());
        head.extend([u8::try_from(name.len()).expect("short"), 0, 0, 0]);
        archive.extend([&b"PK\x03\x04"[..], &head, name.as_bytes(), data].concat());
        directory
            .extend([&b"PK\x01\x02\x14\x00"[..], &head, &[0; 10], &at, name.as_bytes()].concat());
    }
    let n = [u8::try_from(files.len()).expect("few"), 0];
    let (start, length) = (word(archive.len()), word(directory.len()));
    let end = [&b"PK\x05\x06"[..], &[0; 4], &n, &n, &length, &start, &[0; 2]].concat();
    [archive, directory, end].concat()
}

fn against(model: &Path, rows: &[u8], more: &[&str]) -> Outcome {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("rows");
    std::fs::write(&file, rows).expect("there is room");
    let [model, file] = [model, &file].map(|path| path.to_str().expect("UTF-8").to_owned());
    let arguments = ["check", &model, "--against", &file];
    Start::default().args(arguments.into_iter().chain(more.iter().copied())).run()
}

/// What `np.savez` makes of rows and answers.
fn npz(input: &Array, labels: &Array, probabilities: &Array) -> Vec<u8> {
    let whole = |label: &Value| label.as_i64().expect("a whole number").to_le_bytes();
    let whole: Vec<u8> = labels.data.iter().flat_map(whole).collect();
    zip(&[
        ("rows.npy", npy("<f8", &input.shape, &input.bytes())),
        ("predict.npy", npy("<i8", &labels.shape, &whole)),
        ("predict_proba.npy", npy("<f8", &probabilities.shape, &probabilities.bytes())),
    ])
}

#[test]
fn saved_rows_prove_that_a_model_answers_as_it_did() {
    for version in ["1.5.2", "0.24.2"] {
        let golden = Golden::of(&format!("sklearn/{version}/logistic.joblib"));
        let input = golden.rows("plain");
        let [labels, mut probabilities] =
            ["predict", "predict_proba"].map(|method| golden.answer("plain", method));
        let proved = against(&golden.path, &npz(&input, &labels, &probabilities), &[]);
        assert_eq!(proved.code, Some(0), "{}", proved.stderr);
        let told = "agrees   8 rows: predict 8 of 8 values equal in every bit; predict_proba ";
        assert!(proved.stdout.contains(told), "{}", proved.stdout);
        // One probability of the row 5 is another.
        probabilities.data[16] = json!(probabilities.numbers()[16] + 1e-6);
        let rows = npz(&input, &labels, &probabilities);
        let differs = against(&golden.path, &rows, &[]);
        assert_eq!(differs.code, Some(1), "{}", differs.stdout);
        assert!(
            differs.stderr.contains("row 5: `predict_proba`: expected ["),
            "{}",
            differs.stderr
        );
        let shown = format!("for the input [{}", input.data[20]);
        assert!(differs.stderr.contains(&shown), "expected {shown}, got {}", differs.stderr);
        let near = against(&golden.path, &rows, &["--tolerance", "1e-5"]);
        assert_eq!(near.code, Some(0), "{}", near.stderr);
    }
}

#[test]
fn rows_of_several_types_are_saved_as_json_by_column() {
    let golden = Golden::of("skops/columns_logistic.skops");
    let mut rows: serde_json::Map<String, Value> = golden
        .columns("plain")
        .iter()
        .map(|column| (column.name.clone(), column.data.iter().map(spelled).collect()))
        .collect();
    rows.insert("predict".to_owned(), golden.answer("plain", "predict").nested());
    let proved = against(&golden.path, Value::Object(rows.clone()).to_string().as_bytes(), &[]);
    assert_eq!(proved.code, Some(0), "{}", proved.stderr);
    rows["predict"][2] = json!(7);
    let differs = against(&golden.path, Value::Object(rows.clone()).to_string().as_bytes(), &[]);
    assert_eq!(differs.code, Some(1), "{}", differs.stdout);
    assert!(differs.stderr.contains("row 2: `predict`: expected [7], got ["), "{}", differs.stderr);
    rows.remove("plan");
    let lacks = against(&golden.path, Value::Object(rows).to_string().as_bytes(), &[]);
    assert_eq!(lacks.code, Some(1));
    assert!(lacks.stderr.contains("`plan` is missing"), "{}", lacks.stderr);
}
