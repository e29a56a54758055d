//! Whether Seldon Core's operator is there, runs, and looks at the namespace.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt as _;

use super::Finding;
use crate::cli::Area;
use crate::cluster::{Cluster, SeldonCrd, Selected};
use crate::error::Code;

/// The labels of the operator's Deployment, in its chart and in its plain manifests.
const LABELS: &str = "control-plane=seldon-controller-manager";
/// Where it usually is.
const NAMESPACE: &str = "seldon-system";
/// The label of a namespace that is another operator's, or of objects that are this one's.
const CONTROLLER_ID: &str = "seldon.io/controller-id";

pub(super) async fn checks(cluster: &Cluster) -> Vec<Finding> {
    let crd = match cluster.seldon_crd().await {
        Ok(Some(crd)) => crd,
        Ok(None) => {
            let fix = "install it: helm install seldon-core seldon-core-operator \
                       --repo https://storage.googleapis.com/seldon-charts -n seldon-system";
            return vec![Finding::fail(
                Area::Operator,
                "no SeldonDeployments in this cluster",
                fix,
            )];
        }
        Err(failure) => return vec![Finding::of(Area::Operator, &failure)],
    };
    let mut findings = vec![definition(&crd), running(cluster).await];
    findings.extend(watched(cluster).await);
    findings
}

fn definition(crd: &SeldonCrd) -> Finding {
    let versions = crd.versions.join(", ");
    if !crd.versions.iter().any(|version| version == "v1") {
        return Finding::fail(
            Area::Operator,
            format!("SeldonDeployments are served as {versions} only"),
            "version v1 is needed: the operator must be 1.2 or newer",
        );
    }
    let age = match crd.has_progress_deadline {
        Some(true) => "; predictors have progressDeadlineSeconds",
        Some(false) => "; predictors have no progressDeadlineSeconds (operator older than 1.15)",
        None => "",
    };
    Finding::ok(Area::Operator, format!("SeldonDeployments are served as {versions}{age}"))
}

async fn running(cluster: &Cluster) -> Finding {
    let everywhere = Selected { is_everywhere: true, ..Selected::labels(LABELS) };
    let mut found = cluster.list::<Deployment>(&everywhere).await;
    if found.as_ref().is_err_and(|failure| failure.code() == Some(Code::Forbidden)) {
        found = cluster.within(NAMESPACE).list::<Deployment>(&Selected::labels(LABELS)).await;
    }
    let found = match found {
        Ok(found) => found,
        Err(failure) if failure.code() == Some(Code::Forbidden) => {
            return Finding::warn(
                Area::Operator,
                "whether the operator runs may not be seen",
                format!("whoever may runs: kubectl -n {NAMESPACE} get deployments -l {LABELS}"),
            );
        }
        Err(failure) => return Finding::of(Area::Operator, &failure),
    };
    judge(&found)
}

fn judge(operators: &[Deployment]) -> Finding {
    let image = |operator: &Deployment| {
        let pod = operator.spec.as_ref()?.template.spec.as_ref()?;
        pod.containers.first()?.image.clone()
    };
    let available = |operator: &&Deployment| {
        operator.status.as_ref().and_then(|status| status.available_replicas).unwrap_or(0) > 0
    };
    match (operators.iter().find(available), operators.first()) {
        (Some(operator), _) => {
            let image = image(operator).unwrap_or_default();
            let place = operator.namespace().unwrap_or_default();
            let keda = if has_keda(operator) { "with KEDA" } else { "without KEDA" };
            let what = format!("the operator runs in `{place}` ({image}), {keda}");
            Finding::ok(Area::Operator, what)
        }
        (None, Some(operator)) => {
            let (place, name) = (operator.namespace().unwrap_or_default(), operator.name_any());
            Finding::fail(
                Area::Operator,
                format!(
                    "the operator has no pod that is available: deployment/{name} in `{place}`"
                ),
                format!("kubectl -n {place} describe pods -l {LABELS}"),
            )
        }
        (None, None) => Finding::fail(
            Area::Operator,
            format!("SeldonDeployments are known, but no operator is found ({LABELS})"),
            "without one they stay without a status: install the operator, or ask where it runs",
        ),
    }
}

/// Whether the operator makes autoscalers of `kedaSpec`. Source: Seldon Core's chart.
fn has_keda(operator: &Deployment) -> bool {
    let pod = operator.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
    let containers = pod.iter().flat_map(|pod| &pod.containers);
    let mut variables = containers.flat_map(|container| container.env.iter().flatten());
    variables.any(|it| it.name == "KEDA_ENABLED" && it.value.as_deref() == Some("true"))
}

/// Whether the namespace is left to an operator of its own, where one may see that.
async fn watched(cluster: &Cluster) -> Option<Finding> {
    let name = cluster.namespace();
    let found = cluster.find_global::<Namespace>(name).await.ok().flatten()?;
    Some(match found.labels().get(CONTROLLER_ID) {
        Some(owner) => Finding::warn(
            Area::Operator,
            format!(
                "namespace `{name}` is left to the operator `{owner}` (label `{CONTROLLER_ID}`)"
            ),
            "that operator must run; the one of the whole cluster passes its objects over in silence",
        ),
        None => {
            Finding::ok(Area::Operator, format!("namespace `{name}` is not another operator's"))
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::commands::doctor::Verdict;

    #[test]
    fn an_operator_must_be_there_and_have_a_pod() {
        let with = |available: i32, env: &Value| -> Deployment {
            let operator = json!({
                "metadata": {"name": "seldon-controller-manager", "namespace": "seldon-system"},
                "spec": {"selector": {}, "template": {"spec": {"containers": [
                    {"name": "manager", "image": "seldonio/seldon-core-operator:1.17.1", "env": env}]}}},
                "status": {"availableReplicas": available}
            });
            serde_json::from_value(operator).unwrap()
        };
        let operator = |available: i32| with(available, &json!([]));
        assert_eq!(judge(&[]).verdict, Verdict::Fail);
        assert_eq!(judge(&[operator(0)]).verdict, Verdict::Fail);
        let found = judge(&[operator(0), operator(1)]);
        assert_eq!(found.verdict, Verdict::Ok);
        assert!(
            found.what.contains("1.17.1") && found.what.contains("without KEDA"),
            "{}",
            found.what
        );
        let found = judge(&[with(1, &json!([{"name": "KEDA_ENABLED", "value": "true"}]))]);
        assert!(found.what.contains("with KEDA"), "{}", found.what);
    }

    #[test]
    fn old_operators_are_told() {
        let crd = |versions: &[&str], has_progress_deadline| SeldonCrd {
            versions: versions.iter().map(|it| (*it).to_owned()).collect(),
            has_progress_deadline,
        };
        assert_eq!(definition(&crd(&["v1alpha2"], None)).verdict, Verdict::Fail);
        assert!(definition(&crd(&["v1"], Some(false))).what.contains("older than 1.15"));
    }
}
