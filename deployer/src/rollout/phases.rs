//! The phase of a deployment in every state of its life.

use std::time::Duration;

use serde_json::json;

use super::fixture::{NOW, Stage, THEN};
use super::phase::{Expected, Failing, Phase, phase_of};

fn phase(stage: &Stage) -> Phase {
    stage.status().phase
}

#[test]
fn what_is_whole_is_ready() {
    let status = Stage::ready().status();
    assert_eq!((status.phase, status.summary.as_str()), (Phase::Ready, "2 of 2 pods serve"));
    assert_eq!((status.revision.as_deref(), status.causes.len()), (Some("7"), 0));
    let [main] = &status.predictors[..] else { panic!("there is one") };
    assert_eq!((main.replicas, main.ready, main.updated, main.reached), (2, 2, 2, true));
}

#[test]
fn nothing_and_what_is_left_of_it() {
    let mut stage = Stage::ready();
    stage.observed.sdep = None;
    let status = stage.status();
    assert_eq!(status.phase, Phase::Terminating);
    assert_eq!(status.summary, "the object is gone; 2 pods left");
    stage.observed.pods.clear();
    stage.observed.deployments.clear();
    assert_eq!(phase(&stage), Phase::Absent);
}

#[test]
fn a_deleted_object_names_what_holds_it() {
    let mut stage = Stage::ready();
    stage.sdep()["metadata"]["deletionTimestamp"] = json!(THEN);
    assert_eq!((phase(&stage), stage.status().causes.len()), (Phase::Terminating, 0));
    stage.sdep()["metadata"]["finalizers"] = json!(["example.com/wait"]);
    let status = stage.status();
    assert!(status.causes[0].text.contains("`example.com/wait`"), "{:?}", status.causes);
}

/// Statuses that other tools cannot parse, or believe.
#[test]
fn no_status_is_too_odd() {
    let cases = [
        (json!(null), Phase::Progressing),
        (json!({}), Phase::Progressing),
        (json!({"state": "Creating"}), Phase::Progressing),
        (
            json!({"state": "Creating", "conditions": [{"type": "Ready", "status": "Unknown"}]}),
            Phase::Progressing,
        ),
        (json!({"state": "Failed"}), Phase::Failed),
        (json!({"state": "Failed", "description": "boom"}), Phase::Failed),
        (json!({"state": ""}), Phase::Progressing),
        (
            json!({"state": "Brewing", "conditions": [{"type": "Ready", "status": "True"}]}),
            Phase::Ready,
        ),
        (json!({"state": 7, "conditions": "none"}), Phase::Progressing),
        (json!("available"), Phase::Progressing),
        (json!({"state": "Available"}), Phase::Ready),
    ];
    for (status, expected) in cases {
        let mut stage = Stage::ready();
        stage.sdep()["status"] = status.clone();
        assert_eq!(phase(&stage), expected, "{status}");
    }
}

#[test]
fn a_silent_operator_is_waited_for_and_then_not() {
    let mut stage = Stage::ready();
    stage.observed.deployments.clear();
    stage.observed.pods.clear();
    stage.sdep()["status"] = json!({});
    let status = stage.status();
    assert_eq!((status.phase, status.failing), (Phase::Ignored, Some(Failing::Cause)));
    stage.sdep()["metadata"]["creationTimestamp"] = json!(NOW);
    assert_eq!((phase(&stage), stage.status().failing), (Phase::Creating, None));
}

#[test]
fn the_word_available_is_not_believed_while_former_pods_serve() {
    let mut stage = Stage::ready();
    stage.sdep()["spec"]["predictors"][0]["componentSpecs"][0]["metadata"]["annotations"] =
        json!({"radiant.dev/revision": "8"});
    stage.sdep()["metadata"]["managedFields"] = json!([{"time": NOW, "fieldsV1": {"f:spec": {}}}]);
    let status = stage.status();
    assert_eq!(status.phase, Phase::Progressing);
    assert_eq!(status.summary, "waiting for the operator to bring the new spec to its Deployments");
    assert!(!status.predictors[0].reached);
}

#[test]
fn another_number_of_pods_is_no_readiness() {
    let mut stage = Stage::ready();
    stage.sdep()["spec"]["replicas"] = json!(3);
    assert_eq!(phase(&stage), Phase::Progressing);
}

#[test]
fn a_deployment_that_kubernetes_has_not_seen_is_not_ready() {
    let mut stage = Stage::ready();
    stage.deployment(json!({"metadata": {"generation": 4}}));
    let status = stage.status();
    assert_eq!(status.phase, Phase::Progressing);
    assert_eq!(status.summary, "waiting for Kubernetes to look at the Deployments");
}

#[test]
fn former_pods_that_are_left_are_counted() {
    let mut stage = Stage::ready();
    stage.add_former_pod("old");
    stage.deployment(json!({"status": {"replicas": 3}}));
    let status = stage.status();
    assert_eq!(status.summary, "2 of 2 pods are ready, 1 pod of a former revision is left");
}

#[test]
fn foreign_objects_are_told_by_image_and_time() {
    let mut stage = Stage::ready();
    let spec = &mut stage.sdep()["spec"]["predictors"][0]["componentSpecs"][0];
    spec["metadata"] = json!({});
    assert_eq!(phase(&stage), Phase::Ready);
    // The operator has said nothing since the spec was written.
    stage.sdep()["metadata"]["managedFields"] = json!([
        {"time": NOW, "fieldsV1": {"f:spec": {}}}, {"time": THEN, "fieldsV1": {"f:status": {}}},
    ]);
    assert_eq!(phase(&stage), Phase::Progressing);
    stage.sdep()["metadata"]["managedFields"] = json!([]);
    let spec = &mut stage.sdep()["spec"]["predictors"][0]["componentSpecs"][0]["spec"];
    spec["containers"][0]["image"] = json!("radiant:2");
    assert_eq!(phase(&stage), Phase::Progressing);
}

#[test]
fn a_failure_of_the_former_spec_is_not_one_of_this() {
    let mut stage = Stage::rolling();
    stage.sdep()["status"] = json!({"state": "Failed", "description": "boom"});
    stage.sdep()["metadata"]["managedFields"] = json!([
        {"time": NOW, "fieldsV1": {"f:spec": {}}}, {"time": THEN, "fieldsV1": {"f:status": {}}},
    ]);
    let status = stage.status();
    assert_eq!((status.phase, status.failing), (Phase::Creating, None));
}

#[test]
fn kubernetes_giving_up_is_failure_though_former_pods_serve() {
    let mut stage = Stage::rolling();
    stage.deployment(json!({"status": {"availableReplicas": 2, "conditions": [
        {"type": "Available", "status": "True"},
        {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"},
    ]}}));
    let status = stage.status();
    assert_eq!((status.phase, status.failing), (Phase::Failed, Some(Failing::Deadline)));
    assert!(status.summary.contains("no pod got further for 600 s"), "{}", status.summary);
}

#[test]
fn a_cause_ends_the_wait_when_it_has_held() {
    let mut stage = Stage::rolling();
    let waiting = json!({"waiting": {"reason": "CreateContainerConfigError", "message": "secret \"s\" not found"}});
    stage.container(0, json!({"ready": false, "state": waiting}));
    let expected = |is_fail_fast, grace| {
        let grace = Duration::from_secs(grace);
        let status =
            phase_of(&stage.observed, &Expected { is_fail_fast, grace, ..Expected::default() });
        (status.phase, status.failing)
    };
    assert_eq!(expected(true, 10), (Phase::Failed, Some(Failing::Cause)));
    assert_eq!(expected(true, 900), (Phase::Creating, None));
    assert_eq!(expected(false, 10), (Phase::Creating, None));
}

#[test]
fn what_was_whole_and_lost_a_pod_is_degraded() {
    let mut stage = Stage::ready();
    stage.sdep()["status"]["state"] = json!("Creating");
    stage.deployment(
        json!({"status": {"readyReplicas": 1, "availableReplicas": 1, "unavailableReplicas": 1}}),
    );
    stage.pod(0, json!({"status": {"conditions": [{"type": "Ready", "status": "False"}]}}));
    assert_eq!(phase(&stage), Phase::Progressing, "a pod may start without a fault");
    stage.container(
        0,
        json!({"ready": false, "restartCount": 5,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"exitCode": 1}}}),
    );
    let status = stage.status();
    assert_eq!((status.phase, status.failing), (Phase::Degraded, Some(Failing::Cause)));
    assert_eq!(status.summary, "1 of 2 pods: the server exited 1");
}

#[test]
fn no_pods_that_are_wanted_and_none_there_is_stopped() {
    let mut stage = Stage::ready();
    stage.sdep()["spec"]["replicas"] = json!(0);
    stage.sdep()["status"] = json!({"state": "Creating"});
    let status = stage.status();
    assert_eq!(
        (status.phase, status.summary.as_str()),
        (Phase::Progressing, "it is being stopped; 2 pods left")
    );
    stage.observed.pods.clear();
    stage.deployment(
        json!({"spec": {"replicas": 0}, "status": {"replicas": 0, "availableReplicas": 0}}),
    );
    assert_eq!(phase(&stage), Phase::Stopped);
}

#[test]
fn an_autoscaler_may_want_no_pods() {
    let mut stage = Stage::ready();
    stage.sdep()["spec"]["predictors"][0]["componentSpecs"][0]["kedaSpec"] =
        json!({"triggers": []});
    stage.sdep()["status"] = json!({"state": "Creating"});
    stage.deployment(json!({"spec": {"replicas": 0}, "status": {
        "replicas": 0, "updatedReplicas": 0, "readyReplicas": 0, "availableReplicas": 0}}));
    stage.observed.pods.clear();
    let status = stage.status();
    assert_eq!(
        (status.phase, status.summary.as_str()),
        (Phase::Ready, "its autoscaler has scaled it to no pods")
    );
}

#[test]
fn an_older_object_than_the_applied_one_is_no_answer() {
    let stage = Stage::ready();
    let of = |revision: Option<&str>, generation| {
        let revision = revision.map(str::to_owned);
        phase_of(&stage.observed, &Expected { revision, generation, ..Expected::default() }).phase
    };
    assert_eq!(of(Some("7"), Some(7)), Phase::Ready);
    assert_eq!(of(Some("8"), None), Phase::Progressing);
    assert_eq!(of(None, Some(8)), Phase::Progressing);
    assert_eq!(of(Some("6"), Some(6)), Phase::Ready, "somebody else applied a later one");
}

#[test]
fn an_explainer_beside_the_model_has_to_be_ready_too() {
    let mut stage = Stage::ready();
    let mut explainer = stage.observed.deployments[0].clone();
    explainer.metadata.name = Some("fraud-main-explainer".to_owned());
    Stage::set_template_revision(&mut explainer, "");
    explainer.metadata.uid = Some("d2".to_owned());
    stage.observed.deployments.push(explainer);
    assert_eq!(phase(&stage), Phase::Ready);
    let status = stage.observed.deployments[1].status.as_mut().expect("there is one");
    status.available_replicas = Some(1);
    assert_eq!(phase(&stage), Phase::Progressing);
}

#[test]
fn phases_are_read_as_they_are_shown() {
    for phase in Phase::ALL {
        assert_eq!(phase.to_string().to_lowercase().parse(), Ok(phase));
    }
    assert!("broken".parse::<Phase>().expect_err("there is none").contains("Terminating"));
}
