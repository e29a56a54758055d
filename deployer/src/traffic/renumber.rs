//! The number of a revision, wherever a manifest says it.

use serde_json::{Value, json};

/// The annotation of objects and of pods.
const REVISION: &str = "radiant.dev/revision";
/// That of kubectl.
const RESTARTED: &str = "kubectl.kubernetes.io/restartedAt";
/// The label of the object.
const VERSION: &str = "app.kubernetes.io/version";

/// Gives the object a number, and the predictors of these names their pods' templates, so that their
/// rollout can be told from an earlier one.
pub fn renumber(manifest: &mut Value, number: u32, predictors: &[&str]) {
    let number = json!(number.to_string());
    let mut put = |pointer: &str, key: &str| {
        if let Some(fields) = manifest.pointer_mut(pointer).and_then(Value::as_object_mut)
            && fields.contains_key(key)
        {
            fields.insert(key.to_owned(), number.clone());
        }
    };
    put("/metadata/annotations", REVISION);
    put("/metadata/labels", VERSION);
    let all = manifest.pointer_mut("/spec/predictors").and_then(Value::as_array_mut);
    for predictor in all.into_iter().flatten() {
        let is_meant = predictor["name"].as_str().is_some_and(|name| predictors.contains(&name));
        let components = predictor.get_mut("componentSpecs").and_then(Value::as_array_mut);
        for component in components.into_iter().flatten().filter(|_| is_meant) {
            let annotations = component.pointer_mut("/metadata/annotations");
            if let Some(annotations) = annotations.and_then(Value::as_object_mut) {
                annotations.insert(REVISION.to_owned(), number.clone());
            }
        }
    }
}

/// Gives every template of pods the time of a restart, and says how many there are.
pub fn restart(spec: &mut Value, time: &str) -> usize {
    let mut n_templates = 0;
    let all = spec.get_mut("predictors").and_then(Value::as_array_mut);
    for predictor in all.into_iter().flatten() {
        let components = predictor.get_mut("componentSpecs").and_then(Value::as_array_mut);
        for component in components.into_iter().flatten() {
            component["metadata"]["annotations"][RESTARTED] = json!(time);
            n_templates += 1;
        }
    }
    n_templates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_and_the_pods_that_are_meant_get_the_number() {
        let predictor = |name: &str| json!({"name": name, "componentSpecs": [{"metadata": {"annotations": {REVISION: "3"}}}]});
        let mut manifest = json!({
            "metadata": {"annotations": {REVISION: "3", "a": "b"}, "labels": {VERSION: "3"}},
            "spec": {"predictors": [predictor("main"), predictor("b")]},
        });
        renumber(&mut manifest, 8, &["main"]);
        let at = |pointer: &str| manifest.pointer(pointer).cloned().unwrap();
        assert_eq!(at("/metadata/annotations/radiant.dev~1revision"), "8");
        assert_eq!(at("/metadata/labels/app.kubernetes.io~1version"), "8");
        let pods = "/componentSpecs/0/metadata/annotations/radiant.dev~1revision";
        assert_eq!(at(&format!("/spec/predictors/0{pods}")), "8");
        assert_eq!(at(&format!("/spec/predictors/1{pods}")), "3");
        assert_eq!(restart(&mut manifest["spec"], "now"), 2);
        let template = &manifest["spec"]["predictors"][1]["componentSpecs"][0]["metadata"];
        assert_eq!(template["annotations"][RESTARTED], "now");
        assert_eq!(template["annotations"][REVISION], "3");
    }
}
