//! What the webhook refuses (operator 1.17.1), as the list of what is wrong and where.

use std::collections::BTreeSet;

use super::settings::Config;
use super::spec::{Node, Predictor, Spec};

/// A broken rule: field, value, what is wrong with it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    field: String,
    value: String,
    why: String,
}

impl Fault {
    fn new(field: impl Into<String>, value: impl Into<String>, why: impl Into<String>) -> Self {
        Self { field: field.into(), value: value.into(), why: why.into() }
    }
}

/// All faults in one message, as the API server shows them; `None` if there are none.
pub(crate) fn message(name: &str, faults: &[Fault]) -> Option<String> {
    let mut texts: Vec<String> = faults
        .iter()
        .map(|Fault { field, value, why }| format!("{field}: Invalid value: {value:?}: {why}"))
        .collect();
    let texts = match texts.len() {
        0 => return None,
        1 => texts.remove(0),
        _ => format!("[{}]", texts.join(", ")),
    };
    Some(format!("SeldonDeployment.machinelearning.seldon.io {name:?} is invalid: {texts}"))
}

/// Everything that is wrong with a SeldonDeployment.
pub(crate) fn faults(spec: &Spec, config: &Config) -> Vec<Fault> {
    let mut faults = Vec::new();
    let words = [
        (
            "protocol",
            &spec.protocol,
            &["seldon", "tensorflow", "kfserving", "v2"][..],
            "Invalid protocol",
        ),
        ("transport", &spec.transport, &["rest", "grpc"], "Invalid transport"),
        ("serverType", &spec.server_type, &["rpc", "kafka"], "Invalid server type"),
    ];
    for (field, value, known, why) in words {
        let value = value.as_deref().unwrap_or_default();
        if !value.is_empty() && !known.contains(&value) {
            faults.push(Fault::new(format!("spec.{field}"), value, why));
        }
    }
    if spec.predictors.is_empty() {
        faults.push(Fault::new("spec.predictors", "0", "no predictors"));
    }
    let (mut names, mut services) = (BTreeSet::new(), BTreeSet::new());
    for (idx, predictor) in spec.predictors.iter().enumerate() {
        let field = format!("spec.predictors[{idx}]");
        if !names.insert(&predictor.name) {
            faults.push(Fault::new(&field, &predictor.name, "Duplicate predictor name"));
        }
        if let Some(service) = predictor.annotations.get("seldon.io/svc-name")
            && !services.insert(service)
        {
            faults.push(Fault::new(&field, service, "Duplicate service name"));
        }
        check_predictor(&mut faults, &field, predictor, spec, config);
    }
    check_traffic(&mut faults, &spec.predictors);
    faults
}

fn check_predictor(
    faults: &mut Vec<Fault>,
    field: &str,
    predictor: &Predictor,
    spec: &Spec,
    config: &Config,
) {
    let nodes = predictor.nodes();
    let no_engine = predictor.annotations.contains_key("seldon.io/no-engine");
    if no_engine && nodes.len() > 1 {
        let field = format!("{field}.annotations[seldon.io/no-engine]");
        faults.push(Fault::new(
            field,
            nodes.len().to_string(),
            "Only a single node graph can have no engine",
        ));
    }
    if spec.server_type.as_deref() == Some("kafka") {
        let env =
            predictor.svc_orch_spec.as_ref().map_or(&[][..], |orchestrator| &orchestrator.env);
        for name in ["KAFKA_BROKER", "KAFKA_INPUT_TOPIC", "KAFKA_OUTPUT_TOPIC"] {
            if !env.iter().any(|variable| variable["name"] == name) {
                let why = "Kafka server type needs this in svcOrchSpec.env";
                faults.push(Fault::new(format!("{field}.svcOrchSpec"), name, why));
            }
        }
    }
    let field = format!("{field}.graph");
    for node in nodes {
        check_node(faults, &field, (node, predictor), spec, config);
    }
}

fn check_node(
    faults: &mut Vec<Fault>,
    field: &str,
    (node, predictor): (&Node, &Predictor),
    spec: &Spec,
    config: &Config,
) {
    let container = predictor.container(&node.name);
    let mut fault = |value: &str, why: &str| faults.push(Fault::new(field, value, why));
    if let Some(server) = node.server() {
        if node.model_uri().is_none() && server != "HUGGINGFACE_SERVER" {
            fault(&node.name, "Predictive unit modelUri required when using standalone servers");
        }
        let has_image =
            container.is_some_and(|one| one["image"].as_str().is_some_and(|text| !text.is_empty()));
        if !has_image && !config.has_server(server) {
            fault(&node.name, &format!("No entry in predictors map for {server}"));
        }
        let is_flat = ["SKLEARN_SERVER", "XGBOOST_SERVER", "MLFLOW_SERVER", "HUGGINGFACE_SERVER"];
        if spec.protocol() == "tensorflow" && is_flat.contains(&server) {
            fault(&node.name, &format!("Protocol tensorflow is not possible with {server}"));
        }
    } else if node.needs_container() && container.is_none() {
        fault(&node.name, "Can't find container for Predictive Unit");
    }
    if node
        .logger
        .as_ref()
        .is_some_and(|logger| logger["mode"].as_str().unwrap_or_default().is_empty())
    {
        fault(&node.name, "No logger mode specified");
    }
    let endpoint = node.endpoint.as_ref().and_then(|endpoint| endpoint["type"].as_str());
    let expected = if spec.is_grpc() { "GRPC" } else { "REST" };
    if spec.transport.is_some() && endpoint.is_some_and(|kind| !kind.is_empty() && kind != expected)
    {
        fault(&node.name, "The endpoint's type does not agree with the transport");
    }
    for parameter in &node.parameters {
        let value = parameter["value"].as_str().unwrap_or_default();
        let is_right = match parameter["type"].as_str().unwrap_or_default() {
            "INT" => value.parse::<i32>().is_ok(),
            "FLOAT" | "DOUBLE" => value.parse::<f64>().is_ok(),
            "BOOL" => matches!(
                value,
                "true"
                    | "false"
                    | "True"
                    | "False"
                    | "1"
                    | "0"
                    | "t"
                    | "f"
                    | "T"
                    | "F"
                    | "TRUE"
                    | "FALSE"
            ),
            _ => true,
        };
        if !is_right {
            fault(value, "The parameter's value is not of its type");
        }
    }
}

fn check_traffic(faults: &mut Vec<Fault>, predictors: &[Predictor]) {
    let (shadows, others): (Vec<_>, Vec<_>) = predictors.iter().partition(|one| one.shadow);
    let sum: i32 = others.iter().map(|predictor| predictor.traffic.unwrap_or(0)).sum();
    if shadows.len() > 1 {
        let why = "Multiple shadows are not allowed";
        faults.push(Fault::new("spec.predictors", shadows.len().to_string(), why));
    }
    match others.len() {
        0 if !shadows.is_empty() => {
            let why = "A shadow can't be the only predictor";
            faults.push(Fault::new("spec.predictors", "0", why));
        }
        0 => {}
        1 if sum == 0 || sum == 100 => {}
        1 => {
            let why = "Traffic must be 100 for a single predictor when set";
            faults.push(Fault::new("spec.predictors[0].traffic", sum.to_string(), why));
        }
        _ if sum == 100 => {}
        _ => {
            let why = "Traffic must sum to 100 for multiple predictors";
            faults.push(Fault::new("spec.predictors", sum.to_string(), why));
        }
    }
}
