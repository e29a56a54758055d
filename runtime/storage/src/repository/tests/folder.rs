//! Trees of folders on this machine.

use std::fs;

use super::*;

#[cfg(unix)]
#[test]
fn a_mounted_volume_is_read_through_its_links() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("..2024_01_01");
    fs::create_dir_all(data.join("iris/1")).unwrap();
    fs::write(data.join("iris/1/model.onnx"), "x").unwrap();
    fs::write(data.join("iris/radiant.yaml"), "labels: {stable: 1}").unwrap();
    let link =
        |to: &str, from: &str| std::os::unix::fs::symlink(to, root.path().join(from)).unwrap();
    link("..2024_01_01", "..data");
    link("..data/iris", "iris");
    link("nowhere", "gone");
    let uri = root.path().join("wine/model.joblib");
    fs::create_dir(root.path().join("wine")).unwrap();
    fs::write(&uri, "x").unwrap();
    let settings = format!(r#"{{"parameters": {{"uri": "{}"}}}}"#, uri.display());
    fs::write(root.path().join("wine/model-settings.json"), settings).unwrap();
    let listed = find(&Tree::read(root.path()).unwrap());
    assert_eq!(
        shown(&listed),
        [
            "iris",
            "! 1 iris/1",
            "wine",
            "!  wine + model.joblib",
            "model repository: `gone`: expected a file, got a link to nothing: is left out",
        ]
    );
    assert_eq!(listed.models[0].settings.labels["stable"], "1");
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_are_left_out() {
    let root = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        fs::create_dir(root.path().join(name)).unwrap();
        fs::write(root.path().join(name).join("model.onnx"), "x").unwrap();
    }
    let link =
        |to: &str, from: &str| std::os::unix::fs::symlink(to, root.path().join(from)).unwrap();
    link("..", "a/up");
    link("../b", "a/other");
    link("../a", "b/other");
    let circle = "expected a folder, got a link to one that it is in: is left out";
    let mut lines = shown(&find(&Tree::read(root.path()).unwrap()));
    lines.sort();
    assert_eq!(
        lines,
        [
            "!  a".to_owned(),
            "!  b".to_owned(),
            "a".to_owned(),
            "b".to_owned(),
            format!("model repository: `a/other/other`: {circle}"),
            format!("model repository: `a/up`: {circle}"),
            format!("model repository: `b/other/other`: {circle}"),
            format!("model repository: `b/other/up`: {circle}"),
        ]
    );
}

#[test]
fn a_repository_that_is_not_there_is_an_error() {
    let error = Tree::read(std::path::Path::new("/no/such/repository")).unwrap_err().to_string();
    assert!(error.starts_with("cannot read `/no/such/repository`: "), "{error}");
}
