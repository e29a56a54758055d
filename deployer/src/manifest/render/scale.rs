//! How many pods there are, and who may change that.

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::{Map, Value, json};

use super::error::number;
use super::part::{MAIN, Part};
use super::{Context, MODEL_NODE, RenderError, object_name};
use crate::config::{Autoscale, DisruptionBudget, Quantity, Queue, Resources};
use crate::manifest::problem::member;
use crate::manifest::queue;
use crate::manifest::seldon::{ComponentSpec, DisruptionBudgetSpec, HpaSpec};

/// Writes autoscalers and budgets into a predictor's pods.
pub(super) fn scale(
    context: &Context<'_>,
    component: &mut ComponentSpec,
    part: &Part<'_>,
) -> Result<(), RenderError> {
    let path = part.at("scale");
    component.keda_spec.clone_from(&part.scale.keda);
    if let Some(auto) = &part.scale.auto {
        let path = member(&path, "auto");
        match &auto.queue {
            None => component.hpa_spec = Some(hpa(&path, auto, context.has_metrics_v2())?),
            Some(queue) => {
                let trigger = waiting(context, component, part, queue)?;
                component.keda_spec = Some(keda(auto, trigger));
            }
        }
    }
    component.pdb_spec = match &part.scale.pdb {
        Some(budget) => Some(disruptions(&member(&path, "pdb"), budget)?),
        None => None,
    };
    Ok(())
}

/// A fixed number of pods; none where an autoscaler says it.
pub(super) fn replicas(part: &Part<'_>) -> Result<Option<i32>, RenderError> {
    if part.scale.auto.is_some() || part.scale.keda.is_some() {
        return Ok(None);
    }
    number(&part.at("scale.replicas"), part.scale.replicas.unwrap_or(1)).map(Some)
}

/// What KEDA makes Kubernetes' autoscaler of: the same bounds and aims, and who waits.
fn keda(auto: &Autoscale, waiting: Value) -> Map<String, Value> {
    let share = |(name, share): (&str, Option<u32>)| {
        let metadata = json!({"value": share?.to_string()});
        Some(json!({"type": name, "metricType": "Utilization", "metadata": metadata}))
    };
    let shares = [("cpu", auto.cpu), ("memory", auto.memory)].into_iter().filter_map(share);
    let triggers: Vec<Value> = shares.chain([waiting]).collect();
    Map::from_iter([
        ("minReplicaCount".to_owned(), json!(auto.min)),
        ("maxReplicaCount".to_owned(), json!(auto.max)),
        ("triggers".to_owned(), Value::Array(triggers)),
    ])
}

/// KEDA's question of how many wait, from its version 2.7 on.
fn waiting(
    context: &Context<'_>,
    component: &ComponentSpec,
    part: &Part<'_>,
    of: &Queue,
) -> Result<Value, RenderError> {
    let object = object_name(context.config);
    is_called_by_its_name(&object, component, part)?;
    let namespace = context.config.namespace.as_deref().or(context.facts.namespace.as_deref());
    let aim = of.waiting.unwrap_or_else(|| processors(&part.server.resources).saturating_mul(2));
    Ok(json!({"type": "prometheus", "metricType": "AverageValue", "metadata": {
        "serverAddress": of.prometheus,
        "query": queue::waiting(namespace, &object, &part.name),
        "threshold": aim.to_string(),
    }}))
}

/// Whether pods are called by the names of what they are of.
fn is_called_by_its_name(
    object: &str,
    component: &ComponentSpec,
    part: &Part<'_>,
) -> Result<(), RenderError> {
    /// As long as the name of a canary that has the main predictor's configuration.
    const CANARY: &str = "canary-99999";
    let containers = component.spec.iter().flat_map(|pod| &pod.containers);
    let names: Vec<&str> = containers.map(|container| container.name.as_str()).collect();
    let names = if names.is_empty() { MODEL_NODE.to_owned() } else { names.join("-") };
    let predictor = if part.name == MAIN { CANARY } else { &part.name };
    let name = format!("{}{names}", queue::prefix(object, predictor));
    if name.len() <= queue::NAME_LEN_MAX {
        return Ok(());
    }
    let expected = format!("pods with a name of at most {} characters", queue::NAME_LEN_MAX);
    let got = format!("`{name}`, of {}", name.len());
    Err(RenderError::new(part.at("scale.auto.queue"), expected, got).hint(
        "beyond that the operator calls them by a digest: shorten names, or write the question \
               yourself, in `scale.keda`",
    ))
}

/// How many processors a pod's server has threads for; one where nothing is said.
fn processors(resources: &Resources) -> u32 {
    let said = resources.limits.get("cpu").or(resources.requests.get("cpu"));
    said.and_then(Quantity::of).map_or(1, |cpu| cpu.rounded_up().max(1))
}

/// Both forms of metrics: operators from 1.15 on read the newer one where the cluster knows it, and
/// the older one otherwise.
fn hpa(path: &str, auto: &Autoscale, has_metrics_v2: bool) -> Result<HpaSpec, RenderError> {
    let shares = [("cpu", auto.cpu), ("memory", auto.memory)];
    let resource = |(name, share): (&str, Option<u32>)| {
        let target = json!({"type": "Utilization", "averageUtilization": share?});
        Some(json!({"type": "Resource", "resource": {"name": name, "target": target}}))
    };
    let mut newer: Vec<Value> = shares.into_iter().filter_map(resource).collect();
    newer.extend(auto.metrics.iter().cloned().map(Value::Object));
    let n_ours = newer.len().saturating_sub(auto.metrics.len());
    let mut metrics = Vec::new();
    for (index, metric) in newer.iter().enumerate() {
        metrics.push(older(metric).ok_or_else(|| {
            let index = index.saturating_sub(n_ours);
            let path = format!("{}[{index}]", member(path, "metrics"));
            RenderError::new(path, "a metric of `autoscaling/v2`", format!("`{metric}`"))
        })?);
    }
    Ok(HpaSpec {
        min_replicas: Some(number(&member(path, "min"), auto.min)?),
        max_replicas: number(&member(path, "max"), auto.max)?,
        metrics,
        metricsv2: if has_metrics_v2 { newer } else { Vec::new() },
    })
}

/// A metric of `autoscaling/v2` as `autoscaling/v2beta1` has it.
///
/// Source: Kubernetes' `autoscaling/v2beta1` types; targets and names were flat there.
fn older(metric: &Value) -> Option<Value> {
    let kind = metric.get("type")?.as_str()?;
    let (key, field) = match kind {
        "Resource" => ("resource", metric.get("resource")?),
        "ContainerResource" => ("containerResource", metric.get("containerResource")?),
        "Pods" => ("pods", metric.get("pods")?),
        "Object" => ("object", metric.get("object")?),
        "External" => ("external", metric.get("external")?),
        _ => return None,
    };
    let target = field.get("target")?;
    let mut flat = Map::new();
    let mut put = |name: &str, value: Option<&Value>| {
        if let Some(value) = value {
            flat.insert(name.to_owned(), value.clone());
        }
    };
    let named = field.get("metric");
    let (name, selector) =
        (named.and_then(|metric| metric.get("name")), named.and_then(|it| it.get("selector")));
    match kind {
        "Resource" | "ContainerResource" => {
            put("name", Some(field.get("name")?));
            put("container", field.get("container"));
            put("targetAverageUtilization", target.get("averageUtilization"));
            put("targetAverageValue", target.get("averageValue"));
        }
        "Pods" => {
            put("metricName", Some(name?));
            put("selector", selector);
            put("targetAverageValue", Some(target.get("averageValue")?));
        }
        "Object" => {
            put("target", Some(field.get("describedObject")?));
            put("metricName", Some(name?));
            put("selector", selector);
            // The older form wants both fields, and takes the average where it is given.
            put("targetValue", target.get("value").or(target.get("averageValue")));
            put("averageValue", target.get("averageValue"));
        }
        _ => {
            put("metricName", Some(name?));
            put("metricSelector", selector);
            put("targetValue", target.get("value"));
            put("targetAverageValue", target.get("averageValue"));
        }
    }
    Some(json!({"type": kind, key: flat}))
}

fn disruptions(path: &str, budget: &DisruptionBudget) -> Result<DisruptionBudgetSpec, RenderError> {
    let read = |key: &str, value: &Option<Value>| match value {
        None => Ok(None),
        Some(value) => {
            serde_json::from_value::<IntOrString>(value.clone()).map(Some).map_err(|_| {
                let expected = "a number or a share such as `50%`";
                RenderError::new(member(path, key), expected, format!("`{value}`"))
            })
        }
    };
    Ok(DisruptionBudgetSpec {
        min_available: read("minAvailable", &budget.min_available)?,
        max_unavailable: read("maxUnavailable", &budget.max_unavailable)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_of_all_kinds_have_an_older_form() {
        let named = json!({"name": "rps", "selector": {"matchLabels": {"a": "b"}}});
        let cases = [
            (
                json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}),
                json!({"type": "Resource", "resource": {"name": "cpu", "targetAverageUtilization": 70}}),
            ),
            (
                json!({"type": "ContainerResource", "containerResource": {"name": "memory", "container": "model", "target": {"type": "AverageValue", "averageValue": "1Gi"}}}),
                json!({"type": "ContainerResource", "containerResource": {"name": "memory", "container": "model", "targetAverageValue": "1Gi"}}),
            ),
            (
                json!({"type": "Pods", "pods": {"metric": named, "target": {"type": "AverageValue", "averageValue": "10"}}}),
                json!({"type": "Pods", "pods": {"metricName": "rps", "selector": {"matchLabels": {"a": "b"}}, "targetAverageValue": "10"}}),
            ),
            (
                json!({"type": "Object", "object": {"describedObject": {"kind": "Ingress", "name": "i"}, "metric": {"name": "rps"}, "target": {"type": "Value", "value": "5"}}}),
                json!({"type": "Object", "object": {"target": {"kind": "Ingress", "name": "i"}, "metricName": "rps", "targetValue": "5"}}),
            ),
            (
                json!({"type": "External", "external": {"metric": named, "target": {"type": "AverageValue", "averageValue": "10"}}}),
                json!({"type": "External", "external": {"metricName": "rps", "metricSelector": {"matchLabels": {"a": "b"}}, "targetAverageValue": "10"}}),
            ),
        ];
        for (newer, expected) in cases {
            assert_eq!(older(&newer), Some(expected), "{newer}");
        }
        for wrong in [json!({}), json!({"type": "Pods"}), json!({"type": "X", "x": {}}), json!(7)] {
            assert_eq!(older(&wrong), None, "{wrong}");
        }
    }
}
