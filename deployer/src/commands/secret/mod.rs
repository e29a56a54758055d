//! `radiant-deploy secret ...`: credentials of stores as Secrets.

mod check;
mod convert;
mod create;
mod gc;
mod objects;
mod rotate;
mod summary;
#[cfg(test)]
mod tests;

use anyhow::anyhow;
use chrono::TimeDelta;
use radiant_contract::EnvSource;
use radiant_storage::ModelUri;

use super::configuration::{load, one};
use crate::cli::{ClusterArgs, SecretCommand, SourceArgs};
use crate::cluster::Cluster;
use crate::config::{Deployment, Loaded};
use crate::credentials::{
    Choice, CredentialsError, Machine, Place, Source, StoreSecret, ThisMachine, Wanted,
    convert as convert_source,
};
use crate::error::{Code, Failure};
use crate::output::Printer;
use objects::{Kind, Objects, connect};

/// How old a Secret must be to be deleted without being asked.
const AGE_MIN: TimeDelta = TimeDelta::minutes(10);

pub(super) fn run(
    command: &SecretCommand,
    printer: &Printer,
    env: &(dyn EnvSource + Sync),
) -> Result<(), Failure> {
    super::wait(async {
        match command {
            SecretCommand::Convert(args) => convert::run(args, printer, env).await,
            SecretCommand::Create(args) => {
                let asked = Asked::of((&args.name, args.model.as_ref()), &args.source, || {
                    load(&args.config, printer, env)
                })?;
                let objects = connect(&args.cluster, asked.namespace.as_deref()).await?;
                create::run(args, &asked, printer, env, &objects).await
            }
            SecretCommand::Check(args) => check::run(args, printer, env).await,
            SecretCommand::Gc(args) => {
                gc::run(args, printer, &connect(&args.cluster, None).await?).await
            }
            SecretCommand::Rotate(args) => {
                // The deployment itself says which model it serves.
                let model = args.model.clone().unwrap_or_default();
                let asked = Asked::of((&args.name, Some(&model)), &args.source, || {
                    load(&args.config, printer, env)
                })?;
                let objects = connect(&args.cluster, asked.namespace.as_deref()).await?;
                rotate::run(args, &asked, printer, env, &objects).await
            }
        }
    })
}

/// Deletes Secrets of a deployment that nothing names any more, and gives their names. One that is younger
/// than a few minutes stays: another apply may be about to name it.
///
/// # Errors
/// When they may not be listed or deleted.
pub(super) async fn forget(cluster: &Cluster, deployment: &str) -> Result<Vec<String>, Failure> {
    let swept = gc::sweep(cluster, Some(deployment), AGE_MIN, false).await?;
    Ok(swept.deleted)
}

/// The model's address, and its store.
fn store(model: &str) -> Result<(ModelUri, Place), Failure> {
    let uri = ModelUri::parse(model).map_err(|error| Failure::new(Code::Usage, error))?;
    let Some(place) = Place::of(&uri)? else {
        let error = anyhow!("model `{uri}`: expected the address of a store, got none");
        return Err(Failure::usage(error)
            .hint("files, web addresses, volume claims and registries need no Secret of a store"));
    };
    Ok((uri, place))
}

/// What is asked for, by arguments or else by a configuration.
#[derive(Debug)]
struct Asked {
    model: String,
    /// Where credentials are from; `None` for a Secret of the cluster.
    source: Option<Source>,
    namespace: Option<String>,
}

impl Asked {
    /// Puts together what arguments say; where they do not say all, the configuration is read.
    fn of(
        (name, model): (&str, Option<&String>),
        args: &SourceArgs,
        load: impl FnOnce() -> Result<Vec<Loaded>, Failure>,
    ) -> Result<Self, Failure> {
        let source = match local(args) {
            Some(source) => Some(Some(source)),
            None => args.from_secret.as_ref().map(|_| None),
        };
        if let (Some(model), Some(source)) = (model, &source) {
            let (model, source) = (model.clone(), source.clone());
            return Ok(Self { model, source, namespace: None });
        }
        let config = one(Some(name), load()?)?.deployment;
        let source = match source {
            Some(source) => source,
            None => Some(configured(name, &config)?),
        };
        let model = model.cloned().or(config.model.uri).ok_or_else(|| {
            let error = anyhow!("`{name}`: expected the model's address in `model.uri`, got none");
            Failure::usage(error).hint("a model that is in the image needs no Secret")
        })?;
        Ok(Self { model, source, namespace: config.namespace })
    }

    /// Converts it; a Secret of the cluster is asked for.
    async fn convert(
        &self,
        args: &SourceArgs,
        place: &Place,
        env: &(dyn EnvSource + Sync),
        objects: &impl Objects,
    ) -> Result<StoreSecret, Failure> {
        let of_cluster = args.from_secret.as_deref().unwrap_or_default();
        let source = match &self.source {
            Some(source) => source.clone(),
            None => existing(of_cluster, objects).await?,
        };
        Ok(converted_from(&source, args, place, env)?)
    }
}

/// What a configuration says of credentials.
fn configured(name: &str, config: &Deployment) -> Result<Source, Failure> {
    match Wanted::of(&config.credentials) {
        Wanted::From(source) => Ok(source),
        Wanted::Existing(secret) => {
            let error = anyhow!(
                "`{name}`: expected credentials to make a Secret of, got `existingSecret: {secret}`"
            );
            Err(Failure::usage(error).hint("it is used as it is: `radiant-deploy secret check`"))
        }
        Wanted::Nothing => {
            let error = anyhow!("`{name}`: expected `credentials` in its configuration, got none");
            Err(Failure::usage(error)
                .hint("say where they are from: `--from-env`, `--from-file`, ..."))
        }
    }
}

fn converted_from(
    source: &Source,
    args: &SourceArgs,
    place: &Place,
    env: &(dyn EnvSource + Sync),
) -> Result<StoreSecret, CredentialsError> {
    let choice = Choice { remote: args.remote.clone(), account: args.account.clone() };
    convert_source(source, place, &choice, &Machine { env, files: &ThisMachine })
}

/// The source on this machine that arguments name.
fn local(args: &SourceArgs) -> Option<Source> {
    Some(match args {
        SourceArgs { from_profile: Some(name), .. } => Source::Profile(name.clone()),
        SourceArgs { from_file: Some(path), .. } => Source::File(path.clone()),
        SourceArgs { from_env: true, .. } => Source::Environment,
        SourceArgs { anonymous: true, .. } => Source::Anonymous,
        SourceArgs { implicit: true, .. } => Source::Pod,
        SourceArgs { .. } => return None,
    })
}

/// The source that arguments name, for commands that read no configuration.
async fn source_of(args: &SourceArgs, cluster: &ClusterArgs) -> Result<Source, Failure> {
    match (local(args), &args.from_secret) {
        (Some(source), _) => Ok(source),
        (None, Some(name)) => existing(name, &connect(cluster, None).await?).await,
        (None, None) => {
            let error = anyhow!("no credentials: expected one of `--from-env`, `--from-file`, ...");
            Err(Failure::usage(error))
        }
    }
}

/// A Secret of the cluster.
async fn existing(name: &str, objects: &impl Objects) -> Result<Source, Failure> {
    let data = objects.secret(name).await?;
    Ok(Source::Secret { name: name.to_owned(), data })
}
