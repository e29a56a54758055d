//! Predictors side by side in one SeldonDeployment: canaries, shadows, and who gets which share of the
//! traffic.
//!
//! All of it is pure: a manifest goes in, another comes out. The operator wants shares that sum to 100
//! where several predictors are not shadows, none where there is one, and at most one shadow; a share
//! of 0 beside 100 is not kept by every ingress (seldon-core #4067), so that a predictor without
//! traffic is taken out instead.

mod renumber;
mod shares;

use serde_json::{Map, Value, json};

use crate::manifest::queue;

pub use renumber::{renumber, restart};
pub use shares::{Share, ShareError, parse, set};

/// The predictor that has the traffic.
pub const MAIN: &str = "main";

/// What the name of a canary begins with; its revision's number follows.
pub const CANARY: &str = "canary-";

/// A manifest in which something cannot be done.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TrafficError {
    /// It has no predictor of ours.
    #[error("`spec.predictors`: expected a predictor `{MAIN}`, got {0}")]
    NoMain(String),
    /// There is no canary to be promoted or given up.
    #[error("`spec.predictors`: expected a predictor `{CANARY}N`, got {0}")]
    NoCanary(String),
}

/// Makes the canary the main predictor, under its name, alone.
///
/// # Errors
/// When there is none.
pub fn promote(manifest: &Value) -> Result<Value, TrafficError> {
    let name = the_canary(manifest)?.to_owned();
    let object = manifest["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let mut promoted = manifest.clone();
    edit(&mut promoted, |predictors| {
        predictors.retain(|it| it["name"] != MAIN);
        for predictor in predictors.iter_mut().filter_map(Value::as_object_mut) {
            if predictor.get("name").is_some_and(|it| *it == name) {
                follow(predictor, &object, &name);
                predictor.insert("name".to_owned(), json!(MAIN));
                predictor.remove("shadow");
            }
        }
        settle(predictors);
        Ok(())
    })?;
    Ok(promoted)
}

/// Lets an autoscaler that asks of the canary's pods ask of the main ones.
fn follow(predictor: &mut Map<String, Value>, object: &str, name: &str) {
    let components = predictor.get_mut("componentSpecs").and_then(Value::as_array_mut);
    for component in components.into_iter().flatten() {
        if let Some(Value::Object(keda)) = component.get_mut("kedaSpec") {
            queue::follow(keda, object, name, MAIN);
        }
    }
}

/// Takes the canary out, so that the main predictor has all the traffic that it had before.
///
/// # Errors
/// When there is none.
pub fn abort(manifest: &Value) -> Result<Value, TrafficError> {
    let name = the_canary(manifest)?.to_owned();
    let mut without = manifest.clone();
    edit(&mut without, |predictors| {
        predictors.retain(|it| it["name"] != name);
        settle(predictors);
        Ok(())
    })?;
    Ok(without)
}

/// The name of the canary, if there is one.
pub fn canary(manifest: &Value) -> Option<&str> {
    let predictors = manifest["spec"]["predictors"].as_array()?;
    let mut names = predictors.iter().filter_map(|it| it["name"].as_str());
    names.find(|name| name.starts_with(CANARY))
}

/// The name of the canary.
///
/// # Errors
/// When there is none.
pub fn the_canary(manifest: &Value) -> Result<&str, TrafficError> {
    canary(manifest).ok_or_else(|| TrafficError::NoCanary(names(manifest)))
}

/// A predictor's share of the traffic in percent; none where it gets a copy, or there is no such one.
pub fn percent(manifest: &Value, predictor: &str) -> Option<u64> {
    let predictors = manifest["spec"]["predictors"].as_array()?;
    let found = predictors.iter().find(|it| it["name"] == predictor)?;
    found["traffic"].as_u64().filter(|_| found["shadow"] != true)
}

fn edit(
    manifest: &mut Value,
    change: impl FnOnce(&mut Vec<Value>) -> Result<(), TrafficError>,
) -> Result<(), TrafficError> {
    let none = TrafficError::NoMain(names(manifest));
    let predictors = manifest.pointer_mut("/spec/predictors").and_then(Value::as_array_mut);
    change(predictors.ok_or(none)?)
}

/// The names of all predictors, for people.
fn names(manifest: &Value) -> String {
    listed(manifest["spec"]["predictors"].as_array().map(Vec::as_slice).unwrap_or_default())
}

fn listed(predictors: &[Value]) -> String {
    let names = predictors.iter().filter_map(|it| Some(format!("`{}`", it["name"].as_str()?)));
    let names = names.collect::<Vec<_>>().join(", ");
    if names.is_empty() { "none".to_owned() } else { names }
}

/// Gives the main predictor what others leave; one that is alone needs no share.
fn settle(predictors: &mut [Value]) {
    let has_share = |it: &&mut Value| it["shadow"] != true;
    let mut open: Vec<_> = predictors.iter_mut().filter(has_share).collect();
    if let [only] = open.as_mut_slice() {
        only.as_object_mut().map(|it| it.remove("traffic"));
        return;
    }
    let others = open.iter().filter(|it| it["name"] != MAIN);
    let taken: u64 = others.filter_map(|it| it["traffic"].as_u64()).sum();
    let main = open.iter_mut().find(|it| it["name"] == MAIN).and_then(|it| it.as_object_mut());
    if let Some(main) = main {
        main.insert("traffic".to_owned(), json!(100_u64.saturating_sub(taken)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(predictors: &Value) -> Value {
        json!({"spec": {"protocol": "v2", "predictors": predictors}})
    }

    fn shares(manifest: &Value) -> Vec<(String, Value)> {
        let all = manifest["spec"]["predictors"].as_array().unwrap().iter();
        all.map(|it| (it["name"].as_str().unwrap().to_owned(), it["traffic"].clone())).collect()
    }

    #[test]
    fn one_that_is_left_alone_has_no_share() {
        let both = manifest(&json!([
            {"name": "main", "traffic": 90, "x": "old"},
            {"name": "canary-7", "traffic": 10, "x": "new"},
        ]));
        assert_eq!(canary(&both), Some("canary-7"));
        assert_eq!(percent(&both, "canary-7"), Some(10));
        assert_eq!(abort(&both).unwrap(), manifest(&json!([{"name": "main", "x": "old"}])));
        assert_eq!(promote(&both).unwrap(), manifest(&json!([{"name": "main", "x": "new"}])));
    }

    #[test]
    fn what_is_asked_of_a_canarys_pods_is_asked_of_the_main_ones() {
        let asking = |pods: &str| {
            json!([{"kedaSpec": {"triggers": [
            {"metadata": {"query": format!("sum(rate(waiting{{pod=~\"iris-{pods}-0-.+\"}}[1m]))")}}]}}])
        };
        let mut both = manifest(&json!([
            {"name": "main", "traffic": 90, "componentSpecs": asking("main")},
            {"name": "canary-7", "traffic": 10, "componentSpecs": asking("canary-7")},
        ]));
        both["metadata"]["name"] = json!("iris");
        let promoted = promote(&both).unwrap();
        assert_eq!(promoted["spec"]["predictors"][0]["componentSpecs"], asking("main"));
    }

    #[test]
    fn a_shadow_becomes_a_predictor_like_others() {
        let both = manifest(&json!([{"name": "main"}, {"name": "canary-7", "shadow": true}]));
        assert_eq!(promote(&both).unwrap(), manifest(&json!([{"name": "main"}])));
        assert_eq!(percent(&both, "canary-7"), None);
    }

    #[test]
    fn other_variants_keep_their_shares() {
        let three = manifest(&json!([
            {"name": "main", "traffic": 60}, {"name": "b", "traffic": 30}, {"name": "canary-2", "traffic": 10},
        ]));
        assert_eq!(
            shares(&abort(&three).unwrap()),
            [("main".into(), json!(70)), ("b".into(), json!(30))]
        );
        assert_eq!(
            shares(&promote(&three).unwrap()),
            [("b".into(), json!(30)), ("main".into(), json!(70))]
        );
    }

    #[test]
    fn without_a_canary_there_is_nothing_to_decide() {
        let alone = manifest(&json!([{"name": "main"}]));
        let told = "`spec.predictors`: expected a predictor `canary-N`, got `main`";
        assert_eq!(promote(&alone).unwrap_err().to_string(), told);
        assert_eq!(abort(&alone).unwrap_err().to_string(), told);
    }
}
