//! A predictor: its graph, its pods, and whether an orchestrator stands before them.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::error::{number, seconds};
use super::node::{How, Node};
use super::parameters::{parameters, resources};
use super::part::Part;
use super::{Context, RenderError, meta, pod, scale};
use crate::config::Orchestrator;
use crate::manifest::seldon::{ComponentSpec, OrchestratorSpec, PredictiveUnit, Predictor};
use crate::manifest::webhook::NO_ENGINE;

/// The shortest time that a Deployment is given to make progress, in seconds.
const PROGRESS_S: u32 = 60;

/// The predictor of a part of the configuration, without its share of the traffic.
pub(super) fn predictor(context: &Context<'_>, part: &Part<'_>) -> Result<Predictor, RenderError> {
    let root = Node::root(part)?;
    let is_direct = is_direct(part, &root)?;
    // They are names of Services, and only one can have each.
    let is_main = part.path.is_empty();
    let mut annotations =
        if is_main { meta::of_predictors(context.config) } else { BTreeMap::new() };
    if is_direct {
        annotations.insert(NO_ENGINE.to_owned(), "true".to_owned());
    }
    let pods = pod::pod(context, part, &root)?;
    let mut component = ComponentSpec {
        metadata: pods.as_ref().map(|_| template(context)),
        spec: pods,
        ..ComponentSpec::default()
    };
    scale::scale(context, &mut component, part)?;
    let replicas = if part.is_scaled_apart { scale::replicas(part)? } else { None };
    Ok(Predictor {
        name: part.name.clone(),
        replicas,
        annotations,
        progress_deadline_seconds: progress_deadline(context)?,
        graph: unit(context, &root)?,
        component_specs: if component == ComponentSpec::default() {
            Vec::new()
        } else {
            vec![component]
        },
        svc_orch_spec: if is_direct { None } else { orchestrator(part)? },
        explainer: context.config.explainer.clone().filter(|_| is_main),
        ..Predictor::default()
    })
}

/// Whether requests reach the model's container without an orchestrator between.
fn is_direct(part: &Part<'_>, root: &Node<'_>) -> Result<bool, RenderError> {
    let n_nodes = root.all().len();
    match part.server.engine {
        Orchestrator::On => Ok(false),
        // What a node logs of its requests, the orchestrator sends.
        Orchestrator::Auto => {
            Ok(n_nodes == 1 && root.logger.is_none() && !matches!(root.how, How::BuiltIn(_)))
        }
        Orchestrator::Off if n_nodes == 1 => Ok(true),
        Orchestrator::Off => {
            let expected = "`auto` or `on` for a graph of several nodes";
            Err(RenderError::new(part.at("server.engine"), expected, "`off`")
                .hint("the orchestrator is what passes requests from node to node"))
        }
    }
}

/// The node and those below it.
fn unit(context: &Context<'_>, node: &Node<'_>) -> Result<PredictiveUnit, RenderError> {
    let implementation = match node.how {
        How::Server(name) | How::BuiltIn(name) => Some(name.to_owned()),
        How::Container | How::Initialized => None,
    };
    let is_server = matches!(node.how, How::Server(_));
    if is_server && node.address.is_none() {
        let hint = "a model of this machine goes into an image, which `server.mode: custom` takes";
        return Err(
            RenderError::new(node.at("model.uri"), "the address of a model", "none").hint(hint)
        );
    }
    let of_server = |text: Option<String>| text.filter(|_| is_server);
    let children = node.children.iter().map(|child| unit(context, child));
    Ok(PredictiveUnit {
        name: node.name.to_owned(),
        kind: node.seldon_type().map(str::to_owned),
        implementation,
        model_uri: of_server(node.address.as_ref().map(|address| address.text.clone())),
        env_secret_ref_name: of_server(context.secret.clone()),
        service_account_name: of_server(context.config.credentials.service_account.clone()),
        parameters: parameters(node)?,
        logger: node.logger.cloned(),
        children: children.collect::<Result<_, _>>()?,
        ..PredictiveUnit::default()
    })
}

/// Labels and annotations of pods.
fn template(context: &Context<'_>) -> ObjectMeta {
    let config = context.config;
    let mut labels = config.labels.clone();
    labels.extend(config.pod.labels.clone());
    labels.insert(meta::NAME_LABEL.to_owned(), config.name.clone());
    let mut annotations = config.pod.annotations.clone();
    if let Some(revision) = context.facts.revision {
        annotations.insert(meta::REVISION.to_owned(), revision.to_string());
    }
    let some = |map: BTreeMap<String, String>| (!map.is_empty()).then_some(map);
    ObjectMeta { labels: some(labels), annotations: some(annotations), ..ObjectMeta::default() }
}

fn orchestrator(part: &Part<'_>) -> Result<Option<OrchestratorSpec>, RenderError> {
    let resources = resources(&part.at("server.engineResources"), &part.server.engine_resources)?;
    Ok(resources.map(|resources| OrchestratorSpec {
        resources: Some(resources),
        ..OrchestratorSpec::default()
    }))
}

/// As long as the rollout may take, so that Kubernetes gives up when the deployer does.
fn progress_deadline(context: &Context<'_>) -> Result<Option<i32>, RenderError> {
    let is_known = context.facts.capabilities.is_some_and(|it| it.progress_deadline);
    let timeout_s = seconds("rollout.timeout", &context.config.rollout.timeout)?;
    if !is_known || timeout_s == 0 {
        return Ok(None);
    }
    number("rollout.timeout", timeout_s.max(PROGRESS_S)).map(Some)
}
