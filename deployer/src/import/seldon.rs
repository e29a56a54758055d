//! A whole SeldonDeployment: its predictors, and what they share.

use serde_json::Value;

use super::node::{Reading, graph};
use super::taking::Taking;
use super::{ImportError, Imported};
use crate::config::{
    Autoscale, Deployment, DisruptionBudget, Orchestrator, Protocol, Scale, Variant,
};

/// Labels and annotations that tools write for themselves.
const OF_TOOLS: [&str; 6] = [
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/name",
    "app.kubernetes.io/version",
    "kubectl.kubernetes.io/",
    "radiant.dev/",
    "zenml.",
];

pub(super) fn import(object: Value) -> Result<Imported, ImportError> {
    let mut object = Taking::new("", object);
    let (version, kind) = (object.text("apiVersion"), object.text("kind"));
    let is_ours = version.as_deref().is_some_and(|it| it.starts_with("machinelearning.seldon.io/"));
    if !is_ours || kind.as_deref() != Some("SeldonDeployment") {
        let [version, kind] = [version, kind].map(|it| it.unwrap_or_else(|| "none".to_owned()));
        return Err(ImportError::Kind { got: format!("kind `{kind}` of `{version}`") });
    }
    let mut metadata = object.object("metadata");
    let missing =
        |place: &str, expected| ImportError::Missing { place: place.to_owned(), expected };
    let name = metadata.text("name").ok_or_else(|| missing("metadata.name", "a name"))?;
    let mut reading = Reading::default();
    let mut deployment = Deployment::named(&name);
    deployment.namespace = metadata.text("namespace");
    let labels = metadata.object("labels").texts().collect::<Vec<_>>();
    let is_of_a_person = |name: &String| !OF_TOOLS.iter().any(|of_tool| name.starts_with(of_tool));
    deployment.labels = labels.into_iter().filter(|(name, _)| is_of_a_person(name)).collect();
    annotations(metadata.object("annotations"), &mut deployment);
    let mut spec = object.object("spec");
    annotations(spec.object("annotations"), &mut deployment);
    spec.text("name");
    deployment.server.protocol = protocol(spec.text("protocol").as_deref(), &mut reading);
    let replicas = spec.number("replicas");
    predictors(&mut spec, replicas, &mut deployment, &mut reading)
        .ok_or_else(|| missing("spec.predictors", "at least one predictor"))?;
    spec.left(&mut reading.left_out);
    Ok(Imported { deployment, notes: reading.notes, left_out: reading.left_out })
}

fn annotations(mut annotations: Taking, deployment: &mut Deployment) {
    for (name, value) in annotations.texts() {
        match name.as_str() {
            "seldon.io/istio-host" => deployment.route.host = Some(value),
            "seldon.io/istio-gateway" => deployment.route.gateway = Some(value),
            _ if OF_TOOLS.iter().any(|of_tool| name.starts_with(of_tool)) => {}
            _ => drop(deployment.annotations.insert(name, value)),
        }
    }
}

fn protocol(text: Option<&str>, reading: &mut Reading) -> Protocol {
    match text {
        None | Some("seldon") => Protocol::Seldon,
        // The older name of the same.
        Some("v2" | "kfserving") => Protocol::V2,
        Some("tensorflow") => Protocol::Tensorflow,
        Some(_) => {
            reading.left_out.push("spec.protocol".to_owned());
            Protocol::Seldon
        }
    }
}

/// The one with most of the traffic is the main one, the first of several.
fn predictors(
    spec: &mut Taking,
    replicas: Option<u32>,
    deployment: &mut Deployment,
    reading: &mut Reading,
) -> Option<()> {
    let mut all = Vec::new();
    for mut predictor in spec.list("predictors") {
        let traffic = predictor.number("traffic");
        let is_shadow = predictor.switch("shadow");
        all.push((predictor, traffic, is_shadow));
    }
    let weight = |(_, traffic, is_shadow): &(Taking, Option<u32>, bool)| match is_shadow {
        true => None,
        false => Some(traffic.unwrap_or(0)),
    };
    // The last of the greatest, from behind, is the first.
    let main = (0..all.len()).rev().max_by_key(|&at| weight(&all[at]))?;
    let (main, ..) = all.remove(main);
    one(main, replicas, deployment, reading);
    for (predictor, traffic, shadow) in all {
        let mut other = Deployment::named("");
        let name = one(predictor, replicas, &mut other, reading);
        let differs = |is_other: bool| is_other.then_some(());
        deployment.variants.push(Variant {
            name: name.unwrap_or_default(),
            traffic: traffic.and_then(|traffic| u8::try_from(traffic).ok()),
            shadow,
            scale: differs(other.scale != deployment.scale).map(|()| other.scale),
            server: differs(other.server != deployment.server).map(|()| other.server),
            model: other.model,
        });
    }
    Some(())
}

/// Reads a predictor as if it were the only one, and gives its name.
fn one(
    mut predictor: Taking,
    replicas: Option<u32>,
    deployment: &mut Deployment,
    reading: &mut Reading,
) -> Option<String> {
    let name = predictor.text("name");
    let mut annotations = predictor.object("annotations");
    let has_engine = annotations.value("seldon.io/no-engine").is_none();
    annotations.left(&mut reading.left_out);
    // The operator writes the first label itself.
    let mut labels = predictor.object("labels");
    labels.value("version");
    labels.left(&mut reading.left_out);
    let unused = predictor.object("engineResources").rest();
    let mut orchestrator = predictor.object("svcOrchSpec");
    deployment.server.engine_resources =
        super::container::resources(orchestrator.object("resources"));
    orchestrator.left(&mut reading.left_out);
    deployment.explainer = predictor.value("explainer").and_then(|value| match value {
        Value::Object(fields) => Some(fields),
        _ => None,
    });
    let replicas = predictor.number("replicas").or(replicas);
    let mut components = predictor.list("componentSpecs");
    deployment.scale = scale(&mut components, replicas, reading);
    let is_single = graph(predictor.object("graph"), components, deployment, reading);
    deployment.server.engine = match (has_engine, is_single) {
        (false, _) => Orchestrator::Off,
        (true, true) => Orchestrator::On,
        (true, false) => Orchestrator::Auto,
    };
    if !unused.is_empty() {
        reading.engine_resources(unused, deployment);
    }
    predictor.left(&mut reading.left_out);
    name
}

/// That of the first component which says something of it.
fn scale(components: &mut [Taking], replicas: Option<u32>, reading: &mut Reading) -> Scale {
    let mut scale = Scale { replicas, ..Scale::default() };
    for component in components {
        scale.replicas = component.number("replicas").or(scale.replicas);
        if let Some(Value::Object(keda)) = component.value("kedaSpec") {
            scale.keda.get_or_insert(keda);
        }
        let mut budget = component.object("pdbSpec");
        let (min, max) = (budget.value("minAvailable"), budget.value("maxUnavailable"));
        if min.is_some() || max.is_some() {
            let budget = DisruptionBudget { min_available: min, max_unavailable: max };
            scale.pdb.get_or_insert(budget);
        }
        let hpa = component.object("hpaSpec");
        if let Some(auto) = autoscale(hpa, reading) {
            scale.auto.get_or_insert(auto);
        }
    }
    if scale.auto.is_some() || scale.keda.is_some() {
        scale.replicas = None;
    }
    scale
}

fn autoscale(mut hpa: Taking, reading: &mut Reading) -> Option<Autoscale> {
    let max = hpa.number("maxReplicas")?;
    let mut auto = Autoscale {
        min: hpa.number("minReplicas").unwrap_or(1),
        max,
        cpu: None,
        memory: None,
        metrics: Vec::new(),
        queue: None,
    };
    let old = hpa.list("metrics");
    let new = hpa.list("metricsv2");
    let metrics = if new.is_empty() { old } else { new };
    for mut metric in metrics {
        let mut resource = metric.object("resource");
        let name = resource.text("name");
        // `autoscaling/v2beta1` has it beside the name, `v2` in a target.
        let share = resource.number("targetAverageUtilization");
        let mut target = resource.object("target");
        let share = share.or_else(|| target.number("averageUtilization"));
        match (name.as_deref(), share) {
            (Some("cpu"), Some(share)) => auto.cpu = Some(share),
            (Some("memory"), Some(share)) => auto.memory = Some(share),
            _ => reading.left_out.push(metric.place("resource")),
        }
    }
    hpa.left(&mut reading.left_out);
    Some(auto)
}
