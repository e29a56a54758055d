//! Which models are found in which trees.

mod any;
mod folder;

use super::*;

/// A tree of names and texts.
fn tree(files: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::new(files.iter().map(|(name, _)| (*name).to_owned()));
    let wanted: Vec<String> = tree.wanted().map(str::to_owned).collect();
    for name in wanted {
        let text = files.iter().find(|(other, _)| *other == name).expect("it is one of them").1;
        tree.put(&name, Ok(text.as_bytes().to_vec()));
    }
    tree
}

/// What is found, a line for each model, version and problem: a version with `*` is served, one with
/// `!` is meant by default.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    shown(&find(&tree(files)))
}

fn shown(found: &Found) -> Vec<String> {
    let mut lines = Vec::new();
    for model in &found.models {
        lines.push(model.name.clone());
        let chosen = model.chosen();
        for version in &model.versions {
            let mark = if model.default_version() == Some(version) {
                '!'
            } else if chosen.contains(&version) {
                '*'
            } else {
                ' '
            };
            let file = version.file.as_ref().map_or(String::new(), |file| format!(" + {file}"));
            lines.push(format!("{mark} {} {}{file}", version.version, version.path));
        }
        lines.extend(model.problems.iter().map(ToString::to_string));
    }
    lines.extend(found.problems.iter().map(ToString::to_string));
    lines
}

fn names(names: &[&'static str]) -> Vec<(&'static str, &'static str)> {
    names.iter().map(|name| (*name, "")).collect()
}

#[test]
fn versions_are_folders_with_numbers_for_names() {
    let files = names(&[
        "iris/10/model.onnx",
        "iris/2/model.joblib",
        "iris/2/notes/readme.txt",
        "iris/labels.txt",
        "iris/extra/model.onnx",
    ]);
    assert_eq!(found(&files), ["iris", "  2 iris/2", "! 10 iris/10"]);
}

#[test]
fn a_folder_without_versions_is_one_model() {
    let files =
        names(&["digits/model.onnx", "mlflow/MLmodel", "mlflow/model.pkl", "wine/w.joblib"]);
    assert_eq!(
        found(&files),
        ["digits", "!  digits", "mlflow", "!  mlflow", "wine", "!  wine + w.joblib"]
    );
}

#[test]
fn versions_of_tensorflow_serving_lose_their_zeros_and_keep_their_folders() {
    let files = names(&["a/00000123/model.onnx", "a/00000045/model.onnx", "a/0/model.onnx"]);
    assert_eq!(found(&files), ["a", "  0 a/0", "  45 a/00000045", "! 123 a/00000123"]);
}

#[test]
fn a_configuration_of_triton_chooses_versions_and_file() {
    let config = "platform: 'onnxruntime_onnx' version_policy { specific { versions: [1, 2] } } \
                  default_model_filename: 'net.onnx'";
    let files = [
        ("iris/config.pbtxt", config),
        ("iris/1/net.onnx", ""),
        ("iris/2/net.onnx/model.onnx", ""),
        ("iris/2/net.onnx/weights.bin", ""),
        ("iris/3/net.onnx", ""),
        ("iris/04/net.onnx", ""),
        ("iris/5/model.onnx", ""),
    ];
    assert_eq!(
        found(&files),
        [
            "iris",
            "* 1 iris/1 + net.onnx",
            "! 2 iris/2/net.onnx",
            "  3 iris/3 + net.onnx",
            "model repository: `iris/04`: expected a number without leading zeros, as Triton has \
             it, got `04`: is left out",
            "model repository: `iris/5`: expected the file `net.onnx`, got `model.onnx`",
        ]
    );
}

#[test]
fn a_folder_called_like_the_file_holds_the_model() {
    let files = names(&["a/1/model.onnx/model.onnx", "a/1/model.onnx/weights.bin"]);
    assert_eq!(found(&files), ["a", "! 1 a/1/model.onnx"]);
}

#[test]
fn settings_of_mlserver_name_the_file() {
    let files = [
        ("wine/model-settings.json", r#"{"parameters": {"uri": "./w.bin", "version": "v1"}}"#),
        ("wine/w.bin", ""),
        (
            "iris/model-settings.json",
            r#"{"name": "iris", "implementation": "mlserver_sklearn.SKLearnModel"}"#,
        ),
        ("iris/model.joblib", ""),
        ("shared/model-settings.json", r#"{"parameters": {"uri": "../wine"}}"#),
        ("gone/model-settings.json", r#"{"parameters": {"uri": "./model.joblib"}}"#),
        ("out/model-settings.json", r#"{"parameters": {"uri": "../../model.joblib"}}"#),
        ("far/model-settings.json", r#"{"parameters": {"uri": "/mnt/far/model.joblib"}}"#),
    ];
    let outside = "which is outside: put the model into the repository, or serve it by `--also`";
    assert_eq!(
        found(&files),
        [
            "far",
            &format!(
                "model repository: `far`: `parameters.uri`: expected a file or folder in the \
                 repository, got `/mnt/far/model.joblib`, {outside}"
            ),
            "gone",
            "model repository: `gone`: `parameters.uri`: expected a file or folder in the \
             repository, got `./model.joblib`, and beside it is `model-settings.json`",
            "iris",
            "!  iris",
            "out",
            &format!(
                "model repository: `out`: `parameters.uri`: expected a file or folder in the \
                 repository, got `../../model.joblib`, {outside}"
            ),
            "shared",
            "model repository: `shared`: expected `model.onnx`, another `.onnx` file, one of \
             `MLmodel`, `model.joblib`, `model.pickle`, `model.pkl`, `model.skops`, `model.bst`, \
             `model.json`, `model.ubj`, `model.xgb`, `model.lgb`, `model.txt`, `saved_model.pb`, \
             or one file with such an ending, got `model-settings.json`, `w.bin`",
            "wine",
            "! v1 wine + w.bin",
        ]
    );
}

#[test]
fn settings_of_mlserver_make_versions_wherever_they_lie() {
    let settings = |name: &str, version: &str| {
        format!(r#"{{"name": "{name}", "parameters": {{"version": "{version}"}}}}"#)
    };
    let (v2, v10) = (settings("wine", "v2"), settings("wine", "v10"));
    let files = [
        ("wine/a/model-settings.json", v2.as_str()),
        ("wine/a/model.joblib", ""),
        ("wine/b/model-settings.json", &v10),
        ("wine/b/model.joblib", ""),
        ("iris/1/model-settings.json", "{}"),
        ("iris/1/model.joblib", ""),
        ("iris/2/model-settings.json", "{"),
        ("iris/2/model.joblib", ""),
        ("iris/3/model.joblib", ""),
        ("team/digits/model-settings.json", "{}"),
        ("team/digits/model.joblib", ""),
        ("mush-1/model-settings.json", &settings("mush", "1")),
        ("mush-1/model.bst", ""),
        ("mush-2/model-settings.json", &settings("mush", "2")),
        ("mush-2/model.bst", ""),
        ("mush-3/model-settings.json", &settings("mush", "2")),
        ("mush-3/model.bst", ""),
    ];
    assert_eq!(
        found(&files),
        [
            "digits",
            "!  team/digits",
            "iris",
            "* 1 iris/1",
            "! 3 iris/3",
            "model repository: `iris/2/model-settings.json`: expected a JSON object: EOF while \
             parsing an object at line 1 column 1",
            "mush",
            "* 1 mush-1",
            "! 2 mush-2",
            "model repository: `mush-3`: expected a name and version of its own, got `mush` and \
             `2`, which are those of `mush-2`: is left out",
            "wine",
            "* v2 wine/a",
            "! v10 wine/b",
        ]
    );
}

#[test]
fn a_single_model_of_mlserver_may_lie_at_the_top() {
    let named = [("model-settings.json", r#"{"name": "iris"}"#), ("model.joblib", "")];
    assert_eq!(found(&named), ["iris", "!  "]);
    let unnamed = [("model-settings.json", "{}"), ("model.joblib", "")];
    assert_eq!(
        found(&unnamed),
        [
            "model repository: `model-settings.json`: expected a `name`, got none, and no folder \
             that gives one: set it, or put the model into a folder of its name",
            "model repository: expected a folder for each model, with files in it, got \
             `model-settings.json`, `model.joblib`",
        ]
    );
}

#[test]
fn our_settings_label_versions_and_come_first() {
    let files = [
        (
            "iris/config.pbtxt",
            "version_policy { latest { num_versions: 1 } } max_batch_size: 2 input { }",
        ),
        (
            "iris/radiant.yaml",
            "{versions: {latest: 2}, labels: {stable: 1, canary: 4}, default: stable, engine: rten}",
        ),
        ("iris/1/model.onnx", ""),
        ("iris/2/model.onnx", ""),
        ("iris/3/model.onnx", ""),
        ("iris/4/model.onnx", ""),
    ];
    let listed = find(&tree(&files));
    assert_eq!(shown(&listed), ["iris", "! 1 iris/1", "  2 iris/2", "* 3 iris/3", "* 4 iris/4"]);
    let iris = &listed.models[0];
    assert_eq!(iris.settings.engine.as_deref(), Some("rten"));
    assert_eq!(iris.settings.queue.batch_rows_max, Some(2));
    assert_eq!(iris.settings.ignored.len(), 1);
    assert_eq!(iris.version("canary").map(|found| found.version.as_str()), Some("4"));
    assert_eq!(iris.version("2").map(|found| found.version.as_str()), Some("2"));
    assert_eq!(iris.version("stale"), None);
}

#[test]
fn names_of_versions_that_are_not_there_are_told_and_dropped() {
    let settings = "{versions: [1, 7], labels: {stable: 1, canary: 9, b: x}, default: beta}";
    let files = [
        ("iris/radiant.yaml", settings),
        ("iris/1/model.onnx", ""),
        ("iris/2/model.onnx", ""),
        ("one/radiant.json", r#"{"labels": {"stable": "1"}}"#),
        ("one/model.onnx", ""),
    ];
    let listed = find(&tree(&files));
    let iris = "model repository: `iris`: ";
    let versions = "one of the versions `2`, `1`";
    assert_eq!(
        shown(&listed),
        [
            "iris",
            "! 1 iris/1",
            "  2 iris/2",
            &format!("{iris}label `b`: expected {versions}, got `x`"),
            &format!("{iris}label `canary`: expected {versions}, got `9`"),
            &format!("{iris}default: expected a label or {versions}, got `beta`"),
            &format!("{iris}versions: expected {versions}, got `7`"),
            "one",
            "!  one",
            "model repository: `one`: label `stable`: expected a folder for each version, `1/` \
             for example, got `1`",
        ]
    );
    let labels: Vec<&String> = listed.models[0].settings.labels.keys().collect();
    assert_eq!(labels, ["stable"]);
}

#[test]
fn a_model_with_wrong_settings_hides_no_other() {
    let files = [
        ("a/radiant.yaml", "labels: 1"),
        ("a/1/model.onnx", ""),
        ("b/config.pbtxt", "name: 'c'"),
        ("b/1/model.onnx", ""),
        ("c/radiant.yaml", ""),
        ("c/radiant.yml", ""),
        ("c/1/model.onnx", ""),
        ("d/radiant.yaml", "name: e"),
        ("d/1/model.onnx", ""),
        ("e/1/model.onnx", ""),
        ("f/notes.md", ""),
        ("f/src/main.rs", ""),
        ("g/1/model.plan", ""),
        ("g/2/model.onnx", ""),
    ];
    let needed = "expected `model.onnx`, another `.onnx` file, one of `MLmodel`, `model.joblib`, \
                  `model.pickle`, `model.pkl`, `model.skops`, `model.bst`, `model.json`, \
                  `model.ubj`, `model.xgb`, `model.lgb`, `model.txt`, `saved_model.pb`, or one \
                  file with such an ending, got";
    assert_eq!(
        found(&files),
        [
            "a",
            "model repository: `a/radiant.yaml`: `labels`: expected a mapping, got `1`",
            "b",
            "model repository: `b/config.pbtxt`: `name`: expected `b`, as the folder is called, or \
             none, got `c`",
            "c",
            "model repository: `c/radiant.yml`: expected one file of settings, got `radiant.yaml` \
             as well",
            "e",
            "! 1 d/1",
            "model repository: `e`: expected a name of its own, got `e`, which is that of `d`: is \
             left out",
            "f",
            &format!(
                "model repository: `f`: {needed} `src/`, `notes.md`; or a folder for each \
                 version, `1/` for example"
            ),
            "g",
            "! 2 g/2",
            &format!("model repository: `g/1`: {needed} `model.plan`"),
        ]
    );
}

#[test]
fn hidden_and_odd_names_are_left_out() {
    let files = names(&[
        ".git/config",
        "..data/iris/1/model.onnx",
        "iris/.radiant-fetch/1/model.onnx",
        "iris/1/model.onnx",
        "iris/1/",
        "iris/",
        "iris//2/model.onnx",
        "iris/3\\model.onnx",
        "",
    ]);
    let odd = "expected a name without empty parts, `\\` and NUL: is left out";
    assert_eq!(
        found(&files),
        [
            "iris",
            "! 1 iris/1",
            &format!("model repository: `iris//2/model.onnx`: {odd}"),
            &format!("model repository: `iris/3\\\\model.onnx`: {odd}"),
        ]
    );
}

#[test]
fn an_empty_repository_and_a_folder_of_one_model_say_what_is_expected() {
    assert_eq!(
        found(&[]),
        ["model repository: expected a folder for each model, with files in it, got nothing"]
    );
    let one = [("config.pbtxt", ""), ("1/model.onnx", "")];
    assert_eq!(
        found(&one),
        [
            "1",
            "!  1",
            "model repository: `config.pbtxt`: expected a folder for each model, got the settings \
             of one: give the folder that this model's folder is in",
            "model repository: expected folders with the names of models, got numbers alone: if \
             they are the versions of one model, give the folder that its folder is in",
        ]
    );
}

#[test]
fn versions_that_are_one_number_or_none_are_left_out() {
    let files = names(&["a/1/model.onnx", "a/01/model.onnx", "a/99999999999999999999/model.onnx"]);
    assert_eq!(
        found(&files),
        [
            "a",
            "! 1 a/1",
            "model repository: `a/01`: is version 1 as `a/1` is: is left out",
            "model repository: `a/99999999999999999999`: expected a number below 2^64, got \
             `99999999999999999999`: is left out",
        ]
    );
}

#[test]
fn texts_that_cannot_be_read_are_a_problem_of_their_model() {
    let mut tree =
        Tree::new(["a/radiant.yaml", "a/model.onnx", "b/radiant.yaml"].map(String::from));
    tree.put("a/radiant.yaml", Ok(vec![0xff]));
    tree.put("b/radiant.yaml", Err("cannot be read: no".to_owned()));
    assert_eq!(
        shown(&find(&tree)),
        [
            "a",
            "model repository: `a/radiant.yaml`: expected UTF-8, got invalid utf-8 sequence of 1 \
             bytes from index 0",
            "b",
            "model repository: `b/radiant.yaml`: cannot be read: no",
        ]
    );
}
