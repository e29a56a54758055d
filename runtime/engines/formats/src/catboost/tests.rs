//! Models that are sound, and those that are refused.

use super::*;
use crate::test_corpus::{mutate, read_all};

fn file(name: &str) -> Vec<u8> {
    let files = read_all("catboost", "1.2.10");
    files.into_iter().find(|(file, _)| file == name).unwrap().1
}

#[test]
fn models_of_both_kinds_of_trees_are_read() {
    let model = read(&file("binary_text.json"), &Limits::default()).unwrap();
    assert_eq!(model.labels, ["no", "yes"].map(|text| Label::Text(text.to_owned())));
    assert_eq!(model.loss.as_deref(), Some("Logloss"));
    assert_eq!((model.n_features, model.trees.len(), model.bias.len()), (6, 4, 1));
    assert!(matches!(model.trees[0], Tree::Oblivious { .. }));
    let model = read(&file("lossguide_multi.json"), &Limits::default()).unwrap();
    assert_eq!(model.bias.len(), 3);
    let Tree::Deep { nodes, values } = &model.trees[0] else { panic!("deep") };
    assert_eq!(values.len() / 3, nodes.len() / 2 + 1);
}

#[test]
fn other_features_and_the_binary_form_are_refused_by_name() {
    let error = read(&file("category.json"), &Limits::default()).unwrap_err().to_string();
    assert_eq!(
        error,
        "`features_info.categorical_features`: a CatBoost model with `categorical_features` is not \
         supported: train on numeric features and save with `save_model(path, format=\"json\")`"
    );
    let error = read(b"CBM1....", &Limits::default()).unwrap_err().to_string();
    assert!(error.starts_with("the file: CatBoost's binary form (.cbm) is not supported"));
}

#[test]
fn damaged_files_give_errors_or_models() {
    for name in ["multi.json", "lossguide.json"] {
        mutate(&file(name), 500, |bytes| drop(read(bytes, &Limits::default())));
    }
}
