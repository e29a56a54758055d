//! What is in a cluster from the beginning, and what its operator and Kubernetes make of a
//! SeldonDeployment. How pods fare, the name of their image says.

use serde_json::{Value, json};

/// The label that says what something was made of.
pub(super) const OWNER: &str = "seldon-deployment-id";

/// What there is from the beginning: kind, namespace, object.
pub(super) fn stock() -> Vec<(&'static str, &'static str, Value)> {
    let operator = json!({
        "metadata": {"name": "seldon-controller-manager",
                     "labels": {"control-plane": "seldon-controller-manager"}},
        "spec": {"selector": {}, "template": {"spec": {"containers": [
            {"name": "manager", "image": "seldonio/seldon-core-operator:1.17.1"}]}}},
        "status": {"availableReplicas": 1},
    });
    let gateway = json!({
        "metadata": {"name": "istio-ingressgateway", "labels": {"istio": "ingressgateway"}},
        "spec": {"ports": [{"name": "http2", "port": 80}]},
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}},
    });
    let servers = json!({"SKLEARN_SERVER": {"protocols": {"seldon": {
        "image": "seldonio/sklearnserver", "defaultImageVersion": "1.17.1"}}}});
    let config = json!({"metadata": {"name": "seldon-config"},
                        "data": {"predictor_servers": servers.to_string()}});
    vec![
        ("namespaces", "", json!({"metadata": {"name": "ml"}})),
        ("namespaces", "", json!({"metadata": {"name": "seldon-system"}})),
        ("deployments", "seldon-system", operator),
        ("services", "istio-system", gateway),
        ("configmaps", "seldon-system", config),
    ]
}

/// What the operator says of an object.
pub(super) fn status(object: &Value) -> Value {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    let host = format!("{name}-main.{namespace}.svc.cluster.local:8000");
    let url = format!("http://{host}/api/v1.0/predictions");
    let conditions = [json!({"type": "Ready", "status": "True"})];
    json!({"state": "Available", "address": {"url": url}, "conditions": conditions})
}

/// The Deployments, ReplicaSets and pods of an object, each with its kind.
pub(super) fn children(object: &Value, then: &str) -> Vec<(&'static str, Value)> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let predictors = object["spec"]["predictors"].as_array();
    let mut made = Vec::new();
    for predictor in predictors.into_iter().flatten() {
        let of_all = object["spec"]["replicas"].as_i64();
        let n_pods = predictor["replicas"].as_i64().or(of_all).unwrap_or(1);
        let part = &predictor["componentSpecs"][0];
        let node = part["spec"]["containers"][0]["name"].as_str().unwrap_or("model");
        let predictor = predictor["name"].as_str().unwrap_or_default();
        let maker = Maker { owner: name, predictor, part, then, n_pods };
        maker.make(&format!("{name}-{predictor}-0-{node}"), &mut made);
    }
    made
}

/// What is made of a predictor.
struct Maker<'a> {
    owner: &'a str,
    predictor: &'a str,
    part: &'a Value,
    then: &'a str,
    n_pods: i64,
}

impl Maker<'_> {
    fn make(&self, name: &str, made: &mut Vec<(&'static str, Value)>) {
        let container = self.container();
        let n_ready = if container["ready"] == true { self.n_pods } else { 0 };
        let mut deployment = self.object(name, "");
        deployment["metadata"]["generation"] = 1.into();
        deployment["metadata"]["annotations"] = json!({"deployment.kubernetes.io/revision": "1"});
        deployment["spec"] = json!({"replicas": self.n_pods, "selector": {}, "template": {
            "metadata": {"annotations": self.part["metadata"]["annotations"]},
            "spec": self.part["spec"]}});
        deployment["status"] = json!({"observedGeneration": 1, "replicas": self.n_pods,
            "updatedReplicas": self.n_pods, "readyReplicas": n_ready, "availableReplicas": n_ready});
        made.push(("deployments", deployment));
        let set = format!("{name}-5d9");
        let mut replica_set = self.object(&set, name);
        replica_set["metadata"]["annotations"] = json!({"deployment.kubernetes.io/revision": "1"});
        replica_set["spec"] = json!({"replicas": self.n_pods, "selector": {}});
        replica_set["status"] = json!({"replicas": self.n_pods});
        made.push(("replicasets", replica_set));
        for idx in 1..=self.n_pods {
            made.push(("pods", self.pod(&format!("{set}-{idx}"), &set, &container)));
        }
    }

    fn object(&self, name: &str, owner: &str) -> Value {
        let labels = json!({OWNER: self.owner, "version": self.predictor,
                            "seldon-app": format!("{}-{}", self.owner, self.predictor)});
        let owners = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner,
                             "uid": format!("uid-{owner}")}]);
        json!({"metadata": {"name": name, "namespace": "ml", "uid": format!("uid-{name}"),
            "resourceVersion": "1", "creationTimestamp": self.then, "labels": labels,
            "ownerReferences": owners}})
    }

    fn pod(&self, name: &str, set: &str, container: &Value) -> Value {
        let is_ready = if container["ready"] == true { "True" } else { "False" };
        let mut pod = self.object(name, set);
        pod["metadata"]["annotations"] = self.part["metadata"]["annotations"].clone();
        pod["spec"] = self.part["spec"].clone();
        pod["spec"]["nodeName"] = "node-a".into();
        pod["status"] = json!({"phase": "Running", "containerStatuses": [container], "conditions": [
            {"type": "PodScheduled", "status": "True", "lastTransitionTime": self.then},
            {"type": "Ready", "status": is_ready}]});
        pod
    }

    /// How the container fares, by the name of its image.
    fn container(&self) -> Value {
        let container = &self.part["spec"]["containers"][0];
        let image = container["image"].as_str().unwrap_or_default();
        let mut status = json!({"name": container["name"], "image": image, "imageID": "",
            "ready": true, "restartCount": 0, "state": {"running": {"startedAt": self.then}}});
        if image.contains("/broken") {
            status["ready"] = false.into();
            status["restartCount"] = 5.into();
            status["state"] = json!({"waiting": {"reason": "CrashLoopBackOff"}});
            status["lastState"] = json!({"terminated": {"exitCode": 1, "reason": "Error"}});
        } else if image.contains("/missing") {
            status["ready"] = false.into();
            let message = format!("{image}: not found");
            status["state"] =
                json!({"waiting": {"reason": "ImagePullBackOff", "message": message}});
        } else if image.contains("/slow") {
            status["ready"] = false.into();
        }
        status
    }
}
