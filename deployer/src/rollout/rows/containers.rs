//! Rows about what containers say of themselves.

use serde_json::json;

use super::super::cause::{Kind, Severity};
use super::super::fixture::{NOW, Stage, THEN};
use super::{Row, check, containers, ended, waiting};

#[test]
fn images() {
    let pulled = |said: &str| {
        let mut stage = waiting("ImagePullBackOff", "Back-off pulling image \"radiant:1\"");
        for pod in ["fraud-a", "fraud-b"] {
            let text = format!(
                "Failed to pull image \"radiant:1\": rpc error: code = Unknown desc = {said}"
            );
            stage.say(pod, "Failed", &text, THEN);
            stage.say(pod, "Failed", "Error: ErrImagePull", NOW);
        }
        stage
    };
    let rows = [
        Row {
            what: "a registry that knows no such tag",
            stage: pulled("manifest for radiant:1 not found: manifest unknown"),
            kind: Kind::Image,
            severity: Severity::Stubborn,
            line: "2 of 2 pods: image `radiant:1` cannot be pulled: manifest for radiant:1 not found: manifest unknown",
            field: Some("server.image"),
        },
        Row {
            what: "a registry that refuses a stranger",
            stage: pulled(
                "pull access denied for radiant, repository does not exist or may require 'docker login'",
            ),
            kind: Kind::Image,
            severity: Severity::Stubborn,
            line: "2 of 2 pods: image `radiant:1` cannot be pulled: pull access denied for radiant, repository does not exist or may require 'docker login'",
            field: Some("pod.imagePullSecrets"),
        },
        Row {
            what: "a registry that cannot be reached",
            stage: waiting(
                "ErrImagePull",
                "rpc error: code = Unknown desc = dial tcp: lookup reg.example: no such host",
            ),
            kind: Kind::Image,
            severity: Severity::Stubborn,
            line: "2 of 2 pods: image `radiant:1` cannot be pulled: dial tcp: lookup reg.example: no such host",
            field: Some("server.image"),
        },
        Row {
            what: "an image for other machines",
            stage: waiting("ErrImagePull", "no match for platform in manifest: not found"),
            kind: Kind::Image,
            severity: Severity::Terminal,
            line: "2 of 2 pods: image `radiant:1` cannot be pulled: no match for platform in manifest: not found",
            field: Some("server.image"),
        },
        Row {
            what: "no name of an image",
            stage: waiting("InvalidImageName", "Failed to apply default image tag"),
            kind: Kind::Image,
            severity: Severity::Terminal,
            line: "2 of 2 pods: `radiant:1` is no name of an image",
            field: Some("server.image"),
        },
    ];
    rows.iter().for_each(check);
}

#[test]
fn settings_of_containers() {
    let mut by_env_from =
        waiting("CreateContainerConfigError", "secret \"radiant-fraud-storage\" not found");
    for idx in 0..2 {
        by_env_from.pod(idx, json!({"spec": {"containers": [
            {"name": "model", "image": "radiant:1", "envFrom": [{"secretRef": {"name": "radiant-fraud-storage"}}]},
        ]}}));
    }
    let rows = [
        Row {
            what: "a Secret of credentials that is not there",
            stage: by_env_from,
            kind: Kind::Config,
            severity: Severity::Terminal,
            line: "2 of 2 pods: the server cannot be set up: secret \"radiant-fraud-storage\" not found",
            field: Some("credentials.existingSecret"),
        },
        Row {
            what: "a key that a Secret lacks",
            stage: waiting(
                "CreateContainerConfigError",
                "couldn't find key token in Secret ml/hub",
            ),
            kind: Kind::Config,
            severity: Severity::Terminal,
            line: "2 of 2 pods: the server cannot be set up: couldn't find key token in Secret ml/hub",
            field: Some("server.env"),
        },
        Row {
            what: "a ConfigMap that is not there",
            stage: waiting("CreateContainerConfigError", "configmap \"settings\" not found"),
            kind: Kind::Config,
            severity: Severity::Terminal,
            line: "2 of 2 pods: the server cannot be set up: configmap \"settings\" not found",
            field: Some("server.env"),
        },
        Row {
            what: "an image that runs as root",
            stage: waiting(
                "CreateContainerConfigError",
                "container has runAsNonRoot and image will run as root",
            ),
            kind: Kind::Config,
            severity: Severity::Terminal,
            line: "2 of 2 pods: the server cannot be set up: container has runAsNonRoot and image will run as root",
            field: Some("pod.securityContext"),
        },
        Row {
            what: "a program that the image lacks",
            stage: waiting(
                "RunContainerError",
                "failed to create containerd task: runc create failed: unable to start container process: exec: \"radiant\": executable file not found in $PATH",
            ),
            kind: Kind::Start,
            severity: Severity::Terminal,
            line: "2 of 2 pods: the server cannot be started: unable to start container process: exec: \"radiant\": executable file not found in $PATH",
            field: Some("server.image"),
        },
    ];
    rows.iter().for_each(check);
}

#[test]
fn servers_that_end() {
    let words = "error: cannot load the model `model.onnx`\n  caused by: node `n` (X): the operator is not supported\n\nhint: export it without X";
    let rows = [
        Row {
            what: "a model that cannot be loaded",
            stage: ended(3, &json!({"message": words})),
            kind: Kind::Crash,
            severity: Severity::Stubborn,
            line: "2 of 2 pods: the server exited 1: cannot load the model `model.onnx`: node `n` (X): the operator is not supported",
            field: Some("model.uri"),
        },
        Row {
            what: "settings that are wrong, at once",
            stage: ended(
                1,
                &json!({"exitCode": 2, "message": "error: `RADIANT_THREADS`: expected a number, got `x`"}),
            ),
            kind: Kind::Crash,
            severity: Severity::Terminal,
            line: "2 of 2 pods: the server exited 2: `RADIANT_THREADS`: expected a number, got `x`",
            field: Some("server.env"),
        },
        Row {
            what: "a store that refuses",
            stage: ended(
                3,
                &json!({"message": "error: cannot fetch `s3://models/fraud`\n  caused by: 403 Forbidden: AccessDenied"}),
            ),
            kind: Kind::Crash,
            severity: Severity::Stubborn,
            line: "2 of 2 pods: the server exited 1: cannot fetch `s3://models/fraud`: 403 Forbidden: AccessDenied",
            field: Some("credentials"),
        },
        Row {
            what: "a crash that may have been the only one",
            stage: ended(1, &json!({"exitCode": 139, "reason": "Error"})),
            kind: Kind::Crash,
            severity: Severity::Passing,
            line: "2 of 2 pods: the server was ended by signal 11 (exit 139)",
            field: None,
        },
        Row {
            what: "a server that ends without a failure",
            stage: ended(4, &json!({"exitCode": 0, "reason": "Completed"})),
            kind: Kind::Crash,
            severity: Severity::Stubborn,
            line: "2 of 2 pods: the server ended by itself (exit 0), and must not",
            field: None,
        },
        Row {
            what: "too little memory",
            stage: ended(2, &json!({"exitCode": 137, "reason": "OOMKilled"})),
            kind: Kind::OutOfMemory,
            severity: Severity::Stubborn,
            line: "2 of 2 pods: the server was ended for lack of memory (exit 137): the memory limit 256Mi is too low",
            field: Some("server.resources.limits.memory"),
        },
    ];
    rows.iter().for_each(check);
}

#[test]
fn the_storage_initializer() {
    let failed = |message: &str| {
        let mut stage = Stage::rolling();
        for idx in 0..2 {
            stage.container(
                idx,
                json!({"ready": false, "state": {"waiting": {"reason": "PodInitializing"}}}),
            );
            stage.init(idx, json!({
                "restartCount": 3,
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
                "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "message": message}},
            }));
        }
        stage
    };
    let rows = [
        Row {
            what: "a scheme without credentials",
            stage: failed(
                "2026/10/01 Failed to create file system for \"abfs://c/m\": didn't find section in config file\n",
            ),
            kind: Kind::Init,
            severity: Severity::Stubborn,
            line: "2 of 2 pods: the storage initializer failed: it exited 1: 2026/10/01 Failed to create file system for \"abfs://c/m\": didn't find section in config file",
            field: Some("credentials"),
        },
        Row {
            what: "a model that is not there",
            stage: failed(
                "2026/10/01 ERROR : : error reading source directory: directory not found",
            ),
            kind: Kind::Init,
            severity: Severity::Stubborn,
            line: "2 of 2 pods: the storage initializer failed: it exited 1: 2026/10/01 ERROR : : error reading source directory: directory not found",
            field: Some("model.uri"),
        },
    ];
    rows.iter().for_each(check);
}

#[test]
fn probes() {
    let probed = |message: &str| {
        let mut stage = containers(&json!({"ready": false}));
        for pod in ["fraud-a", "fraud-b"] {
            stage.say(pod, "Unhealthy", message, NOW);
        }
        stage
    };
    let mut killed = ended(2, &json!({"exitCode": 143, "startedAt": THEN}));
    for pod in ["fraud-a", "fraud-b"] {
        killed.say(
            pod,
            "Unhealthy",
            "Startup probe failed: HTTP probe failed with statuscode: 503",
            NOW,
        );
        killed.say(pod, "Killing", "Container model failed startup probe, will be restarted", NOW);
    }
    let rows = [
        Row {
            what: "a model that is being loaded",
            stage: probed("Readiness probe failed: HTTP probe failed with statuscode: 503"),
            kind: Kind::NotReady,
            severity: Severity::Passing,
            line: "2 of 2 pods: the server is not ready: its readiness probe failed: HTTP 503 /ready",
            field: None,
        },
        Row {
            what: "a path that another server has",
            stage: probed("Readiness probe failed: HTTP probe failed with statuscode: 404"),
            kind: Kind::NotReady,
            severity: Severity::Passing,
            line: "2 of 2 pods: the server is not ready: its readiness probe failed: HTTP 404 /ready",
            field: Some("server.image"),
        },
        Row {
            what: "a port that is not open",
            stage: probed(
                "Readiness probe failed: Get \"http://10.0.0.7:9000/ready\": dial tcp 10.0.0.7:9000: connect: connection refused",
            ),
            kind: Kind::NotReady,
            severity: Severity::Passing,
            line: "2 of 2 pods: the server is not ready: its readiness probe failed: nobody listens on port 9000 yet",
            field: None,
        },
        Row {
            what: "an answer that is too slow",
            stage: probed(
                "Readiness probe failed: Get \"http://10.0.0.7:9000/ready\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
            ),
            kind: Kind::NotReady,
            severity: Severity::Passing,
            line: "2 of 2 pods: the server is not ready: its readiness probe failed: no answer within 2 s /ready",
            field: Some("server.resources.requests.cpu"),
        },
        Row {
            what: "a startup probe that ended it",
            stage: killed,
            kind: Kind::Killed,
            severity: Severity::Stubborn,
            line: "2 of 2 pods: the server was ended because its startup probe failed: HTTP 503 /ready",
            field: Some("rollout.timeout"),
        },
    ];
    rows.iter().for_each(check);
}
