//! Rows about pods, their Deployments and the operator, and what is no cause.

use serde_json::json;

use super::super::cause::{Cause, Kind, Severity};
use super::super::fixture::{NOW, Stage, THEN};
use super::super::phase::Phase;
use super::{Row, check, containers, ended, waiting};

/// Both new pods wait for a node, and this is why.
fn pending(message: &str) -> Stage {
    let mut stage = Stage::rolling();
    for idx in 0..2 {
        stage.pod(
            idx,
            json!({
                "spec": {"nodeName": null},
                "status": {"phase": "Pending", "containerStatuses": null, "conditions": [{
                    "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                    "message": message, "lastTransitionTime": THEN,
                }]},
            }),
        );
    }
    stage
}

#[test]
fn nodes() {
    let row = |what, said, line, field| Row {
        what,
        stage: pending(said),
        kind: Kind::Unschedulable,
        severity: Severity::Stubborn,
        line,
        field,
    };
    let mut scaling = pending("0/5 nodes are available: 5 Insufficient cpu.");
    for pod in ["fraud-a", "fraud-b"] {
        scaling.say(pod, "TriggeredScaleUp", "pod triggered scale-up: [{group 1->2}]", NOW);
    }
    let rows = [
        row(
            "too little CPU",
            "0/5 nodes are available: 5 Insufficient cpu. preemption: 0/5 nodes are available: 5 No preemption victims found.",
            "2 of 2 pods: no node takes the pod: 0/5 nodes are available: 5 Insufficient cpu (`model` asks for cpu 4)",
            Some("server.resources.requests.cpu"),
        ),
        row(
            "no GPU",
            "0/5 nodes are available: 5 Insufficient nvidia.com/gpu.",
            "2 of 2 pods: no node takes the pod: 0/5 nodes are available: 5 Insufficient nvidia.com/gpu",
            Some("server.resources.limits.nvidia.com/gpu"),
        ),
        row(
            "taints",
            "0/1 nodes are available: 1 node(s) had taint {gpu: true}, that the pod didn't tolerate.",
            "2 of 2 pods: no node takes the pod: 0/1 nodes are available: 1 node(s) had taint {gpu: true}, that the pod didn't tolerate",
            Some("pod.tolerations"),
        ),
        row(
            "labels that no node has",
            "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.",
            "2 of 2 pods: no node takes the pod: 0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector",
            Some("pod.nodeSelector"),
        ),
        row(
            "a claim that is not there",
            "persistentvolumeclaim \"models\" not found",
            "2 of 2 pods: no node takes the pod: persistentvolumeclaim \"models\" not found",
            Some("pod.volumes"),
        ),
        Row {
            what: "a node that is on its way",
            severity: Severity::Passing,
            stage: scaling,
            ..row(
                "",
                "",
                "2 of 2 pods: no node takes the pod: 0/5 nodes are available: 5 Insufficient cpu (`model` asks for cpu 4)",
                None,
            )
        },
    ];
    rows.iter().for_each(check);
}

#[test]
fn pods_that_may_not_be_made() {
    let refused = |said: &str| {
        let mut stage = Stage::rolling();
        stage.observed.pods.clear();
        stage.replica_set(json!({"status": {"replicas": 0, "conditions": [{
            "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
            "message": said, "lastTransitionTime": THEN,
        }]}}));
        stage
    };
    let mut by_event = Stage::rolling();
    by_event.observed.pods.clear();
    by_event.replica_set(json!({"status": {"replicas": 0}}));
    let said = "Error creating: pods \"x\" is forbidden: exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0";
    by_event.event(("ReplicaSet", "fraud-main-0-model-77"), "FailedCreate", said, THEN);
    let rows = [
        Row {
            what: "a policy of pod security",
            stage: refused(
                "pods \"fraud-x\" is forbidden: violates PodSecurity \"restricted:latest\": runAsNonRoot != true",
            ),
            kind: Kind::PodsRefused,
            severity: Severity::Terminal,
            line: "replicaset/fraud-main-0-model-77: pods may not be made: violates PodSecurity \"restricted:latest\": runAsNonRoot != true",
            field: Some("pod.securityContext"),
        },
        Row {
            what: "a webhook that denies",
            stage: refused(
                "admission webhook \"policy.example\" denied the request: no latest tag",
            ),
            kind: Kind::PodsRefused,
            severity: Severity::Terminal,
            line: "replicaset/fraud-main-0-model-77: pods may not be made: admission webhook \"policy.example\" denied the request: no latest tag",
            field: None,
        },
        Row {
            what: "a quota, told by an event only",
            stage: by_event,
            kind: Kind::PodsRefused,
            severity: Severity::Stubborn,
            line: "replicaset/fraud-main-0-model-77: pods may not be made: exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0",
            field: Some("scale.replicas"),
        },
    ];
    rows.iter().for_each(check);
}

#[test]
fn volumes_and_networks() {
    let creating = |reason: &str, said: &str| {
        let mut stage = waiting("ContainerCreating", "");
        for pod in ["fraud-a", "fraud-b"] {
            stage.say(pod, reason, said, THEN);
        }
        stage
    };
    let mut by_turns = creating(
        "FailedMount",
        "MountVolume.SetUp failed for volume \"tls\" : secret \"tls\" not found",
    );
    by_turns.say("fraud-a", "FailedMount", "Unable to attach or mount volumes: unmounted volumes=[tls]: timed out waiting for the condition", NOW);
    let rows = [
        Row {
            what: "a Secret of a volume",
            stage: by_turns,
            kind: Kind::Volume,
            severity: Severity::Stubborn,
            line: "2 of 2 pods: a volume is not there: MountVolume.SetUp failed for volume \"tls\" : secret \"tls\" not found",
            field: Some("pod.volumes"),
        },
        Row {
            what: "a disk that is elsewhere",
            stage: creating(
                "FailedAttachVolume",
                "Multi-Attach error for volume \"pvc-1\" Volume is already used by pod(s) fraud-old",
            ),
            kind: Kind::Volume,
            severity: Severity::Stubborn,
            line: "2 of 2 pods: a volume is not there: Multi-Attach error for volume \"pvc-1\" Volume is already used by pod(s) fraud-old",
            field: Some("rollout.strategy"),
        },
        Row {
            what: "a network that is not set up",
            stage: creating(
                "FailedCreatePodSandBox",
                "Failed to create pod sandbox: rpc error: code = Unknown desc = cni plugin not initialized",
            ),
            kind: Kind::Sandbox,
            severity: Severity::Stubborn,
            line: "2 of 2 pods: the pod's network cannot be set up: cni plugin not initialized",
            field: None,
        },
    ];
    rows.iter().for_each(check);
}

#[test]
fn the_operator() {
    let mut failed = Stage::rolling();
    failed.sdep()["status"] =
        json!({"state": "Failed", "description": "No entry in predictors map for RADIANT_SERVER"});
    let mut warned = Stage::rolling();
    warned.event(
        ("SeldonDeployment", "fraud"),
        "InternalError",
        "services \"fraud-main\" is forbidden",
        THEN,
    );
    let mut missing = Stage::rolling();
    missing.observed.deployments.clear();
    let mut route = Stage::ready();
    route.sdep()["status"] = json!({"state": "Creating", "conditions": [
        {"type": "istioVirtualServicesReady", "status": "False", "reason": "NotReady", "message": "gateway not found"},
    ]});
    let rows = [
        Row {
            what: "its own description",
            stage: failed,
            kind: Kind::Operator,
            severity: Severity::Terminal,
            line: "seldondeployment/fraud: No entry in predictors map for RADIANT_SERVER",
            field: Some("server.implementation"),
        },
        Row {
            what: "a warning of its",
            stage: warned,
            kind: Kind::Operator,
            severity: Severity::Stubborn,
            line: "seldondeployment/fraud: services \"fraud-main\" is forbidden",
            field: None,
        },
        Row {
            what: "Deployments that it does not make",
            stage: missing,
            kind: Kind::DeploymentMissing,
            severity: Severity::Stubborn,
            line: "seldondeployment/fraud: the operator has made no Deployment for predictor `main`",
            field: None,
        },
    ];
    rows.iter().for_each(check);
    let status = route.status();
    assert_eq!(status.phase, Phase::Progressing, "former pods serve");
    let lines: Vec<_> = status.causes.iter().map(Cause::line).collect();
    assert_eq!(
        lines,
        [
            "seldondeployment/istioVirtualServicesReady: the operator has not done its part `istioVirtualServicesReady` yet: gateway not found"
        ]
    );
}

#[test]
fn a_node_that_gives_a_pod_up() {
    let mut stage = Stage::rolling();
    stage.observed.pods.truncate(1);
    stage.pod(0, json!({"status": {"phase": "Failed", "reason": "Evicted", "message": "Usage of EmptyDir volume \"cache\" exceeds the limit \"1Gi\"."}}));
    check(&Row {
        what: "an eviction",
        stage,
        kind: Kind::Evicted,
        severity: Severity::Passing,
        line: "pod/fraud-a: its node gave it up (Evicted): Usage of EmptyDir volume \"cache\" exceeds the limit \"1Gi\".",
        field: Some("pod.cacheSize"),
    });
}

#[test]
fn hints_of_the_server_itself_are_passed_on() {
    let stage = ended(3, &json!({"message": "error: no\n\nhint: export it without X"}));
    assert_eq!(stage.status().causes[0].hint.as_deref(), Some("export it without X"));
}

#[test]
fn what_was_said_before_is_not_said_of_now() {
    let before = "2026-10-01T09:00:00Z";
    let mut probed = containers(&json!({"ready": false}));
    probed.say(
        "fraud-a",
        "Unhealthy",
        "Readiness probe failed: HTTP probe failed with statuscode: 503",
        before,
    );
    let mut mounted = waiting("ContainerCreating", "");
    mounted.say("fraud-a", "FailedMount", "MountVolume.SetUp failed for volume \"x\"", THEN);
    mounted.say("fraud-a", "Pulling", "Pulling image \"radiant:1\"", NOW);
    let mut warned = Stage::rolling();
    warned.event(("SeldonDeployment", "fraud"), "UpdateFailed", "conflict", before);
    let mut refused = Stage::rolling();
    refused.replica_set(json!({"status": {"replicas": 1}}));
    refused.event(("ReplicaSet", "fraud-main-0-model-77"), "FailedCreate", "exceeded quota", THEN);
    refused.event(("ReplicaSet", "fraud-main-0-model-77"), "SuccessfulCreate", "Created pod", NOW);
    for (what, stage) in
        [("probe", probed), ("mount", mounted), ("warning", warned), ("quota", refused)]
    {
        assert_eq!(stage.status().causes, [], "{what}");
    }
}

#[test]
fn former_pods_are_no_cause() {
    let mut stage = Stage::rolling();
    stage.add_former_pod("old");
    stage.container(
        2,
        json!({"ready": false, "state": {"waiting": {"reason": "ImagePullBackOff"}}}),
    );
    assert_eq!(stage.status().causes, []);
}

#[test]
fn parts_of_other_models_have_their_own_fields() {
    let mut stage = ended(2, &json!({"exitCode": 137, "reason": "OOMKilled"}));
    stage.sdep()["spec"]["predictors"][0]["name"] = json!("blue");
    stage.deployment(
        json!({"metadata": {"name": "fraud-blue-0-model", "labels": {"seldon-app": "fraud-blue"}}}),
    );
    let field = |stage: &Stage| stage.status().causes[0].field.clone();
    assert_eq!(field(&stage).as_deref(), Some("variants[blue].server.resources.limits.memory"));
    let mut graph = ended(2, &json!({"exitCode": 137, "reason": "OOMKilled"}));
    graph.sdep()["spec"]["predictors"][0]["graph"] =
        json!({"name": "scale", "children": [{"name": "model"}]});
    assert_eq!(field(&graph).as_deref(), Some("graph[model].resources.limits.memory"));
}
