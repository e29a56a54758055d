//! `radiant-deploy run`: the pod on this machine.

mod watch;

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
use crate::config::Deployment;
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
    if args.watch {
        return super::wait(watch::watch(args, printer, env));
    }
    if args.print_env || args.container {
        let Described { local, secret, ports, .. } = describe(args, printer, env)?;
        return if args.print_env {
            print(&local, &secret, printer)
        } else {
            container(args, &local, ports, &secret)
        };
    }
    let prepared = prepare(args, printer, env)?;
    printer.tell(&prepared.told(args));
    #[expect(clippy::disallowed_methods, reason = "the server is what is asked for")]
    let mut command = Command::new(&prepared.program);
    command.env_clear().envs(&prepared.environment);
    // It takes this process' place, and its signals.
    let error = command.exec();
    let code = match error.kind() {
        std::io::ErrorKind::NotFound => Code::NotFound,
        _ => Code::Failed,
    };
    let program = prepared.program.display();
    Err(Failure::new(code, error).context(format!("cannot start `{program}`")))
}

/// What a configuration is on this machine.
struct Described {
    config: Deployment,
    local: Local,
    /// The variables of the Secret that pods would have.
    secret: BTreeMap<String, String>,
    ports: [u16; 3],
}

fn describe(
    args: &RunArgs,
    printer: &Printer,
    env: &(dyn EnvSource + Sync),
) -> Result<Described, Failure> {
    let loaded = configuration::one(None, configuration::load(&args.config, printer, env)?)?;
    let config = loaded.deployment;
    let objects = checked(&config, &Facts::default(), Schema::bundled(), None)?;
    let manifest = serde_json::to_value(&objects.deployment).map_err(anyhow::Error::from)?;
    let secret = secret(&config, env)?;
    let ports = [args.port, args.port.saturating_add(1), args.port.saturating_add(2)];
    let (host, cache) = (args.host.as_str(), cache());
    let here = Here { ports, host, cache: &cache, model: config.model.path.clone() };
    let local = Local::of(&manifest, &here).map_err(refused)?;
    Ok(Described { config, local, secret, ports })
}

/// A process that can be started.
struct Prepared {
    config: Deployment,
    program: PathBuf,
    environment: BTreeMap<String, String>,
}

impl Prepared {
    /// The model, where it lies on this machine.
    fn local_model(&self) -> Option<PathBuf> {
        self.config.model.path.clone()
    }

    /// What people should know.
    fn told(&self, args: &RunArgs) -> String {
        let (program, name) = (self.program.display(), &self.config.name);
        let (host, port) = (&args.host, args.port);
        format!("`{program}` on http://{host}:{port}, as a pod of `{name}` would be started\n")
    }
}

fn prepare(
    args: &RunArgs,
    printer: &Printer,
    env: &(dyn EnvSource + Sync),
) -> Result<Prepared, Failure> {
    let Described { config, local, secret, .. } = describe(args, printer, env)?;
    let Some(program) = args.runtime.clone().or_else(program::beside) else {
        let error = anyhow!("there is no `radiant` beside this program");
        let failure = Failure::new(Code::NotFound, error);
        return Err(failure.hint("name it by `--runtime FILE`, or run the image by `--container`"));
    };
    let cache = cache();
    std::fs::create_dir_all(&cache)
        .with_context(|| format!("cannot make the folder `{}`", cache.display()))?;
    let environment = local.environment(&secret, |name| env.get(name));
    Ok(Prepared { config, program, environment })
}

/// Where fetched models are kept.
fn cache() -> PathBuf {
    std::env::temp_dir().join("radiant-run")
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
