//! Help, completions, manual pages, and versions.

use std::path::Path;

use crate::program::run;

const HERE: &str = ".";

#[test]
fn each_command_has_help_with_examples() {
    for command in ["init", "validate", "schema", "completion", "man", "version"] {
        let said = run(Path::new(HERE), &[command, "--help"]);
        assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{command}");
        let usage = format!("Usage: radiant-deploy {command}");
        assert!(said.stdout.contains(&usage), "{}", said.stdout);
        assert!(said.stdout.contains("Examples:\n  # "), "{}", said.stdout);
    }
}

#[test]
fn wrong_usage_has_exit_code_2() {
    for arguments in
        [&["completion", "tcsh"][..], &["validate", "--no-such"], &["inits"], &["man", "a", "b"]]
    {
        let said = run(Path::new(HERE), arguments);
        assert_eq!((said.code, said.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(said.stderr.starts_with("error: "), "{}", said.stderr);
    }
}

#[test]
fn shells_get_their_scripts() {
    for (shell, expected) in [
        ("bash", "complete -F _radiant__deploy"),
        ("zsh", "#compdef radiant-deploy"),
        ("fish", "complete -c radiant-deploy"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let said = run(Path::new(HERE), &["completion", shell]);
        assert_eq!(said.code, 0, "{shell}");
        assert!(said.stdout.contains(expected) && said.stdout.contains("validate"), "{shell}");
    }
}

#[test]
fn each_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let said = run(folder.path(), &["man"]);
    assert!(said.code == 0 && said.stdout.contains(".TH radiant-deploy 1"), "{}", said.stdout);
    let said = run(folder.path(), &["man", "man1"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(said.stdout.lines().any(|line| line == "man1/radiant-deploy-validate.1"), "{said:?}");
    for line in said.stdout.lines() {
        let page = std::fs::read_to_string(folder.path().join(line)).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{line}");
    }
    std::fs::write(folder.path().join("file"), "").unwrap();
    let said = run(folder.path(), &["man", "file/man1"]);
    assert!(said.code == 1 && said.stderr.contains("file/man1"), "{said:?}");
}

#[test]
fn versions_are_for_people_and_programs() {
    let version = env!("CARGO_PKG_VERSION");
    let said = run(Path::new(HERE), &["version", "--client"]);
    assert_eq!((said.code, said.stdout), (0, format!("radiant-deploy {version}\n")));
    let said = run(Path::new(HERE), &["version", "--client", "-o", "json"]);
    let document: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(document["schema"], "radiant/version/v1");
    assert_eq!(document["client"]["version"], version);
}

#[test]
fn the_schema_is_the_published_one() {
    let said = run(Path::new(HERE), &["schema"]);
    let published = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/radiant.schema.json");
    assert_eq!(said.stdout, std::fs::read_to_string(published).unwrap());
}
