//! Flags are explained, and the commands that stand in scripts, workflows and pages are accepted.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;

/// All commands with those below them.
fn all() -> Vec<clap::Command> {
    let mut root = command();
    root.build();
    let (mut all, mut at) = (vec![root], 0);
    while let Some(command) = all.get(at) {
        let below: Vec<clap::Command> = command.get_subcommands().cloned().collect();
        all.extend(below.into_iter().filter(|it| it.get_name() != "help"));
        at += 1;
    }
    all
}

#[test]
fn the_first_line_of_each_flag_fits_and_has_no_stop() {
    for command in all() {
        for argument in command.get_arguments() {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            let id = argument.get_id();
            assert!(!help.is_empty() && help.len() <= 80, "{id}: `{help}`");
            assert!(!help.ends_with('.'), "{id}: `{help}`");
        }
    }
}

/// The commands of a text that call this program, with what is continued on the next line.
fn commands(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let calls = joined.lines().flat_map(|line| line.split(" | ")).filter_map(|command| {
        let command = command.trim().trim_start_matches("dist/");
        // A file for its output, or a comment, may stand behind.
        let call = command.split(" # ").next().and_then(|call| call.split(" > ").next());
        call.filter(|call| call.starts_with("radiant-deploy ")).map(|call| call.trim().to_owned())
    });
    calls.collect()
}

/// Splits a command as a shell does, with a word where the shell or the forge puts a value.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut depth) = (Vec::new(), String::new(), None, 0_usize);
    let mut letters = command.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '$' if matches!(letters.peek(), Some('(' | '{')) => {
                letters.next();
                depth += 1;
                word.push_str("value");
            }
            '(' | '{' if depth > 0 => depth += 1,
            ')' | '}' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            '"' | '\'' if quote.is_none() => quote = Some(letter),
            _ if quote == Some(letter) => quote = None,
            ' ' if quote.is_none() => words.extend(Some(std::mem::take(&mut word))),
            other => word.push(other),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn commands_are_split_as_a_shell_does() {
    let command = r#"radiant-deploy push a "$(echo "b c" (d))" '${{ e }}:1' --x "f g$h""#;
    let expected = ["radiant-deploy", "push", "a", "value", "value:1", "--x", "f g$h"];
    assert_eq!(words(command), expected);
}

/// Files of the tree that call this program, and how many calls there are at least.
fn files() -> Vec<(PathBuf, usize)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    [
        (".github/workflows/release.yml", 4),
        ("images/rootfs", 1),
        ("README.md", 1),
        ("images/README.md", 6),
    ]
    .map(|(name, n)| (root.join(name), n))
    .into()
}

#[test]
fn what_scripts_workflows_and_pages_type_is_accepted() {
    let mut texts: Vec<(String, String, usize)> = files()
        .into_iter()
        .map(|(path, n)| (path.display().to_string(), fs::read_to_string(path).unwrap(), n))
        .collect();
    for command in all() {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        // A shell's own words stand before the name of this program there.
        let help = help.replace("<(radiant-deploy", "\nradiant-deploy").replace("bash)", "bash");
        texts.push((format!("the help of {}", command.get_name()), help, 1));
    }
    for (place, text, n_at_least) in texts {
        let calls = commands(&text);
        assert!(calls.len() >= n_at_least, "{place}: {calls:?}");
        for call in calls {
            let parsed = read(words(&call));
            assert!(parsed.is_ok(), "{place}: `{call}`: {}", parsed.unwrap_err());
        }
    }
}

/// The namespace that a command is asked in, as it stands in its own arguments.
fn namespace(line: &str) -> Option<String> {
    match read(words(line)).unwrap().command {
        Command::Get(args) => args.cluster.namespace,
        Command::Rollout(args) => match args.command {
            RolloutCommand::Status(args) => args.cluster.namespace,
            other => panic!("{other:?}"),
        },
        Command::Rbac(args) => Some(args.namespace),
        _ => None,
    }
}

#[test]
fn which_cluster_is_said_before_the_command_or_behind_it() {
    for line in [
        "radiant-deploy -n ml get",
        "radiant-deploy get -n ml",
        "radiant-deploy -n other get -n ml",
        "radiant-deploy -n ml rollout status fraud",
        "radiant-deploy rollout -n ml status fraud",
        "radiant-deploy --context c -n ml rbac",
    ] {
        assert_eq!(namespace(line).as_deref(), Some("ml"), "{line}");
    }
    assert_eq!(namespace("radiant-deploy get"), None);
    assert_eq!(namespace("radiant-deploy rbac").as_deref(), Some("default"));
}

#[test]
fn commands_that_ask_no_cluster_take_it_and_do_not_tell_of_it() {
    let alias = "radiant-deploy -n ml --context prod --kubeconfig k --request-timeout 5s";
    for line in ["build iris.onnx -t iris:1", "validate", "schema", "config get-contexts", "run"] {
        let read = read(words(&format!("{alias} {line}")));
        assert!(read.is_ok(), "{line}: {}", read.unwrap_err());
    }
    let mut command = command();
    let help = |command: &mut clap::Command, name: &str| {
        command.find_subcommand_mut(name).unwrap().render_long_help().to_string()
    };
    assert!(help(&mut command, "get").contains("--request-timeout"));
    assert!(!help(&mut command, "build").contains("--request-timeout"));
    assert!(command.render_help().to_string().contains("--namespace"));
}
