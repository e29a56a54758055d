//! How many pods there are, and who may change that.

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::{Map, Value, json};

use super::RenderError;
use super::error::number;
use super::part::Part;
use crate::config::{Autoscale, DisruptionBudget};
use crate::manifest::problem::member;
use crate::manifest::seldon::{ComponentSpec, DisruptionBudgetSpec, HpaSpec};

/// Writes autoscalers and budgets into a predictor's pods.
pub(super) fn scale(
    component: &mut ComponentSpec,
    part: &Part<'_>,
    has_metrics_v2: bool,
) -> Result<(), RenderError> {
    let path = part.at("scale");
    if let Some(auto) = &part.scale.auto {
        component.hpa_spec = Some(hpa(&member(&path, "auto"), auto, has_metrics_v2)?);
    }
    component.keda_spec.clone_from(&part.scale.keda);
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
