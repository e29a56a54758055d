//! What the kubelet's stand-in does with pods.

use serde_json::json;

use crate::stand::{Namespace, at, items};

const STATE: &str = "/status/containerStatuses/0/state";
const LAST: &str = "/status/containerStatuses/0/lastState/terminated";

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_pod_runs_with_its_environment_and_its_volumes() {
    let namespace = Namespace::new("environment");
    let values = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "values"}, "data": {"a": "1", "b": "2"},
    });
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"KEY": "hidden"},
    });
    namespace
        .apply(&json!({"apiVersion": "v1", "kind": "List", "items": [values, secret]}).to_string());
    let script = "echo $A $KEY $NAME $BOTH $ADDRESS; cat /values/a /podinfo/annotations; ls -a /values; id -u; \
                  echo x > /scratch/x; echo y > /y || echo no; sleep 1000";
    namespace.pod("shell", script, |pod| {
        let container = &mut pod["spec"]["containers"][0];
        container["envFrom"] = json!([{"secretRef": {"name": "keys"}}]);
        container["env"] = json!([
            {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "values", "key": "a"}}},
            {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "BOTH", "value": "$(A)-$(KEY)-$(NONE)"},
            {"name": "ADDRESS", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        ]);
        container["securityContext"] = json!({
            "readOnlyRootFilesystem": true, "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
        });
        container["volumeMounts"] = json!([
            {"name": "values", "mountPath": "/values"}, {"name": "podinfo", "mountPath": "/podinfo"},
            {"name": "scratch", "mountPath": "/scratch"},
        ]);
        let field = json!({"fieldPath": "metadata.annotations"});
        pod["spec"]["volumes"] = json!([
            {"name": "values", "configMap": {"name": "values"}},
            {"name": "podinfo", "downwardAPI": {"items": [{"path": "annotations", "fieldRef": field}]}},
            {"name": "scratch", "emptyDir": {}},
        ]);
    });
    let pod = namespace
        .until(&["pod", "shell"], |pod| at(pod, "/status/containerStatuses/0/ready") == true);
    let address = at(&pod, "/status/podIP").as_str().expect("an address").to_owned();
    namespace
        .until(&["pod", "shell"], |_| namespace.kubectl(&["logs", "shell"]).contains("\nno\n"));
    let log = namespace.kubectl(&["logs", "shell"]);
    let expected = format!("1 hidden shell 1-hidden-$(NONE) {address}\n");
    assert!(log.contains(&expected), "{log}");
    assert!(log.contains("seldon.io/x=\"1\""), "{log}");
    assert!(log.contains("..data\na\nb\n8888\n"), "{log}");
    assert_eq!(namespace.kubectl(&["logs", "shell", "--tail=1"]).lines().count(), 1);
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_container_that_fails_is_started_again_ever_later() {
    let namespace = Namespace::new("crash");
    namespace.pod("crash", "echo trying; echo last word > /dev/termination-log; exit 3", |_| {});
    let pod = namespace
        .until(&["pod", "crash"], |pod| at(pod, STATE)["waiting"]["reason"] == "CrashLoopBackOff");
    let last = at(&pod, LAST);
    assert_eq!(
        (&last["exitCode"], &last["reason"], &last["message"]),
        (&json!(3), &json!("Error"), &json!("last word\n"))
    );
    assert_eq!(at(&pod, "/status/phase"), "Running");
    namespace.until_event("BackOff", "Back-off restarting failed container");
    assert_eq!(namespace.kubectl(&["logs", "crash", "--previous"]), "trying\n");
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn the_last_lines_stand_in_for_a_last_word() {
    let namespace = Namespace::new("lastword");
    namespace.pod("crash", "echo one; echo two >&2; exit 78", |pod| {
        pod["spec"]["restartPolicy"] = json!("Never");
        pod["spec"]["containers"][0]["terminationMessagePolicy"] = json!("FallbackToLogsOnError");
    });
    let pod = namespace.until(&["pod", "crash"], |pod| at(pod, "/status/phase") == "Failed");
    let ended = &at(&pod, STATE)["terminated"];
    assert_eq!(ended["exitCode"], 78);
    let message = ended["message"].as_str().expect("a message");
    assert!(message.contains("one") && message.contains("two"), "{message}");
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn what_keeps_a_container_from_its_start_is_told_as_a_kubelet_tells_it() {
    let namespace = Namespace::new("waiting");
    let cases = [
        ("pull", "/image", json!("nowhere.test/x:1"), "ImagePullBackOff", "Back-off pulling image"),
        (
            "name",
            "/image",
            json!("No:Name:1"),
            "InvalidImageName",
            "couldn't parse image reference",
        ),
        (
            "secret",
            "/envFrom",
            json!([{"secretRef": {"name": "none"}}]),
            "CreateContainerConfigError",
            "secret \"none\" not found",
        ),
        (
            "key",
            "/env",
            json!([{"name": "X", "valueFrom": {"secretKeyRef": {"name": "some", "key": "K"}}}]),
            "CreateContainerConfigError",
            "couldn't find key K in Secret waiting/some",
        ),
        (
            "root",
            "/securityContext",
            json!({"runAsNonRoot": true, "runAsUser": 0}),
            "CreateContainerConfigError",
            "container has runAsNonRoot and image will run as root",
        ),
    ];
    namespace.kubectl(&["create", "secret", "generic", "some", "--from-literal=L=1"]);
    for (name, field, value, ..) in &cases {
        namespace.pod(name, "sleep 1000", |pod| {
            pod["spec"]["containers"][0][field.trim_start_matches('/')] = value.clone();
        });
    }
    for (name, _, _, reason, words) in &cases {
        let pod =
            namespace.until(&["pod", name], |pod| at(pod, STATE)["waiting"]["reason"] == *reason);
        let message = at(&pod, STATE)["waiting"]["message"].as_str().unwrap_or_default();
        assert!(message.contains(words), "{name}: {message}");
        assert_eq!(at(&pod, "/status/phase"), "Pending", "{name}");
    }
    namespace.until_event("Failed", "Failed to pull image \"nowhere.test/x:1\"");
    namespace.until_event("Failed", "Error: secret \"none\" not found");
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_program_that_is_not_there_is_told_by_its_name() {
    let namespace = Namespace::new("nothing");
    namespace
        .pod("nothing", "", |pod| pod["spec"]["containers"][0]["command"] = json!(["/nothing"]));
    let pod = namespace.until(&["pod", "nothing"], |pod| at(pod, LAST)["reason"] == "StartError");
    let message = at(&pod, LAST)["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("/nothing") && message.contains("no such file or directory"),
        "{message}"
    );
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_pod_that_asks_for_too_much_is_not_scheduled() {
    let namespace = Namespace::new("schedule");
    namespace.pod("large", "sleep 1000", |pod| {
        let requests = json!({"cpu": "400", "nvidia.com/gpu": "1"});
        pod["spec"]["containers"][0]["resources"] =
            json!({"requests": requests, "limits": {"nvidia.com/gpu": "1"}});
    });
    let words = "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient nvidia.com/gpu.";
    namespace.until_event("FailedScheduling", words);
    let pod = namespace.get(&["pod", "large"]);
    assert_eq!(at(&pod, "/status/conditions/0/reason"), "Unschedulable");
    assert_eq!(at(&pod, "/status/conditions/0/message"), words);
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_volume_that_is_not_there_keeps_the_pod_waiting() {
    let namespace = Namespace::new("mount");
    namespace.pod("mount", "sleep 1000", |pod| {
        pod["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "v", "mountPath": "/v"}]);
        pod["spec"]["volumes"] = json!([{"name": "v", "configMap": {"name": "late"}}]);
    });
    namespace.until_event(
        "FailedMount",
        "MountVolume.SetUp failed for volume \"v\" : configmap \"late\" not found",
    );
    let pod = namespace.get(&["pod", "mount"]);
    assert_eq!(at(&pod, STATE)["waiting"]["reason"], "ContainerCreating");
    namespace.kubectl(&["create", "configmap", "late"]);
    namespace.until(&["pod", "mount"], |pod| at(pod, "/status/phase") == "Running");
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn containers_before_the_others_run_one_after_the_other() {
    let namespace = Namespace::new("init");
    let init = |name: &str, script: &str| {
        json!({
            "name": name, "image": "tools", "command": ["/bin/sh", "-c", script],
            "volumeMounts": [{"name": "v", "mountPath": "/v"}],
        })
    };
    let both = json!([init("first", "echo 1 > /v/x"), init("second", "cat /v/x")]);
    for (name, before) in [("good", both), ("bad", json!([init("first", "echo no; exit 1")]))] {
        namespace.pod(name, "cat /v/x; sleep 1000", |pod| {
            pod["spec"]["initContainers"] = before.clone();
            pod["spec"]["volumes"] = json!([{"name": "v", "emptyDir": {}}]);
            pod["spec"]["containers"][0]["volumeMounts"] =
                json!([{"name": "v", "mountPath": "/v"}]);
        });
    }
    namespace.until(&["pod", "good"], |pod| at(pod, "/status/phase") == "Running");
    assert_eq!(namespace.kubectl(&["logs", "good", "-c", "second"]), "1\n");
    let bad = namespace.until(&["pod", "bad"], |pod| {
        at(pod, "/status/initContainerStatuses/0/state/waiting/reason") == "CrashLoopBackOff"
    });
    assert_eq!(at(&bad, STATE)["waiting"]["reason"], "PodInitializing");
    assert_eq!(
        at(&bad, "/status/conditions/0/message"),
        "containers with incomplete status: [first]"
    );
    let refusal = namespace.refused(&["logs", "bad", "-c", "main"]);
    assert!(refusal.contains("is waiting to start: PodInitializing"), "{refusal}");
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn probes_make_ready_and_start_again() {
    let namespace = Namespace::new("probes");
    let probe = |script: &str| {
        json!({
            "exec": {"command": ["/bin/sh", "-c", script]},
            "periodSeconds": 1, "timeoutSeconds": 30, "failureThreshold": 2,
        })
    };
    namespace.pod("ready", "sleep 3; echo > /tmp/ready; sleep 1000", |pod| {
        pod["spec"]["containers"][0]["readinessProbe"] = probe("cat /tmp/ready");
    });
    namespace.pod("alive", "sleep 1000", |pod| {
        pod["spec"]["containers"][0]["livenessProbe"] = probe("echo unwell; exit 1");
    });
    namespace.pod("slow", "sleep 3; echo > /tmp/started; sleep 1000", |pod| {
        pod["spec"]["containers"][0]["startupProbe"] = probe("cat /tmp/started");
        pod["spec"]["containers"][0]["startupProbe"]["failureThreshold"] = json!(100);
        pod["spec"]["containers"][0]["livenessProbe"] = probe("cat /tmp/started");
    });
    namespace.until_event("Unhealthy", "Startup probe failed: cat:");
    let slow = namespace
        .until(&["pod", "slow"], |pod| at(pod, "/status/containerStatuses/0/started") == true);
    assert_eq!(at(&slow, "/status/containerStatuses/0/restartCount"), 0);
    namespace.until_event("Unhealthy", "Readiness probe failed: cat:");
    namespace.until(&["pod", "ready"], |pod| at(pod, "/status/conditions/1/status") == "True");
    let pod = namespace.until(&["pod", "alive"], |pod| at(pod, LAST).is_object());
    assert_eq!(at(&pod, LAST)["exitCode"], 137);
    namespace.until_event("Unhealthy", "Liveness probe failed: unwell");
    namespace.until_event("Killing", "Container main failed liveness probe, will be restarted");
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_hook_runs_before_the_signal_and_what_stays_is_killed() {
    let namespace = Namespace::new("stop");
    let script = "trap 'echo term; exit 0' TERM; while :; do sleep 0.1; done";
    for (name, hook) in [("kind", "echo hook > /proc/1/fd/1"), ("rude", "exit 7")] {
        namespace.pod(name, script, |pod| {
            let hook = json!({"exec": {"command": ["/bin/sh", "-c", hook]}});
            pod["spec"]["containers"][0]["lifecycle"] = json!({"preStop": hook});
        });
        namespace.until(&["pod", name], |pod| at(pod, "/status/phase") == "Running");
    }
    namespace.kubectl(&["delete", "pod", "kind", "rude", "--timeout=60s"]);
    namespace.until_event("FailedPreStopHook", "exited with 7");
    assert!(items(&namespace.get(&["pods"])).is_empty());
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_container_beyond_its_memory_is_killed_and_says_so() {
    let namespace = Namespace::new("memory");
    namespace.pod("greedy", "x=0123456789; while :; do x=$x$x; done", |pod| {
        pod["spec"]["restartPolicy"] = json!("Never");
        pod["spec"]["containers"][0]["resources"] = json!({"limits": {"memory": "16Mi"}});
    });
    let pod = namespace.until(&["pod", "greedy"], |pod| at(pod, "/status/phase") == "Failed");
    let ended = &at(&pod, STATE)["terminated"];
    assert_eq!((&ended["exitCode"], &ended["reason"]), (&json!(137), &json!("OOMKilled")));
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_log_is_followed_to_its_end() {
    let namespace = Namespace::new("follow");
    namespace.pod("slow", "echo one; sleep 2; echo two", |pod| {
        pod["spec"]["restartPolicy"] = json!("Never");
    });
    namespace.until(&["pod", "slow"], |pod| at(pod, "/status/phase") != "Pending");
    assert_eq!(namespace.kubectl(&["logs", "--follow", "slow"]), "one\ntwo\n");
    namespace.until(&["pod", "slow"], |pod| at(pod, "/status/phase") == "Succeeded");
    let stamped = namespace.kubectl(&["logs", "--timestamps", "slow"]);
    assert!(stamped.lines().all(|line| line.starts_with("20")), "{stamped}");
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_pod_that_is_deleted_by_force_makes_room_for_the_next() {
    let namespace = Namespace::new("force");
    let script = "trap '' TERM; while :; do sleep 0.1; done";
    namespace.pod("stubborn", script, |_| {});
    let first = namespace.until(&["pod", "stubborn"], |pod| at(pod, "/status/phase") == "Running");
    namespace.kubectl(&["delete", "pod", "stubborn", "--force", "--grace-period=0"]);
    namespace.pod("stubborn", script, |_| {});
    let second = namespace.until(&["pod", "stubborn"], |pod| at(pod, "/status/phase") == "Running");
    assert_ne!(at(&first, "/metadata/uid"), at(&second, "/metadata/uid"));
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn somebody_without_a_role_is_told_what_he_may_not_do() {
    let namespace = Namespace::new("rights");
    let refusal = namespace.refused(&["--context", "deployer", "get", "pods"]);
    assert!(refusal.contains("User \"deployer\" cannot list resource \"pods\""), "{refusal}");
    namespace.kubectl(&["create", "rolebinding", "edit", "--clusterrole=edit", "--user=deployer"]);
    namespace.until(&["--context", "deployer", "pods"], |pods| pods["kind"] == "List");
}
