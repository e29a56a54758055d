//! What is typed arrives, and every option is documented.

use radiant_server::config::Flags;

use super::*;

fn parsed(arguments: &[&str]) -> Command {
    let arguments = std::iter::once("radiant").chain(arguments.iter().copied());
    parse(arguments.map(OsString::from).collect()).expect("the arguments are right")
}

#[test]
fn the_parser_is_consistent() {
    command().debug_assert();
}

#[test]
fn no_arguments_serve_and_a_uri_with_an_absolute_folder_fetches() {
    assert!(matches!(parsed(&[]), Command::Serve(_)));
    let Command::Fetch(fetch) = parsed(&["s3://bucket/iris", "/mnt/models"]) else {
        panic!("a URI and an absolute folder fetch")
    };
    assert_eq!(
        (fetch.uri.as_str(), fetch.folder.as_path()),
        ("s3://bucket/iris", "/mnt/models".as_ref())
    );
    assert!(matches!(parsed(&["check", "/mnt/models"]), Command::Check(_)));
    assert!(matches!(parsed(&["serve", "/mnt/models"]), Command::Serve(_)));
    let wrong = completed(["radiant", "a", "relative"].map(OsString::from).to_vec());
    assert_eq!(wrong.len(), 3);
}

#[test]
fn flags_reach_the_configuration_as_they_were_typed() {
    let arguments = ["serve", "m.onnx", "--http-port", "0", "--bind-early", "--access-log=false"];
    let Command::Serve(serve) = parsed(&arguments) else { panic!("serve was typed") };
    let flags = Flags::from(*serve);
    assert_eq!(flags.model.as_deref(), Some("m.onnx"));
    assert_eq!(flags.http_port.as_deref(), Some("0"));
    assert_eq!(flags.bind_early.as_deref(), Some("true"));
    assert_eq!(flags.access_log.as_deref(), Some("false"));
    assert_eq!(flags.keep_alive, None);
    assert_eq!(flags.also, Vec::<String>::new());

    let arguments = ["serve", "--also", "a=a.onnx", "--also=b=s3://x/b,1", "m.onnx"];
    let Command::Serve(serve) = parsed(&arguments) else { panic!("serve was typed") };
    let flags = Flags::from(*serve);
    assert_eq!(flags.also, ["a=a.onnx", "b=s3://x/b,1"]);
    assert_eq!(flags.model.as_deref(), Some("m.onnx"));
}

#[test]
fn every_option_is_a_flag_with_its_variable_and_a_short_first_line() {
    let command = command();
    let serve = command.find_subcommand("serve").expect("serve is a command");
    let ours = env::ALL.iter().filter(|variable| variable.origin == env::Origin::Ours);
    for variable in ours {
        let id = variable.name.trim_start_matches("RADIANT_").to_lowercase();
        let arg = serve.get_arguments().find(|arg| arg.get_id().as_str() == id);
        let arg = arg.unwrap_or_else(|| panic!("{id} is a flag"));
        let long = arg.get_long_help().expect("the flag has help").to_string();
        assert!(long.contains(&format!("[env: {}]", variable.name)), "{id}: {long}");
    }
    for command in command.get_subcommands() {
        for arg in command.get_arguments() {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            let id = arg.get_id();
            assert!(help.len() <= 80 && !help.ends_with('.'), "{id}: {help}");
        }
    }
}

#[test]
fn the_version_lists_the_engines_that_this_build_has() {
    let listed = version();
    assert!(listed.starts_with(env!("CARGO_PKG_VERSION")), "{listed}");
    let engines = listed.split_once("(engines: ").and_then(|(_, end)| end.strip_suffix(')'));
    let engines: Vec<&str> = engines.expect("engines are listed").split(", ").collect();
    let model = crate::engines::ModelFile::read(
        &std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/models/iris/model.onnx"),
        &[],
    );
    let crate::engines::Content::Onnx(model) = model.expect("it is a model").content else {
        panic!("it is a graph")
    };
    for choice in engines::Choice::ENGINES {
        let options = engines::Options { choice, ..engines::Options::default() };
        let refusal = engines::load_model(&model, &options).err();
        let is_lacking = refusal
            .is_some_and(|error| format!("{error:#}").contains("this build of radiant has no"));
        assert_eq!(engines.contains(&choice.to_string().as_str()), !is_lacking, "{choice}");
    }
}
