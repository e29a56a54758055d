//! A small chart: the manifest as a template, with values for what differs between clusters.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{File, yaml};
use crate::manifest::MANAGED_BY;
use crate::manifest::render::{CONFIG_HASH, REVISION};

/// What stands in the printed manifest where a value of the chart goes.
const MARK: &str = "__RADIANT_HELM_";
/// The container whose image and resources are values.
const CONTAINER: &str = "/spec/predictors/0/componentSpecs/0/spec/containers/0";
const INITIALIZER: &str = "/spec/predictors/0/componentSpecs/0/spec/initContainers/0";

/// A chart with one SeldonDeployment. `version` is the chart's own.
///
/// Values are the image and the resources of the first container, where it has them, and the number
/// of pods, where it is fixed.
pub fn helm(object: &Value, version: &str) -> Vec<File> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let chart = json!({
        "apiVersion": "v2", "name": name, "version": version, "type": "application",
        "description": format!("The model `{name}`, served by Radiant on Seldon Core"),
    });
    let mut template = object.clone();
    let values = take_values(&mut template);
    clean(&mut template);
    let file = |path: &str, text: String| File { path: path.to_owned(), text };
    vec![
        file("Chart.yaml", yaml(&chart)),
        file("values.yaml", yaml(&Value::Object(values))),
        file("templates/seldondeployment.yaml", templated(&yaml(&template))),
    ]
}

/// Puts marks into `object`, and gives what stood there.
fn take_values(object: &mut Value) -> Map<String, Value> {
    let mut values = Map::new();
    let mut take = |pointer: &str, name: &str| {
        if let Some(at) = object.pointer_mut(pointer) {
            let value = std::mem::replace(at, json!(format!("{MARK}{name}__")));
            values.entry(name).or_insert(value);
        }
    };
    take(&format!("{CONTAINER}/image"), "image");
    take(&format!("{CONTAINER}/resources"), "resources");
    take("/spec/replicas", "replicas");
    let image = format!("{INITIALIZER}/image");
    // The initializer of ours is the same program.
    if let Some(at) = object.pointer_mut(&image).filter(|at| values.get("image") == Some(&**at)) {
        *at = json!(format!("{MARK}image__"));
    }
    values
}

/// Takes away what Helm says itself, and what would be wrong for other values.
fn clean(object: &mut Value) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    metadata.remove("namespace");
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.remove(CONFIG_HASH);
        annotations.remove(REVISION);
    }
    if let Some(labels) = metadata.get_mut("labels").and_then(Value::as_object_mut) {
        labels.insert(MANAGED_BY.0.to_owned(), json!(format!("{MARK}service__")));
    }
}

/// Writes Helm's own words in place of the marks; what looks like them already is a text.
fn templated(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let line = line.replace("{{", "{{ \"{{\" }}");
        let Some((before, name)) = line.split_once(MARK) else {
            out.push_str(&line);
            out.push('\n');
            continue;
        };
        // Maps in a list begin behind the list's mark, which counts as two.
        let indent = before.len() - before.trim_start_matches([' ', '-']).len() + 2;
        let words = match name.trim_end_matches('_') {
            "image" => "{{ .Values.image | quote }}".to_owned(),
            "replicas" => "{{ .Values.replicas }}".to_owned(),
            "service" => "{{ .Release.Service }}".to_owned(),
            _ => format!("{{{{- toYaml .Values.resources | nindent {indent} }}}}"),
        };
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(out, "{before}{words}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart() -> Vec<File> {
        let container = json!({
            "name": "model", "image": "radiant:1", "resources": {"limits": {"memory": "1Gi"}},
            "env": [{"name": "TEMPLATE", "value": "{{ .x }}"}],
        });
        let pod = json!({"containers": [container], "initContainers": [{"name": "i", "image": "radiant:1"}]});
        helm(
            &json!({
                "kind": "SeldonDeployment",
                "metadata": {"name": "iris", "namespace": "ml", "annotations": {"radiant.dev/config-hash": "x"},
                    "labels": {"app.kubernetes.io/managed-by": "radiant-deploy"}},
                "spec": {"replicas": 2, "predictors": [{"name": "main", "componentSpecs": [{"spec": pod}]}]},
            }),
            "0.1.0",
        )
    }

    #[test]
    fn values_are_what_the_manifest_had() {
        let files = chart();
        assert_eq!(files[1].path, "values.yaml");
        let values: Value = serde_saphyr::from_str(&files[1].text).unwrap();
        let expected = json!({"image": "radiant:1", "replicas": 2, "resources": {"limits": {"memory": "1Gi"}}});
        assert_eq!(values, expected);
    }

    #[test]
    fn the_template_refers_to_them() {
        let text = &chart()[2].text;
        for expected in [
            "image: {{ .Values.image | quote }}\n",
            "replicas: {{ .Values.replicas }}\n",
            "app.kubernetes.io/managed-by: {{ .Release.Service }}\n",
            "{{- toYaml .Values.resources | nindent 12 }}\n",
            "{{ \"{{\" }} .x }}",
        ] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
        assert!(
            !text.contains(MARK) && !text.contains("config-hash") && !text.contains("namespace")
        );
        assert_eq!(text.matches(".Values.image").count(), 2, "{text}");
    }
}
