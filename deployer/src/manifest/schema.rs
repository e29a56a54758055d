//! The structural schema of the kind, as an API server applies it, with one difference: a field that
//! it does not know is a problem here, where an API server drops it and says nothing.
//!
//! The schema is that of the operator of Seldon Core 1.17 (`crd/make.py` writes it), or a cluster's
//! own definition. Source: Kubernetes' documentation of CustomResourceDefinitions, "Specifying a
//! structural schema".

use std::sync::LazyLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value, json};

use super::problem::{Problem, member};

/// The definition of the kind, as JSON that an API server takes.
pub const DEFINITION: &str = include_str!("crd/seldondeployments.json");

/// The part of a document's own fields that an API server checks by itself.
const METADATA: &str = "metadata";

/// What objects of the kind may look like.
#[derive(Debug)]
pub struct Schema {
    validator: Validator,
    /// As it came, to look fields up in.
    plain: Value,
}

/// A definition that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the definition of SeldonDeployments: expected {expected}, got {got}")]
pub struct DefinitionError {
    expected: &'static str,
    got: String,
}

/// What the operator's version of the kind has that others lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// `predictors[].progressDeadlineSeconds`: from operator 1.15 on.
    pub progress_deadline: bool,
    /// `hpaSpec.metricsv2`: from operator 1.15 on.
    pub metrics_v2: bool,
    /// `seccompProfile` of pods: from Kubernetes' types of 1.19 on.
    pub seccomp_profile: bool,
}

impl Schema {
    /// The schema that comes with the program.
    pub fn bundled() -> &'static Self {
        static BUNDLED: LazyLock<Schema> = LazyLock::new(|| {
            let definition = serde_json::from_str(DEFINITION).unwrap_or_default();
            #[expect(clippy::expect_used, reason = "a file of ours, which tests read too")]
            Schema::of_definition(&definition).expect("the bundled definition is one")
        });
        &BUNDLED
    }

    /// The schema that comes with the program without some fields, by their paths without list marks.
    ///
    /// # Errors
    /// Never in practice: the definition is ours.
    pub fn without(fields: &[&str]) -> Result<Self, DefinitionError> {
        let mut definition = serde_json::from_str(DEFINITION).unwrap_or_default();
        let versions = Value::pointer_mut(&mut definition, "/spec/versions");
        for version in versions.and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(schema) = version.pointer_mut("/schema/openAPIV3Schema") {
                for field in fields {
                    remove(schema, field);
                }
            }
        }
        Self::of_definition(&definition)
    }

    /// The schema of version `v1` in a CustomResourceDefinition of the kind.
    ///
    /// # Errors
    /// When there is none in it, or it is no schema.
    pub fn of_definition(definition: &Value) -> Result<Self, DefinitionError> {
        let plain = plain(definition);
        let Some(plain) = plain.filter(|schema| schema.is_object()) else {
            let got = "none".to_owned();
            return Err(DefinitionError { expected: "a schema of version `v1`", got });
        };
        let mut closed = plain.clone();
        close(&mut closed);
        let validator = jsonschema::validator_for(&closed);
        let wrong = |error: ValidationError<'_>| DefinitionError {
            expected: "a JSON schema",
            got: error.to_string(),
        };
        Ok(Self { validator: validator.map_err(wrong)?, plain: plain.clone() })
    }

    /// What of `object` it does not allow, in the order of paths.
    pub fn problems(&self, object: &Value) -> Vec<Problem> {
        let mut problems: Vec<Problem> =
            self.validator.iter_errors(object).flat_map(|error| problems_of(&error)).collect();
        problems.sort();
        problems.dedup();
        problems
    }

    /// Whether it has a field, by its path without list marks: `spec.predictors.graph`.
    pub fn has(&self, path: &str) -> bool {
        has(&self.plain, path)
    }

    /// What the version of the kind has that others lack.
    pub fn capabilities(&self) -> Capabilities {
        Capabilities::of(&self.plain)
    }
}

impl Capabilities {
    /// Those of a CustomResourceDefinition of the kind; nothing where it has no schema.
    pub fn of_definition(definition: &Value) -> Option<Self> {
        plain(definition).map(Self::of)
    }

    fn of(schema: &Value) -> Self {
        let component = "spec.predictors.componentSpecs";
        Self {
            progress_deadline: has(schema, "spec.predictors.progressDeadlineSeconds"),
            metrics_v2: has(schema, &format!("{component}.hpaSpec.metricsv2")),
            seccomp_profile: has(
                schema,
                &format!("{component}.spec.securityContext.seccompProfile"),
            ),
        }
    }
}

/// The schema of version `v1` in a definition.
fn plain(definition: &Value) -> Option<&Value> {
    let mut versions = definition.pointer("/spec/versions")?.as_array()?.iter();
    versions.find(|version| version["name"] == "v1")?.pointer("/schema/openAPIV3Schema")
}

/// Whether an API server with this schema keeps a field.
fn has(schema: &Value, path: &str) -> bool {
    let mut at = schema;
    for name in path.split('.') {
        at = at.get("items").unwrap_or(at);
        match at.get("properties").and_then(|fields| fields.get(name)) {
            Some(field) => at = field,
            None => return at.get("x-kubernetes-preserve-unknown-fields") == Some(&json!(true)),
        }
    }
    true
}

/// Takes a field out of a structural schema.
fn remove(schema: &mut Value, path: &str) {
    let schema = if schema.get("items").is_some() { &mut schema["items"] } else { schema };
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    match (properties, path.split_once('.')) {
        (Some(properties), None) => drop(properties.remove(path)),
        (Some(properties), Some((name, rest))) => {
            properties.get_mut(name).into_iter().for_each(|inner| remove(inner, rest));
        }
        (None, _) => {}
    }
}

/// Says in JSON Schema's own words what a structural schema says in Kubernetes', and refuses what
/// an API server would drop.
fn close(schema: &mut Value) {
    let Value::Object(schema) = schema else { return };
    let is_set = |schema: &Map<String, Value>, key: &str| schema.get(key) == Some(&json!(true));
    if is_set(schema, "x-kubernetes-int-or-string") {
        schema.remove("anyOf");
        schema.insert("type".to_owned(), json!(["integer", "string"]));
    } else if is_set(schema, "nullable") {
        let kind = schema.get("type").cloned().unwrap_or(json!("object"));
        schema.insert("type".to_owned(), json!([kind, "null"]));
    }
    let is_open = is_set(schema, "x-kubernetes-preserve-unknown-fields");
    if schema.contains_key("properties") && !schema.contains_key("additionalProperties") && !is_open
    {
        schema.insert("additionalProperties".to_owned(), json!(false));
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.values_mut().for_each(close);
    }
    for inner in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get_mut(inner) {
            close(inner);
        }
    }
}

fn problems_of(error: &ValidationError<'_>) -> Vec<Problem> {
    let path = spelled(error.instance_path().as_str());
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let unknown = "unknown field, the API server would drop it";
            unexpected.iter().map(|key| Problem::new(member(&path, key), unknown)).collect()
        }
        ValidationErrorKind::Required { property } => {
            let key = property.as_str().unwrap_or_default();
            vec![Problem::new(member(&path, key), "expected a value, got none")]
        }
        ValidationErrorKind::Type { kind } => {
            let expected = match kind {
                TypeKind::Single(kind) => kind.to_string(),
                TypeKind::Multiple(kinds) => {
                    kinds.iter().map(|kind| kind.to_string()).collect::<Vec<_>>().join(" or ")
                }
            };
            let got = got(error.instance());
            vec![Problem::new(path, format!("expected type {expected}, got {got}"))]
        }
        // Everything else in a structural schema is a bound, which the library words well.
        _ => vec![Problem::new(path, error.to_string())],
    }
}

/// What came, short; texts are not shown, as one may be a secret in the wrong place.
fn got(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => format!("`{value}`"),
        Value::String(_) => "a string".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// A JSON pointer in the spelling of problems. A number is a position, as no field has such a name.
fn spelled(pointer: &str) -> String {
    let parts = pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~"));
    parts.fold(String::new(), |path, part| {
        if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
            format!("{path}[{part}]")
        } else {
            member(&path, &part)
        }
    })
}

/// Fields of an object's metadata that the API server checks by itself, as the schema does not.
pub(super) fn metadata_problems(object: &Value) -> Vec<Problem> {
    let strings = |key: &str| {
        let path = member(METADATA, key);
        let entries = object[METADATA][key].as_object().into_iter().flatten();
        let wrong = entries.filter(|(_, value)| !value.is_string());
        wrong
            .map(|(name, value)| {
                let message = format!("expected type string, got {}", got(value));
                Problem::new(member(&path, name), message)
            })
            .collect::<Vec<_>>()
    };
    let mut problems = [strings("labels"), strings("annotations")].concat();
    let name = &object[METADATA]["name"];
    if name.as_str().is_none_or(str::is_empty) {
        problems.push(Problem::new("metadata.name", "expected a name, got none"));
    }
    for (key, expected) in
        [("apiVersion", super::seldon::API_VERSION), ("kind", super::seldon::KIND)]
    {
        if object[key] != expected {
            let message = format!("expected `{expected}`, got {}", got(&object[key]));
            problems.push(Problem::new(key, message));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(predictor: &Value) -> Value {
        let mut whole = json!({"name": "main", "graph": {"name": "model"}});
        for (key, value) in predictor.as_object().unwrap() {
            whole[key] = value.clone();
        }
        json!({
            "apiVersion": "machinelearning.seldon.io/v1", "kind": "SeldonDeployment",
            "metadata": {"name": "x", "labels": {"a": "b"}},
            "spec": {"predictors": [whole]},
        })
    }

    fn told(predictor: &Value) -> Vec<String> {
        let problems = Schema::bundled().problems(&object(predictor));
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_the_kind_has_is_allowed() {
        let pod = json!({"containers": [{
            "name": "model", "image": "i", "ports": [{"name": "http", "containerPort": 9000}],
            "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
            "livenessProbe": {"tcpSocket": {"port": 9000}},
            "resources": {"limits": {"memory": "1Gi", "cpu": 1}},
        }]});
        let hpa = json!({"maxReplicas": 3, "metrics": [
            {"type": "Resource", "resource": {"name": "cpu", "targetAverageUtilization": 70}}]});
        let component = json!({
            "spec": pod, "hpaSpec": hpa, "metadata": {"annotations": {"a.b/c": "d"}},
            "pdbSpec": {"minAvailable": "50%"},
            "kedaSpec": {"triggers": [{"type": "cron", "metadata": {"start": "0"}}]},
        });
        assert_eq!(told(&json!({"componentSpecs": [component]})), Vec::<String>::new());
    }

    #[test]
    fn what_it_lacks_is_told_with_its_path() {
        let cases = [
            (json!({"share": 1}), "`spec.predictors[0].share`: unknown field"),
            (
                json!({"traffic": "1"}),
                "`spec.predictors[0].traffic`: expected type integer, got a string",
            ),
            (json!({"traffic": 1.5}), "expected type integer, got `1.5`"),
            (json!({"graph": {}}), "`spec.predictors[0].graph.name`: expected a value, got none"),
            (
                json!({"graph": {"name": "m", "parameters": [{"name": "a", "value": "b"}]}}),
                "`spec.predictors[0].graph.parameters[0].type`: expected a value",
            ),
            (
                json!({"labels": {"a.b/c": 1}}),
                "`spec.predictors[0].labels[\"a.b/c\"]`: expected type string",
            ),
            (
                json!({"componentSpecs": [{"spec": {"containers": [{"nickname": "m", "name": "m"}]}}]}),
                "`spec.predictors[0].componentSpecs[0].spec.containers[0].nickname`: unknown field",
            ),
            (json!({"componentSpecs": [{"spec": {}}]}), "spec.containers`: expected a value"),
            (
                json!({"componentSpecs": [{"pdbSpec": {"minAvailable": true}}]}),
                "expected type integer or string, got `true`",
            ),
        ];
        for (predictor, expected) in cases {
            let told = told(&predictor);
            assert!(told.len() == 1 && told[0].contains(expected), "{expected}: {told:?}");
        }
    }

    #[test]
    fn graphs_are_as_deep_as_the_operator_reads_them() {
        let graph = |levels: usize| {
            (1..levels)
                .fold(json!({"name": "n"}), |child, _| json!({"name": "n", "children": [child]}))
        };
        assert_eq!(told(&json!({"graph": graph(10)})), Vec::<String>::new());
        let told = told(&json!({"graph": graph(11)}));
        assert!(told[0].contains("children`: unknown field"), "{told:?}");
    }

    #[test]
    fn a_definition_says_what_it_can() {
        let all = Schema::bundled().capabilities();
        assert!(all.progress_deadline && all.metrics_v2 && all.seccomp_profile, "{all:?}");
        let old = json!({"spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema":
            {"type": "object", "properties": {"spec": {"type": "object", "properties": {}}}}}}]}});
        let old = Schema::of_definition(&old).unwrap().capabilities();
        assert!(!old.progress_deadline && !old.metrics_v2 && !old.seccomp_profile, "{old:?}");
        let open = json!({"spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema":
            {"x-kubernetes-preserve-unknown-fields": true}}}]}});
        assert_eq!(Capabilities::of_definition(&open), Some(all));
        assert_eq!(Capabilities::of_definition(&json!({})), None);
    }

    #[test]
    fn what_is_no_definition_is_refused() {
        for text in ["{}", r#"{"spec": {"versions": [{"name": "v1"}]}}"#, "[]", "null"] {
            let definition = serde_json::from_str(text).unwrap();
            let error = Schema::of_definition(&definition).unwrap_err().to_string();
            assert!(error.contains("expected a schema of version `v1`, got none"), "{error}");
        }
    }

    #[test]
    fn metadata_is_checked_apart() {
        let object = json!({"metadata": {"labels": {"a": 1}}});
        let told: Vec<String> =
            metadata_problems(&object).iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 4, "{told:?}");
        assert!(told[0].contains("`metadata.labels.a`: expected type string, got `1`"), "{told:?}");
    }
}
