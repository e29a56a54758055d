//! Reading `radiant.yaml`, as all commands that need it do.

use std::path::Path;

use anyhow::anyhow;
use radiant_contract::EnvSource;

use crate::cli::ConfigArgs;
use crate::config::{self, ConfigErrors, Deployment, Loaded, Problem, Source};
use crate::error::{Code, Failure};
use crate::output::Printer;

/// The texts that arguments name.
///
/// Blocks on the file system.
pub(super) fn sources(args: &ConfigArgs) -> Result<Vec<Source>, Failure> {
    let n_stdin = args.files.iter().filter(|file| *file == Path::new("-")).count();
    if n_stdin > 1 {
        return Err(Failure::usage(anyhow!("`-f -`: expected it once, got it {n_stdin} times")));
    }
    args.files.iter().map(|file| Source::read(file)).collect()
}

/// The configurations that arguments name, checked; warnings are told.
///
/// # Errors
/// A file is not there, or what it says does not hold.
pub(super) fn load(
    args: &ConfigArgs,
    printer: &Printer,
    env: &dyn EnvSource,
) -> Result<Vec<Loaded>, Failure> {
    let loaded = read(&sources(args)?, args, env);
    let warnings = match &loaded {
        Ok(loaded) => loaded.iter().flat_map(|one| &one.warnings).cloned().collect(),
        Err(errors) => errors.0.clone(),
    };
    for warning in warnings.iter().filter(|problem| !problem.is_error()) {
        printer.tell(&line(warning));
    }
    Ok(loaded?)
}

/// The deployment of this name.
///
/// # Errors
/// When there is none.
pub(super) fn named(name: &str, loaded: Vec<Loaded>) -> Result<Deployment, Failure> {
    let names: Vec<String> = loaded.iter().map(|it| it.deployment.name.clone()).collect();
    let found = loaded.into_iter().find(|it| it.deployment.name == name);
    found.map(|it| it.deployment).ok_or_else(|| {
        let error = anyhow!(
            "no deployment `{name}` in the configuration: expected one of `{}`",
            names.join("`, `")
        );
        Failure::new(Code::NotFound, error).hint("name another file by `-f`")
    })
}

/// The configurations in texts, with what else arguments say.
pub(super) fn read(
    sources: &[Source],
    args: &ConfigArgs,
    env: &dyn EnvSource,
) -> Result<Vec<Loaded>, ConfigErrors> {
    let mut values = args.values.clone();
    values.extend(args.zenml_compat.then(|| "compat.zenml=true".to_owned()));
    config::load(sources, args.environment.as_deref(), &values, env)
}

/// A problem for people.
pub(super) fn line(problem: &Problem) -> String {
    let kind = if problem.is_error() { "error" } else { "warning" };
    let hint = problem.hint.as_ref().map(|hint| format!("  hint: {hint}\n"));
    format!("{kind}: {problem}\n{}", hint.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use radiant_contract::MapEnv;

    use super::*;
    use crate::output::{ColorChoice, OutputFormat, Paint};

    #[test]
    fn files_are_read_over_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let base = "{apiVersion: radiant.dev/v1, kind: Deployment, name: a, server: {image: b}}";
        let files = vec![write("a.yaml", base), write("b.yaml", "scale: {replicas: 2}")];
        let mut args =
            ConfigArgs { files, environment: None, values: Vec::new(), zenml_compat: false };
        let paint = Paint::for_stdout(ColorChoice::Never, &MapEnv::default());
        let printer = &Printer { format: OutputFormat::Text, quiet: true, paint };
        let loaded = load(&args, printer, &MapEnv::default()).unwrap();
        assert_eq!(loaded[0].deployment.scale.replicas, Some(2));
        assert_eq!(named("a", loaded.clone()).unwrap().name, "a");
        let gone = named("b", loaded.clone()).unwrap_err();
        assert_eq!((gone.code(), gone.text().contains("one of `a`")), (Some(Code::NotFound), true));
        assert!(!loaded[0].deployment.compat.zenml);
        args.zenml_compat = true;
        let compatible = load(&args, printer, &MapEnv::default()).unwrap();
        assert!(compatible[0].deployment.compat.zenml);
        args.values.push("scale.replicas=x".to_owned());
        let failure = load(&args, printer, &MapEnv::default()).unwrap_err();
        assert_eq!(failure.code(), Some(Code::Usage));
        args.files = vec!["-".into(), "-".into()];
        assert!(load(&args, printer, &MapEnv::default()).unwrap_err().text().contains("2 times"));
    }
}
