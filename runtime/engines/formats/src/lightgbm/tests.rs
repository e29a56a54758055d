//! Models that are sound, and texts that are not.

use super::*;
use crate::test_corpus::{mutate, read_all};

fn file(version: &str, name: &str) -> Vec<u8> {
    let files = read_all("lightgbm", version);
    files.into_iter().find(|(file, _)| file == name).unwrap().1
}

#[test]
fn all_versions_are_read() {
    for version in ["2.3.1", "3.2.1", "3.3.5", "4.3.0", "4.7.0"] {
        for (name, bytes) in read_all("lightgbm", version) {
            if name != "answers.json" {
                let model = read(&bytes, &Limits::default());
                let model = model.unwrap_or_else(|error| panic!("{version}/{name}: {error}"));
                assert_eq!(model.n_features, 6);
                assert!(!model.trees.is_empty());
            }
        }
    }
}

#[test]
fn headers_and_what_follows_the_trees_are_kept() {
    let model = read(&file("4.7.0", "category_frame.txt"), &Limits::default()).unwrap();
    let texts = ["w", "x", "y z", "ü"].map(|text| Category::Text(text.to_owned()));
    assert_eq!(model.pandas_categories, [texts]);
    let objective = model.objective.unwrap();
    assert_eq!((objective.name.as_str(), objective.parameter("sigmoid")), ("binary", Some("1")));
    let model = read(&file("3.2.1", "forest_multi.txt"), &Limits::default()).unwrap();
    assert!(model.is_average);
    assert_eq!((model.n_outputs, model.trees.len()), (3, 9));
    let model = read(&file("2.3.1", "custom.txt"), &Limits::default()).unwrap();
    assert_eq!(model.objective, None);
    let model = read(&file("4.3.0", "linear.txt"), &Limits::default()).unwrap();
    let n_terms = model.trees.iter().flat_map(|tree| &tree.linear_leaves);
    assert!(n_terms.map(|leaf| leaf.terms.len()).sum::<usize>() > 0);
}

#[test]
fn lines_may_end_as_on_windows() {
    let text = String::from_utf8(file("4.7.0", "multiclass.txt")).unwrap();
    let unix = read(text.as_bytes(), &Limits::default()).unwrap();
    let windows = read(text.replace('\n', "\r\n").as_bytes(), &Limits::default()).unwrap();
    assert_eq!(unix, windows);
}

#[test]
fn trees_that_are_none_are_refused() {
    let text = "tree\nmax_feature_idx=1\nnum_tree_per_iteration=1\n\nTree=0\nnum_leaves=3\n\
                split_feature=0 FEATURE\nthreshold=0.5 SET\ndecision_type=0 KIND\n\
                left_child=1 LEFT\nright_child=-1 -3\nleaf_value=1 2 3\ncat_boundaries=0 1\n\
                cat_threshold=5\n\nend of trees\n";
    let make = |feature: &str, set: &str, kind: &str, left: &str| {
        let text = text.replace("FEATURE", feature).replace("SET", set);
        read(text.replace("KIND", kind).replace("LEFT", left).as_bytes(), &Limits::default())
    };
    assert!(make("1", "0", "1", "-2").is_ok());
    let cases = [
        (make("2", "0", "0", "-2"), "expected features below 2 in `split_feature=`, got `2`"),
        (make("1", "1", "1", "-2"), "expected a sound split, got split 1"),
        (make("1", "nan", "0", "-2"), "expected a sound split, got split 1"),
        (make("1", "0", "12", "-2"), "expected a sound split, got split 1"),
        (
            make("1", "0", "0", "1"),
            "expected children that come after their parents, once each, got split 1 with Split(1)",
        ),
        (
            make("1", "0", "0", "-1"),
            "expected children that come after their parents, once each, got split 1 with Leaf(0)",
        ),
        (
            make("1", "0", "0", "-9"),
            "expected children that come after their parents, once each, got split 1 with Leaf(8)",
        ),
    ];
    for (model, message) in cases {
        assert_eq!(model.unwrap_err().to_string(), format!("line 5: {message}"));
    }
}

#[test]
fn truncated_files_are_refused() {
    let text = file("4.7.0", "multiclass.txt");
    let error = read(&text[..text.len() / 3], &Limits::default()).unwrap_err();
    assert!(matches!(error, FormatError::Damaged { .. }), "{error}");
}

#[test]
fn damaged_files_give_errors_or_models() {
    for (version, name) in
        [("2.3.1", "category.txt"), ("3.3.5", "linear.txt"), ("4.7.0", "multiclass.txt")]
    {
        mutate(&file(version, name), 500, |bytes| drop(read(bytes, &Limits::default())));
    }
}
