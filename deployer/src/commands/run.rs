//! `radiant-deploy run`: the pod on this machine.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, anyhow};
use radiant_contract::EnvSource;
use radiant_storage::ModelUri;
use serde_json::json;

use super::configuration;
use crate::cli::RunArgs;
use crate::config::{Deployment, Loaded};
use crate::credentials::{Choice, Machine, Place, Source, ThisMachine, Wanted, convert};
use crate::error::{Code, Failure};
use crate::local::{Here, Local, LocalError, docker};
use crate::manifest::{Facts, Schema, checked};
use crate::output::Printer;
use crate::program;

/// What stands for a value that nobody may see.
const REDACTED: &str = "***";

pub(super) fn run(
    args: &RunArgs,
    printer: &Printer,
    env: &(dyn EnvSource + Sync),
) -> Result<(), Failure> {
    let loaded = only(configuration::load(&args.config, printer, env)?)?;
    let config = &loaded.deployment;
    let objects = checked(config, &Facts::default(), Schema::bundled(), None)?;
    let manifest = serde_json::to_value(&objects.deployment).map_err(anyhow::Error::from)?;
    let secret = secret(config, env)?;
    let cache = std::env::temp_dir().join("radiant-run");
    let here = Here {
        ports: [args.port, args.port.saturating_add(1), args.port.saturating_add(2)],
        host: &args.host,
        cache: &cache,
        model: config.model.path.clone(),
    };
    let local = Local::of(&manifest, &here).map_err(refused)?;
    if args.print_env {
        return print(&local, &secret, printer);
    }
    if args.container {
        return container(args, &local, here.ports, &secret);
    }
    let Some(program) = args.runtime.clone().or_else(program::beside) else {
        let error = anyhow!("there is no `radiant` beside this program");
        let failure = Failure::new(Code::NotFound, error);
        return Err(failure.hint("name it by `--runtime FILE`, or run the image by `--container`"));
    };
    std::fs::create_dir_all(&cache)
        .with_context(|| format!("cannot make the folder `{}`", cache.display()))?;
    printer.tell(&format!(
        "`{}` on http://{}:{}, as a pod of `{}` would be started\n",
        program.display(),
        args.host,
        args.port,
        config.name
    ));
    #[expect(clippy::disallowed_methods, reason = "the server is what is asked for")]
    let mut command = Command::new(&program);
    command.env_clear().envs(local.environment(&secret, |name| env.get(name)));
    // It takes this process' place, and its signals.
    let error = command.exec();
    let code = match error.kind() {
        std::io::ErrorKind::NotFound => Code::NotFound,
        _ => Code::Failed,
    };
    Err(Failure::new(code, error).context(format!("cannot start `{}`", program.display())))
}

fn only(mut loaded: Vec<Loaded>) -> Result<Loaded, Failure> {
    let n = loaded.len();
    if let (Some(one), 1) = (loaded.pop(), n) {
        return Ok(one);
    }
    let error = anyhow!("expected one deployment to run here, got {n}");
    Err(Failure::usage(error).hint("give a file with one document by `-f`"))
}

fn refused(error: LocalError) -> Failure {
    Failure::usage(error)
}

/// The variables of the Secret that pods would have.
fn secret(
    config: &Deployment,
    env: &(dyn EnvSource + Sync),
) -> Result<BTreeMap<String, String>, Failure> {
    let Some(uri) = &config.model.uri else { return Ok(BTreeMap::new()) };
    let uri = ModelUri::parse(uri).map_err(|error| Failure::new(Code::Usage, error))?;
    let Some(place) = Place::of(&uri)? else { return Ok(BTreeMap::new()) };
    let source = match Wanted::of(&config.credentials) {
        Wanted::From(
            source @ (Source::Environment
            | Source::Profile(_)
            | Source::File(_)
            | Source::Anonymous),
        ) => source,
        // What pods have there, whoever runs this has by the clouds' own variables.
        Wanted::From(Source::Pod | Source::Secret { .. })
        | Wanted::Nothing
        | Wanted::Existing(_) => Source::Environment,
    };
    let machine = Machine { env, files: &ThisMachine };
    let secret = convert(&source, &place, &Choice::default(), &machine)?;
    Ok(secret.data.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect())
}

fn print(
    local: &Local,
    secret: &BTreeMap<String, String>,
    printer: &Printer,
) -> Result<(), Failure> {
    let hidden = secret.keys().map(|name| (name.clone(), REDACTED.to_owned()));
    let mut all: BTreeMap<String, String> = hidden.collect();
    all.extend(local.variables.clone());
    let lines = all.iter().map(|(name, value)| format!("{name}={value}"));
    let text = lines.chain([String::new()]).collect::<Vec<_>>().join("\n");
    printer.document(&json!({"schema": "radiant/run/v1", "env": all}), &text)
}

/// Runs the image. The Secret's values go by a file that only this user can read, and that is removed.
fn container(
    args: &RunArgs,
    local: &Local,
    ports: [u16; 3],
    secret: &BTreeMap<String, String>,
) -> Result<(), Failure> {
    let Some(image) = local.image.clone() else {
        let error = anyhow!("`server.image`: expected an image to run, got none");
        return Err(Failure::usage(error));
    };
    let mut local = local.clone();
    // Within the container everything is where the image has it.
    for name in ["RADIANT_HOST", "RADIANT_CACHE_DIR"] {
        local.variables.remove(name);
    }
    let model = local.variables.get("RADIANT_MODEL").map(PathBuf::from);
    let model = model.filter(|path| path.exists()).and_then(|path| path.canonicalize().ok());
    if model.is_some() {
        local.variables.remove("RADIANT_MODEL");
    }
    for (name, port) in [("HTTP", 9000), ("GRPC", 9500), ("METRICS", 6000)] {
        let port = u16::to_string(&port);
        local.variables.insert(format!("PREDICTIVE_UNIT_{name}_SERVICE_PORT"), port.clone());
        local.variables.insert(format!("MLSERVER_{name}_PORT"), port);
    }
    let cannot = "cannot write the file of variables";
    let mut file = tempfile::NamedTempFile::new().context(cannot)?;
    for (name, value) in secret {
        writeln!(file, "{name}={value}").context(cannot)?;
    }
    let arguments = docker(&local, &image, ports, (model.as_deref(), file.path()));
    #[expect(clippy::disallowed_methods, reason = "the engine is what is asked for")]
    let mut command = Command::new(&args.engine);
    let status = command.args(arguments).status().map_err(|error| {
        let error = anyhow!(error).context(format!("cannot start `{}`", args.engine));
        Failure::new(Code::NotFound, error).hint("`--engine podman` names another one")
    })?;
    match status.code() {
        Some(0) => Ok(()),
        code => {
            let code = code.map_or("a signal".to_owned(), |code| code.to_string());
            Err(Failure::from(anyhow!("the container ended with {code}")))
        }
    }
}
