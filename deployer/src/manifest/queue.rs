//! How many requests wait for the pods of a predictor: a question to Prometheus.
//!
//! The sum of a queue's times grows in a second by the number of those who wait in it (Little's law), and
//! pods add up. Pods are told by their names, as `namespace` and `pod` are the labels that Prometheus'
//! operator and its charts give. Source of the names: Seldon Core 1.18, `GetDeploymentName`.

use serde_json::{Map, Value};

/// The longest name that pods are called by; beyond it, the operator calls them by a digest.
pub(super) const NAME_LEN_MAX: usize = 63;

/// The question, of one predictor.
pub(super) fn waiting(namespace: Option<&str>, object: &str, predictor: &str) -> String {
    let namespace = namespace.map(|it| format!("namespace=\"{it}\", ")).unwrap_or_default();
    let pods = prefix(object, predictor);
    format!("sum(rate(radiant_queue_seconds_sum{{{namespace}pod=~\"{pods}.+\"}}[1m]))")
}

/// What the names of a predictor's pods begin with.
pub(super) fn prefix(object: &str, predictor: &str) -> String {
    format!("{object}-{predictor}-0-")
}

/// Lets the questions of an autoscaler, a `kedaSpec`, follow a predictor that gets another name.
pub(crate) fn follow(keda: &mut Map<String, Value>, object: &str, from: &str, to: &str) {
    let (from, to): (String, String) =
        [from, to].map(|name| format!("\"{}", prefix(object, name))).into();
    let triggers = keda.get_mut("triggers").and_then(Value::as_array_mut);
    for trigger in triggers.into_iter().flatten() {
        if let Some(Value::String(query)) = trigger.pointer_mut("/metadata/query") {
            *query = query.replace(&from, &to);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn questions_follow_the_names_of_pods() {
        let of =
            |predictor: &str| json!({"metadata": {"query": waiting(Some("ml"), "a", predictor)}});
        let other = json!({"type": "cpu", "metadata": {"value": "70"}});
        let mut keda =
            Map::from_iter([("triggers".to_owned(), json!([of("canary-3"), of("b"), other]))]);
        follow(&mut keda, "a", "canary-3", "main");
        assert_eq!(keda["triggers"], json!([of("main"), of("b"), other]));
        follow(&mut keda, "b", "main", "x");
        assert_eq!(keda["triggers"], json!([of("main"), of("b"), other]));
    }

    #[test]
    fn without_a_namespace_all_are_asked() {
        let expected = r#"sum(rate(radiant_queue_seconds_sum{pod=~"a-main-0-.+"}[1m]))"#;
        assert_eq!(waiting(None, "a", "main"), expected);
    }
}
