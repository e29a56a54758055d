//! What has to be found out before a configuration is rendered: images and models by digest, and the
//! Secret that pods will have.

use std::collections::BTreeMap;

use anyhow::anyhow;
use k8s_openapi::api::core::v1;
use radiant_contract::EnvSource;
use radiant_storage::ModelUri;
use radiant_storage::oci::{Access, Purpose, Reference, Repository};

use crate::cluster::Cluster;
use crate::commands::store::{Asker, Said};
use crate::config::{Deployment, Loaded};
use crate::credentials::{
    Choice, Machine, Place, SecretObject, Source, ThisMachine, Wanted, convert, data_of,
};
use crate::error::{Code, Failure};
use crate::manifest::{Capabilities, Facts, mentions};
use crate::output::Printer;
use crate::registry::failed;

/// What was found out.
#[derive(Debug, Default)]
pub(in crate::commands) struct Found {
    /// What a manifest is rendered with.
    pub(super) facts: Facts,
    /// The Secret that pods read, where one is made.
    pub(super) secret: Option<SecretObject>,
    /// Who was given an answer about models, by their addresses in the configuration.
    pub(super) askers: BTreeMap<String, Asker>,
}

fn refused(error: crate::manifest::RenderError) -> Failure {
    Failure::usage(error)
}

/// Finds out what can be found out; what cannot is told, and left as the configuration says it.
///
/// # Errors
/// When the model's store refuses the credentials that pods will have, or has no such model; when an
/// image is not in its registry.
pub(super) async fn find(
    loaded: &Loaded,
    cluster: &Cluster,
    printer: &Printer,
    env: &(dyn EnvSource + Sync),
) -> Result<Found, Failure> {
    let config = &loaded.deployment;
    let mentions = mentions(config).map_err(refused)?;
    let mut found = Found::default();
    found.facts.namespace = Some(cluster.namespace().to_owned());
    // Fields that a cluster does not know would be dropped there without a word.
    let definition = cluster.seldon_definition().await?;
    found.facts.capabilities = definition.as_ref().and_then(Capabilities::of_definition);
    for image in mentions.images.into_iter().filter(|image| !image.contains('@')) {
        let Ok(reference) = Reference::parse(&image) else {
            printer.tell(&format!(
                "warning: the image `{image}` names no registry, and keeps its tag\n"
            ));
            continue;
        };
        match digest(&image, &reference, env).await {
            Ok(pinned) => drop(found.facts.images.insert(image, pinned)),
            Err(failure) if failure.code() == Some(Code::NotFound) => return Err(failure),
            Err(failure) => printer.tell(&format!(
                "warning: the image `{image}` keeps its tag, which may come to mean another one: {}\n",
                failure.text().trim_start_matches("error: ").lines().next().unwrap_or_default()
            )),
        }
    }
    let wanted = Wanted::of(&config.credentials);
    for model in mentions.models {
        let (asker, said) = survey(&model, &wanted, (config, cluster), &mut found, env).await?;
        if let Some(fingerprint) = said.fingerprint {
            found.facts.digests.insert(model.clone(), fingerprint);
            found.askers.insert(model, asker);
        }
    }
    Ok(found)
}

/// Asks a model's store as its pods will.
///
/// # Errors
/// When the store refuses the credentials that pods will have, or has no such model.
pub(in crate::commands) async fn survey(
    model: &str,
    wanted: &Wanted,
    (config, cluster): (&Deployment, &Cluster),
    found: &mut Found,
    env: &(dyn EnvSource + Sync),
) -> Result<(Asker, Said), Failure> {
    let uri = ModelUri::parse(model).map_err(|error| Failure::new(Code::Usage, error))?;
    let asker = asker(&uri, wanted, (config, cluster), found, env).await?;
    let said = asker.survey(&uri, env).await?;
    Ok((asker, said))
}

/// Who asks for a model as its pods will.
async fn asker(
    uri: &ModelUri,
    wanted: &Wanted,
    (config, cluster): (&Deployment, &Cluster),
    found: &mut Found,
    env: &(dyn EnvSource + Sync),
) -> Result<Asker, Failure> {
    let Some(place) = Place::of(uri)? else { return Ok(Asker::without_store(uri)) };
    let data = match wanted {
        Wanted::Nothing => {
            let why = "`credentials` names none, so pods have what the cluster gives them";
            return Ok(Asker::Pods(why));
        }
        Wanted::From(Source::Pod) => {
            return Ok(Asker::Pods("pods have an identity that this machine has not"));
        }
        Wanted::Existing(name) => data_of(&cluster.get::<v1::Secret>(name).await?)?,
        Wanted::From(source) => {
            let machine = Machine { env, files: &ThisMachine };
            let secret = convert(source, &place, &Choice::default(), &machine)?;
            if *source != Source::Anonymous && found.secret.is_none() {
                let object =
                    SecretObject::new(&config.name, Some(cluster.namespace()), &secret.data);
                found.facts.secret = Some(object.name().to_owned());
                found.secret = Some(object);
            }
            secret.data
        }
    };
    Ok(Asker::Variables(data))
}

/// The image by its digest, `registry/repository@sha256:...`.
async fn digest(
    image: &str,
    reference: &Reference,
    env: &(dyn EnvSource + Sync),
) -> Result<String, Failure> {
    let access = Access::default();
    let opened = Repository::open(reference, Purpose::Pull, &access, env).await;
    let repository = opened.map_err(|error| failed(reference.registry(), error))?;
    let digest = repository.find(reference.version()).await;
    let Some(digest) = digest.map_err(|error| failed(reference.registry(), error))? else {
        let error = anyhow!("the image `{image}` is not in its registry");
        let failure = Failure::new(Code::NotFound, error);
        return Err(failure.hint("push it first, or correct `server.image`"));
    };
    Ok(reference.with_digest(&digest).to_string())
}
