//! What has to be found out before a configuration is rendered: images and models by digest, and the
//! Secret that pods will have.

use anyhow::anyhow;
use k8s_openapi::api::core::v1;
use radiant_contract::EnvSource;
use radiant_storage::oci::{Access, Purpose, Reference, Repository};
use radiant_storage::{ModelUri, Options, Storage};

use crate::cluster::Cluster;
use crate::config::{Deployment, Loaded};
use crate::credentials::{
    Checked, Choice, Machine, Place, SecretObject, Source, ThisMachine, Wanted, check, convert,
    data_of,
};
use crate::error::{Code, Failure};
use crate::manifest::{Facts, mentions};
use crate::output::Printer;
use crate::registry::failed;

/// What was found out.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// What a manifest is rendered with.
    pub(super) facts: Facts,
    /// The Secret that pods read, where one is made.
    pub(super) secret: Option<SecretObject>,
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
        if let Some(fingerprint) = one(&model, &wanted, (config, cluster), &mut found, env).await? {
            found.facts.digests.insert(model, fingerprint);
        }
    }
    Ok(found)
}

/// Asks a model's store as its pods will, and gives the digest of what is there.
async fn one(
    model: &str,
    wanted: &Wanted,
    (config, cluster): (&Deployment, &Cluster),
    found: &mut Found,
    env: &(dyn EnvSource + Sync),
) -> Result<Option<String>, Failure> {
    let uri = ModelUri::parse(model).map_err(|error| Failure::new(Code::Usage, error))?;
    let Some(place) = Place::of(&uri)? else { return elsewhere(&uri, env).await };
    let data = match wanted {
        Wanted::Nothing => return Ok(None),
        // Pods have an identity that this machine has not.
        Wanted::From(Source::Pod) => return Ok(None),
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
    Ok(match check(&data, &uri).await? {
        Checked::Listed { fingerprint, .. } => Some(fingerprint),
        Checked::PodsOwn { .. } | Checked::NoStore => None,
    })
}

/// The digest of what is in no store: on the web, or in a registry. Volumes are the cluster's.
async fn elsewhere(
    uri: &ModelUri,
    env: &(dyn EnvSource + Sync),
) -> Result<Option<String>, Failure> {
    let text = uri.to_string();
    if !["http://", "https://", "oci://"].iter().any(|scheme| text.starts_with(scheme)) {
        return Ok(None);
    }
    let variables =
        env.names().into_iter().filter_map(|name| Some((name.clone(), env.get(&name)?)));
    let env: radiant_contract::MapEnv = variables.collect();
    let storage = Storage::new(Options::default(), std::sync::Arc::new(env));
    let survey = storage.survey(uri).await.map_err(|error| Failure::new(Code::Storage, error))?;
    Ok(Some(survey.fingerprint))
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
