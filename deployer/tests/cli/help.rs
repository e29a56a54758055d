//! Help, completions, manual pages, and versions.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::filter::Filter;
use crate::program::run;
use crate::transcript::{compare, said};
use crate::world::World;

const HERE: &str = ".";
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/help");
/// How wide a terminal is where nothing else is known.
const WIDTH: usize = 80;

/// The names of the commands below one, as its help lists them.
fn below(command: &str) -> Vec<String> {
    let arguments: Vec<&str> = command.split_whitespace().chain(["-h"]).collect();
    let help = run(Path::new(HERE), &arguments).stdout;
    let list = help.split_once("\nCommands:\n").map_or("", |(_, rest)| rest);
    let lines = list.lines().take_while(|line| !line.is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next()).filter(|it| *it != "help");
    names.map(|name| format!("{command} {name}").trim().to_owned()).collect()
}

/// All commands with those below them, the program itself as an empty name.
fn tree() -> Vec<String> {
    let mut all = vec![String::new()];
    let mut at = 0;
    while let Some(command) = all.get(at) {
        all.extend(below(command));
        at += 1;
    }
    all
}

/// The commands that have none below them.
pub(crate) fn leaves() -> Vec<String> {
    let all = tree();
    let has_below = |name: &String| all.iter().any(|it| it.starts_with(&format!("{name} ")));
    all.iter().filter(|name| !name.is_empty() && !has_below(name)).cloned().collect()
}

/// What a command says of itself, in short and at length.
fn help(world: &World, command: &str) -> String {
    let filter = Filter::of(world);
    let texts = ["-h", "--help"].map(|flag| {
        let line = format!("radiant-deploy {command} {flag}").replace("  ", " ");
        format!("$ {line}\n{}", said(&world.run(&line), &filter))
    });
    texts.join("\n")
}

#[test]
fn each_command_has_the_help_that_stands_in_its_file() {
    let world = World::named("no cluster");
    let mut wrong = Vec::new();
    let mut files = BTreeSet::new();
    for command in tree() {
        let name = if command.is_empty() {
            "radiant-deploy".to_owned()
        } else {
            command.replace(' ', "-")
        };
        let path = Path::new(ROOT).join(format!("{name}.txt"));
        wrong.extend(compare(&path, &help(&world, &command)));
        files.insert(path);
    }
    assert!(wrong.is_empty(), "`UPDATE_GOLDEN=1 cargo test` writes it anew: {wrong:#?}");
    let there: BTreeSet<_> = fs::read_dir(ROOT).unwrap().map(|it| it.unwrap().path()).collect();
    assert_eq!(there, files, "a command that is gone has no help");
}

#[test]
fn help_fits_a_terminal_and_ends_with_examples() {
    for command in tree() {
        let arguments: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let said =
            World::named("no cluster").run(&format!("radiant-deploy {}", arguments.join(" ")));
        let text = String::from_utf8(said.stdout).unwrap();
        for line in text.lines() {
            assert!(line.chars().count() <= WIDTH, "{command}: `{line}`");
        }
        let usage = format!("Usage: radiant-deploy {command}");
        assert!(
            text.contains(usage.trim()) && text.contains("\nExamples:\n  # "),
            "{command}: {text}"
        );
    }
}

/// The codes of a text, each with what it means: those of the help or of the page.
fn meanings(lines: impl Iterator<Item = (String, String)>) -> Vec<(u8, String)> {
    lines.map(|(code, meaning)| (code.parse().unwrap(), meaning)).collect()
}

#[test]
fn the_help_lists_the_exit_codes_of_the_page() {
    let help = run(Path::new(HERE), &["--help"]).stdout;
    let list = help.split_once("\nExit codes:\n").unwrap().1;
    let of_help = meanings(list.lines().take_while(|line| !line.is_empty()).map(|line| {
        let (code, meaning) = line.trim().split_once(' ').unwrap();
        (code.to_owned(), meaning.trim().to_owned())
    }));
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/deploy.md");
    let page = fs::read_to_string(page).unwrap();
    let table = page.split_once("\n## Exit codes\n").unwrap().1.split("\n## ").next().unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let rows = rows.filter_map(|row| row.split_once(" | "));
    let of_page = meanings(
        rows.filter(|(code, _)| code.parse::<u8>().is_ok())
            .map(|(code, meaning)| (code.to_owned(), meaning.to_owned())),
    );
    assert_eq!(of_help, of_page);
    assert_eq!(of_help.len(), 13);
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
        assert!(said.code == 0 && said.stdout.contains(expected), "{shell}: {said:?}");
        for command in leaves() {
            let last = command.split(' ').next_back().unwrap();
            assert!(said.stdout.contains(last), "{shell} does not know `{command}`");
        }
    }
}

#[test]
fn each_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let said = run(folder.path(), &["man"]);
    assert!(said.code == 0 && said.stdout.contains(".TH radiant-deploy 1"), "{}", said.stdout);
    let said = run(folder.path(), &["man", "man1"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    let expected: BTreeSet<String> = tree()
        .iter()
        .map(|command| {
            format!("man1/{}.1", format!("radiant-deploy {command}").trim().replace(' ', "-"))
        })
        .collect();
    assert_eq!(said.stdout.lines().map(str::to_owned).collect::<BTreeSet<_>>(), expected);
    for line in said.stdout.lines() {
        let page = fs::read_to_string(folder.path().join(line)).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{line}");
    }
    fs::write(folder.path().join("file"), "").unwrap();
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
    assert_eq!(said.stdout, fs::read_to_string(published).unwrap());
}
