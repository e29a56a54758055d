//! Each rule of the webhook, kept and broken.

use serde_json::{Value, json};

use super::*;

/// A predictor with a container of its node's name, and `more` over it.
fn predictor(name: &str, more: Value) -> Value {
    let mut whole = json!({
        "name": name, "graph": {"name": "model", "type": "MODEL"},
        "componentSpecs": [{"spec": {"containers": [{"name": "model", "image": "i"}]}}],
    });
    let Value::Object(more) = more else { panic!() };
    more.into_iter().for_each(|(key, value)| whole[key] = value);
    whole
}

fn told(spec: &Value) -> Vec<String> {
    let object = serde_json::from_value(json!({"metadata": {"name": "x"}, "spec": spec}));
    let servers = BTreeSet::from(["SKLEARN_SERVER".to_owned(), "RADIANT_SERVER".to_owned()]);
    problems(&object.unwrap(), Some(&servers)).iter().map(ToString::to_string).collect()
}

fn one(more: Value) -> Value {
    json!({"predictors": [predictor("main", more)]})
}

#[test]
fn what_follows_the_rules_passes() {
    let shared = |name: &str, share: u8| predictor(name, json!({"traffic": share}));
    let specs = [
        one(json!({})),
        one(json!({"traffic": 100})),
        one(json!({"annotations": {NO_ENGINE: "true"}})),
        one(
            json!({"graph": {"name": "m", "implementation": "SKLEARN_SERVER", "modelUri": "s3://a"}}),
        ),
        one(json!({"graph": {"name": "m", "implementation": "RANDOM_ABTEST"}})),
        json!({"predictors": [shared("a", 90), shared("b", 10)], "protocol": "v2"}),
        json!({"predictors": [shared("a", 100), predictor("b", json!({}))]}),
        json!({"predictors": [shared("a", 100), predictor("b", json!({"shadow": true}))]}),
        json!({"predictors": [predictor("a", json!({})), predictor("b", json!({"shadow": true, "traffic": 20}))]}),
        json!({"transport": "grpc", "predictors": [predictor("a", json!({
            "graph": {"name": "model", "endpoint": {"type": "GRPC"}}}))]}),
    ];
    for spec in specs {
        assert_eq!(told(&spec), Vec::<String>::new(), "{spec}");
    }
}

/// One problem, whose text has a part.
fn check((spec, expected): (Value, &str)) {
    let told = told(&spec);
    assert!(told.len() == 1 && told[0].contains(expected), "{expected}: {told:?}");
}

#[test]
fn rules_of_predictors_name_their_place() {
    let at = |share: u8| json!({"traffic": share});
    let annotated = |key: &str| json!({"annotations": {key: "x"}, "traffic": 50});
    let cases = [
        (json!({"predictors": []}), "`spec.predictors`: expected at least one"),
        (
            json!({"protocol": "v3", "predictors": [predictor("a", json!({}))]}),
            "`spec.protocol`: expected one of seldon, tensorflow, kfserving, v2, got `v3`",
        ),
        (
            json!({"transport": "udp", "predictors": [predictor("a", json!({}))]}),
            "`spec.transport`",
        ),
        (
            json!({"serverType": "x", "predictors": [predictor("a", json!({}))]}),
            "`spec.serverType`",
        ),
        (
            json!({"predictors": [predictor("a", at(50)), predictor("a", at(50))]}),
            "`spec.predictors[1].name`: expected a name that no other",
        ),
        (
            json!({"predictors": [predictor("My Model", json!({}))]}),
            "`spec.predictors[0].name`: expected a DNS label, got `My Model`",
        ),
        (
            json!({"predictors": [predictor("a", annotated(SVC_NAME)), predictor("b", annotated(SVC_NAME))]}),
            "`spec.predictors[1].annotations[\"seldon.io/svc-name\"]`",
        ),
        (
            json!({"predictors": [predictor("a", at(60)), predictor("b", at(50))]}),
            "sum to 100, got 110",
        ),
        (one(at(50)), "expected 100 or none for the only predictor, got 50"),
        (one(json!({"shadow": true})), "got shadows only"),
        (
            json!({"predictors": [predictor("a", json!({})), predictor("b", json!({"shadow": true})), predictor("c", json!({"shadow": true}))]}),
            "one shadow at most, got 2",
        ),
    ];
    cases.into_iter().for_each(check);
}

#[test]
fn rules_of_nodes_name_their_place() {
    let node = |node: Value| one(json!({"graph": node}));
    let cases = [
        (
            node(json!({"name": "other"})),
            "`spec.predictors[0].graph`: expected a container `other` in `componentSpecs`, got model",
        ),
        (
            node(json!({"name": "model", "children": [{"name": "x"}]})),
            "`spec.predictors[0].graph.children[0]`: expected a container `x`",
        ),
        (
            node(json!({"name": "m", "implementation": "SKLEARN_SERVER"})),
            "`spec.predictors[0].graph.modelUri`",
        ),
        (
            node(json!({"name": "m", "implementation": "NO_SERVER", "modelUri": "s3://a"})),
            "`spec.predictors[0].graph.implementation`: expected a server that the operator knows (RADIANT_SERVER, SKLEARN_SERVER), got `NO_SERVER`",
        ),
        (
            node(json!({"name": "model", "logger": {"url": "http://x"}})),
            "`spec.predictors[0].graph.logger.mode`",
        ),
        (
            json!({"transport": "rest", "predictors": [predictor("a", json!({"graph": {"name": "model", "endpoint": {"type": "GRPC"}}}))]}),
            "`spec.predictors[0].graph.endpoint.type`",
        ),
        (
            json!({"protocol": "tensorflow", "predictors": [predictor("a", json!({"graph": {"name": "m", "implementation": "SKLEARN_SERVER", "modelUri": "s3://a"}}))]}),
            "expected no protocol `tensorflow`",
        ),
        (
            one(
                json!({"annotations": {NO_ENGINE: "false"}, "graph": {"name": "model", "children": [{"name": "model"}]}}),
            ),
            "`spec.predictors[0].graph`: expected a graph of one node",
        ),
    ];
    cases.into_iter().for_each(check);
}

#[test]
fn kafka_needs_its_variables() {
    let spec = |env: Value| json!({"serverType": "kafka", "predictors": [predictor("a", json!({"svcOrchSpec": {"env": env}}))]});
    assert_eq!(told(&spec(json!([{"name": "KAFKA_BROKER"}]))).len(), 2);
    let all: Vec<Value> = KAFKA.iter().map(|name| json!({"name": name})).collect();
    assert_eq!(told(&spec(json!(all))), Vec::<String>::new());
}
