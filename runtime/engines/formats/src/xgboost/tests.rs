//! Models in each container, and files that are not sound.

use super::*;
use crate::test_corpus::{mutate, read_all};

#[test]
fn all_forms_of_a_model_are_the_same_model() {
    let mut n_files = 0;
    for version in ["0.82", "1.4.2", "1.7.6", "2.1.4", "3.2.0"] {
        let mut first: Option<(String, Model)> = None;
        for (name, bytes) in read_all("xgboost", version) {
            let Some((stem, _)) = name.rsplit_once('.') else { continue };
            if stem == "answers" {
                continue;
            }
            n_files += 1;
            let model = read(&bytes, &Limits::default())
                .unwrap_or_else(|error| panic!("{version}/{name}: {error}"));
            let Some((_, other)) = first.as_ref().filter(|(other, _)| other == stem) else {
                first = Some((stem.to_owned(), model));
                continue;
            };
            let other = other.clone();
            assert_eq!(comparable(other), comparable(model), "{version}/{name}");
        }
    }
    assert!(n_files > 400, "{n_files} files");
}

/// A model without what the binary form lacks.
fn comparable(mut model: Model) -> String {
    if model.objective == "reg:linear" {
        // The old name, which later versions write in JSON as the new one.
        model.objective = "reg:squarederror".to_owned();
    }
    model.attributes.clear();
    model.feature_types.clear();
    model.feature_names.clear();
    if let Booster::Trees(ensemble) = &mut model.booster {
        ensemble.n_parallel_trees = None;
    }
    // Texts: what is no number differs from itself.
    format!("{model:?}")
}

#[test]
fn trees_that_are_none_are_refused() {
    let tree = |left: &str, right: &str, feature: u32| {
        format!(
            r#"{{"version":[1,7,6],"learner":{{"attributes":{{}},"feature_names":[],
            "feature_types":[],"learner_model_param":{{"base_score":"5E-1","num_class":"0",
            "num_feature":"2"}},"objective":{{"name":"reg:squarederror"}},"gradient_booster":{{
            "name":"gbtree","model":{{"gbtree_model_param":{{"num_trees":"1"}},"tree_info":[0],
            "trees":[{{"tree_param":{{"num_nodes":"3"}},"left_children":{left},
            "right_children":{right},"split_indices":[{feature},0,0],
            "split_conditions":[0.5,1.5,2.5],"default_left":[1,0,0]}}]}}}}}}}}"#
        )
    };
    let whole = read(tree("[1,-1,-1]", "[2,-1,-1]", 1).as_bytes(), &Limits::default()).unwrap();
    let Booster::Trees(ensemble) = &whole.booster else { panic!("trees") };
    assert_eq!(ensemble.trees[0].leaves, [1.5, 2.5]);
    let at = "`learner.gradient_booster.model.trees[0] node 0`";
    let cases = [
        (
            tree("[0,-1,-1]", "[2,-1,-1]", 1),
            "expected one way to each node, got another way to node 0",
        ),
        (
            tree("[2,-1,-1]", "[2,-1,-1]", 1),
            "expected one way to each node, got another way to node 2",
        ),
        (tree("[1,-1,-1]", "[3,-1,-1]", 1), "expected a node below 3, got 3"),
        (tree("[1,-1,-1]", "[-2,-1,-1]", 1), "expected a node below 3, got -2"),
        (tree("[1,-1,-1]", "[2,-1,-1]", 2), "expected a feature below 2, got 2"),
    ];
    for (text, message) in cases {
        let error = read(text.as_bytes(), &Limits::default()).unwrap_err().to_string();
        assert_eq!(error, format!("{at}: {message}"));
    }
}

#[test]
fn best_rounds_are_counted_in_trees() {
    let n_trees = |version: &str, name: &str| {
        let files = read_all("xgboost", version);
        let (_, bytes) = files.iter().find(|(file, _)| file == name).unwrap();
        let model = read(bytes, &Limits::default()).unwrap();
        (model.best_iteration().unwrap(), model.n_trees_of(model.best_iteration().unwrap() + 1))
    };
    // Two trees for each of three classes.
    for (version, name) in [
        ("0.82", "early_forest_multi.bst"),
        ("1.4.2", "early_forest_multi.json"),
        ("1.7.6", "early_forest_multi.bst"),
        ("1.7.6", "early_forest_multi.ubj"),
        ("3.2.0", "early_forest_multi.ubj"),
    ] {
        let (best, n_trees) = n_trees(version, name);
        assert_eq!(n_trees, (best + 1) * 6, "{version}");
    }
}

#[test]
fn categories_of_the_training_frame_are_kept_where_files_have_them() {
    let read_frame = |version: &str| {
        let files = read_all("xgboost", version);
        let (_, bytes) = files.iter().find(|(file, _)| file == "category_frame.ubj").unwrap();
        read(bytes, &Limits::default()).unwrap()
    };
    let texts = ["v", "w", "x", "y", "z"].map(str::to_owned).to_vec();
    let mut expected = vec![Categories::None; 6];
    expected[0] = Categories::Texts(texts);
    let model = read_frame("3.2.0");
    assert_eq!(model.categories, expected);
    assert_eq!(model.feature_types[0], "c");
    assert_eq!(read_frame("2.1.4").categories, []);
}

#[test]
fn damaged_files_give_errors_or_models() {
    for (version, name) in [
        ("0.82", "softprob.bst"),
        ("1.4.2", "dart_binary.json"),
        ("1.7.6", "category.ubj"),
        ("1.7.6", "linear_multi.bst"),
        ("3.2.0", "multi_target_vector.ubj"),
        ("3.2.0", "category_frame.json"),
    ] {
        let files = read_all("xgboost", version);
        let (_, bytes) = files.iter().find(|(file, _)| file == name).unwrap();
        mutate(bytes, 400, |bytes| drop(read(bytes, &Limits::default())));
    }
}
