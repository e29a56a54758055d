//! Reading `radiant.yaml`, as all commands that need it do.

use std::path::Path;

use anyhow::anyhow;
use radiant_contract::EnvSource;

use crate::cli::ConfigArgs;
use crate::config::{self, ConfigErrors, Deployment, Loaded, Problem, Source};
use crate::error::{Code, Failure};
use crate::manifest::object_name;
use crate::output::Printer;

/// The texts that arguments name.
///
/// Blocks on the file system.
pub(super) fn sources(args: &ConfigArgs) -> Result<Vec<Source>, Failure> {
    let files = args.files();
    let n_stdin = files.iter().filter(|file| *file == Path::new("-")).count();
    if n_stdin > 1 {
        return Err(Failure::usage(anyhow!("`-f -`: expected it once, got it {n_stdin} times")));
    }
    files.iter().map(|file| Source::read(file)).collect()
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

/// The deployment of this name, or the only one.
///
/// # Errors
/// When there is none of the name, or several and no name.
pub(super) fn one(name: Option<&str>, mut loaded: Vec<Loaded>) -> Result<Loaded, Failure> {
    let names: Vec<String> = loaded.iter().map(|it| it.deployment.name.clone()).collect();
    let known = names.join("`, `");
    let at = match name {
        None if loaded.len() == 1 => Some(0),
        None => None,
        Some(name) => names.iter().position(|known| known == name),
    };
    if let Some(at) = at {
        return Ok(loaded.swap_remove(at));
    }
    Err(if let Some(name) = name {
        let error =
            anyhow!("no deployment `{name}` in the configuration: expected one of `{known}`");
        Failure::new(Code::NotFound, error).hint("name another file by `-f`")
    } else {
        let n = names.len();
        let error = anyhow!("expected one deployment in the configuration, got {n}: `{known}`");
        Failure::usage(error).hint("name one of them, or a file with one document by `-f`")
    })
}

/// The deployment that arguments mean, and what a configuration says of it.
///
/// A name alone is enough, and no file is read then; a configuration is, where it is spoken of or
/// nothing else names a deployment.
///
/// # Errors
/// When there is no configuration, it does not hold, or none or several of its deployments are meant.
pub(super) fn meant(
    name: Option<&str>,
    args: &ConfigArgs,
    printer: &Printer,
    env: &dyn EnvSource,
) -> Result<Meant, Failure> {
    if let (Some(name), false) = (name, args.is_given()) {
        return Ok(Meant { name: name.to_owned(), config: None });
    }
    Ok(Meant::of(one(name, load(args, printer, env)?)?.deployment))
}

/// A deployment that is meant.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Meant {
    /// The name of its object.
    pub(super) name: String,
    /// What it is configured to be.
    pub(super) config: Option<Deployment>,
}

impl Meant {
    /// That of a configuration.
    pub(super) fn of(config: Deployment) -> Self {
        Self { name: object_name(&config), config: Some(config) }
    }
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
        assert_eq!(one(None, loaded.clone()).unwrap().deployment.name, "a");
        assert_eq!(one(Some("a"), loaded.clone()).unwrap().deployment.name, "a");
        let two = [loaded.clone(), loaded.clone()].concat();
        let text = one(None, two).unwrap_err().text();
        assert!(text.contains("expected one deployment in the configuration, got 2"), "{text}");
        let gone = one(Some("b"), loaded.clone()).unwrap_err();
        assert_eq!((gone.code(), gone.text().contains("one of `a`")), (Some(Code::NotFound), true));
        let meant = |name, args| meant(name, args, printer, &MapEnv::default());
        assert_eq!(meant(None, &args).unwrap().name, "a");
        assert_eq!(meant(Some("a"), &args).unwrap().config.unwrap().scale.replicas, Some(2));
        let none = ConfigArgs {
            files: Vec::new(),
            environment: None,
            values: Vec::new(),
            zenml_compat: false,
        };
        let alone = meant(Some("x"), &none).unwrap();
        assert_eq!((alone.name.as_str(), alone.config), ("x", None));
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
