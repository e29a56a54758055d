//! From a configuration to a SeldonDeployment: no cluster, no clock, no environment, and the same
//! bytes for the same configuration and facts.
//!
//! Pods are shaped so that they are ready as soon as the model is, and stop without losing a request:
//! the server's own probes in place of the operator's, which wait for 20 s, a `preStop` that outlives
//! routes, and a grace period that fits both it and the drain. Source of what the operator adds and
//! reads: Seldon Core 1.18, `seldondeployment_webhook.go` and `seldondeployment_controller.go`.

mod container;
mod error;
mod facts;
mod hash;
mod mentions;
mod meta;
mod node;
mod parameters;
mod part;
mod pod;
mod predictor;
mod scale;
mod security;
mod traffic;
mod zenml;

#[cfg(test)]
mod tests;

pub use error::RenderError;
pub use facts::{Facts, Release};
pub use mentions::{Mentions, mentions};
pub use meta::{
    CONFIG_HASH, MANAGED_BY, MODEL_DIGEST, MODEL_FORMAT, MODEL_URI, NAME_LABEL, REVISION,
    is_recreated, object_name,
};
pub use node::MODEL_NODE;
pub use part::MAIN;

use self::part::Part;
use self::predictor::predictor;
use crate::config::{Credentials, Deployment, Orchestrator, Protocol};
use crate::manifest::seldon::{SeldonDeployment, SeldonDeploymentSpec};

/// What a configuration becomes.
#[derive(Debug, Clone, PartialEq)]
pub struct Objects {
    /// The object that the operator makes pods and routes of.
    pub deployment: SeldonDeployment,
    /// The digest of what was rendered, without what differs from one revision to the next.
    pub config_hash: String,
    /// What is allowed and has no effect, or needs something else to be there.
    pub warnings: Vec<String>,
}

/// Renders a configuration.
///
/// # Errors
/// When a part of it is nothing that a manifest can say.
pub fn render(config: &Deployment, facts: &Facts) -> Result<Objects, RenderError> {
    meta::check(config)?;
    let context = Context { config, facts, secret: secret(config, facts) };
    let main = Part::main(config);
    let new = predictor(&context, &main)?;
    let variants = Part::variants(config);
    let others = variants.iter().map(|part| predictor(&context, part));
    let others = others.collect::<Result<Vec<_>, _>>()?;
    let desired =
        traffic::share(&Release::Whole, &context, new.clone(), &variants, others.clone())?;
    let mut deployment = SeldonDeployment {
        metadata: meta::of_object(&context)?,
        spec: SeldonDeploymentSpec {
            name: Some(object_name(config)),
            protocol: Some(protocol(config.server.protocol).to_owned()),
            replicas: scale::replicas(&main)?,
            annotations: meta::of_spec(config),
            predictors: desired,
            ..SeldonDeploymentSpec::default()
        },
        ..SeldonDeployment::default()
    };
    // The hash is of what is wanted in the end, also while an old predictor stands beside it.
    let config_hash = hash::of(&deployment, &facts.digests);
    deployment.spec.predictors = traffic::share(&facts.release, &context, new, &variants, others)?;
    let annotations = deployment.metadata.annotations.get_or_insert_default();
    annotations.insert(CONFIG_HASH.to_owned(), config_hash.clone());
    Ok(Objects { deployment, config_hash, warnings: warnings(&context) })
}

/// What all parts of a manifest are made with.
#[derive(Debug)]
struct Context<'a> {
    config: &'a Deployment,
    facts: &'a Facts,
    secret: Option<String>,
}

impl Context<'_> {
    fn has_metrics_v2(&self) -> bool {
        self.facts.capabilities.is_none_or(|capabilities| capabilities.metrics_v2)
    }

    fn has_seccomp_profile(&self) -> bool {
        self.facts.capabilities.is_none_or(|capabilities| capabilities.seccomp_profile)
    }
}

/// The Secret with the store's credentials: the one that was made, the one that is there, or, before
/// one was made, the name that one may have.
fn secret(config: &Deployment, facts: &Facts) -> Option<String> {
    let made = facts.secret.clone().or(config.credentials.existing_secret.clone());
    made.or_else(|| {
        is_made(&config.credentials).then(|| format!("radiant-{}-storage", config.name))
    })
}

/// Whether a Secret is made of the credentials.
fn is_made(credentials: &Credentials) -> bool {
    let Credentials { from_env, from_profile, from_file, .. } = credentials;
    *from_env || from_profile.is_some() || from_file.is_some()
}

fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Seldon => "seldon",
        Protocol::V2 => "v2",
        Protocol::Tensorflow => "tensorflow",
    }
}

fn warnings(context: &Context<'_>) -> Vec<String> {
    let config = context.config;
    let mut warnings = Vec::new();
    if context.facts.secret.is_none() && is_made(&config.credentials) {
        let name = context.secret.as_deref().unwrap_or_default();
        warnings.push(format!(
            "`credentials`: the manifest names the Secret `{name}`, which is not part of it"
        ));
    }
    let resources = &config.server.resources;
    let says =
        |name: &str| resources.requests.contains_key(name) || resources.limits.contains_key(name);
    let auto = config.scale.auto.as_ref();
    for (name, is_aim) in [
        ("cpu", auto.is_some_and(|auto| auto.cpu.is_some())),
        ("memory", auto.is_some_and(|auto| auto.memory.is_some())),
    ] {
        if is_aim && !says(name) {
            warnings.push(format!(
                "`scale.auto.{name}`: a share of the request, and `server.resources.requests.{name}` \
                 is none: the autoscaler will do nothing"
            ));
        }
    }
    let unknown = zenml::unknown(config);
    if config.compat.zenml && !unknown.is_empty() {
        let unknown = unknown.join("`, `");
        warnings.push(format!(
            "`compat.zenml`: an update by ZenML itself would drop what comes of `{unknown}`"
        ));
    }
    let has_orchestrator = config.graph.is_some() || config.server.engine == Orchestrator::On;
    if !has_orchestrator && config.server.engine_resources != crate::config::Resources::default() {
        warnings.push(
            "`server.engineResources`: there is no orchestrator, nothing uses them".to_owned(),
        );
    }
    warnings
}
