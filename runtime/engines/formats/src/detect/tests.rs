//! Every file of the corpus is what it is.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Format, Refused, detect};
use crate::joblib::Codec;
use crate::test_files::corpus;

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect();
    files.sort();
    files
}

fn expected(path: &Path) -> Option<Format> {
    let name = path.file_name().unwrap().to_str().unwrap();
    let folder = path.strip_prefix(corpus("")).unwrap().iter().next().unwrap().to_str().unwrap();
    let is_golden = name.contains("answers") || name == "index.json";
    Some(match (folder, path.extension()?.to_str()?) {
        ("xgboost", _) if is_golden || name == "generate.py" => return None,
        ("xgboost", "bst" | "json" | "ubj" | "snapshot") => Format::Xgboost,
        ("lightgbm", "txt") => Format::Lightgbm,
        ("catboost", "json") if !is_golden => Format::Catboost,
        ("mlflow", "onnx") => Format::Onnx,
        ("mlflow", "ubj") => Format::Xgboost,
        ("mlflow", "lgb") => Format::Lightgbm,
        (_, "skops") => Format::Skops,
        ("sklearn" | "mlflow", "pkl") => Format::Pickle,
        ("sklearn", "joblib" | "zlib" | "gz" | "bz2" | "xz" | "lzma" | "lz4") => {
            let bytes = fs::read(path).unwrap();
            Codec::of(&bytes).map_or(Format::Pickle, Format::Packed)
        }
        _ => return None,
    })
}

#[test]
fn models_are_told_apart_by_content() {
    let mut count = 0;
    for path in files(&corpus("")) {
        if let Some(format) = expected(&path)
            && !path.to_str().unwrap().ends_with(".tar.xz")
        {
            assert_eq!(detect(&fs::read(&path).unwrap()), Some(format), "{}", path.display());
            count += 1;
        }
    }
    assert!(count > 1500, "{count}");
}

#[test]
fn models_that_are_not_read_are_refused_with_a_way_out() {
    for (name, refused) in [
        ("keras.keras", Refused::Keras),
        ("keras.h5", Refused::KerasHdf5),
        ("keras.weights.h5", Refused::Hdf5),
        ("savedmodel/saved_model.pb", Refused::SavedModel),
        ("frozen.pb", Refused::FrozenGraph),
        ("model.tflite", Refused::TfLite),
        ("torchscript.pt", Refused::TorchScript),
        ("torchscript-traced.pt", Refused::TorchScript),
        ("exported.pt2", Refused::TorchExport),
        ("state-dict.pt", Refused::Torch),
        ("checkpoint.ckpt", Refused::Torch),
        ("whole-module.pth", Refused::Torch),
        ("state-dict-legacy.pt", Refused::Torch),
        ("catboost.cbm", Refused::CatboostBinary),
        ("model.pmml", Refused::Pmml),
        ("old-joblib-compressed.pkl", Refused::OldJoblib),
        ("old-joblib-one-file.pkl", Refused::OldJoblib),
    ] {
        let bytes = fs::read(corpus("refused").join(name)).unwrap();
        assert_eq!(detect(&bytes), Some(Format::Refused(refused)), "{name}");
        assert!(refused.error().to_string().starts_with("the file: "), "{name}");
    }
    let path = corpus("mlflow/onnx").join("model.onnx");
    assert_eq!(detect(&fs::read(path).unwrap()), Some(Format::Onnx));
    let dump = br#"{"name":"tree","version":"v4","feature_infos":{"a":1},"tree_info":[]}"#;
    assert_eq!(detect(dump), Some(Format::Refused(Refused::LightgbmDump)));
}

#[test]
fn other_files_are_nothing_in_particular() {
    let cases: [&[u8]; 12] = [
        b"",
        b"{",
        b"{}",
        b"{\"a\": {\"learner\": 1}}",
        b"PK\x03\x04",
        b"hello\n",
        b"{ L",
        b"c.",
        b"\n",
        b"(x.",
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"<html></html>",
    ];
    for bytes in cases {
        assert_eq!(detect(bytes), None, "{bytes:?}");
    }
}
