//! Every row of the table of causes, as a cluster shows it.

mod containers;
mod pods;

use serde_json::{Value, json};

use super::cause::{Kind, Severity};
use super::fixture::{Stage, THEN};
use super::phase::Phase;

/// What the cluster shows, and what is made of it.
pub(super) struct Row {
    pub(super) what: &'static str,
    pub(super) stage: Stage,
    pub(super) kind: Kind,
    pub(super) severity: Severity,
    pub(super) line: &'static str,
    pub(super) field: Option<&'static str>,
}

pub(super) fn check(row: &Row) {
    let status = row.stage.status();
    let Some(cause) = status.causes.first() else { panic!("{}: no cause", row.what) };
    assert_eq!(cause.kind, row.kind, "{}: {cause:?}", row.what);
    assert_eq!(cause.line(), row.line, "{}", row.what);
    assert_eq!(cause.severity, row.severity, "{}", row.what);
    assert_eq!(cause.field.as_deref(), row.field, "{}: {:?}", row.what, cause.hint);
    assert_eq!(status.causes.len(), 1, "{}: {:?}", row.what, status.causes);
    let is_failed = row.severity > Severity::Passing;
    let phase = if is_failed { Phase::Failed } else { Phase::Creating };
    assert_eq!(status.phase, phase, "{}", row.what);
}

/// Both new pods have this container status.
pub(super) fn containers(patch: &Value) -> Stage {
    let mut stage = Stage::rolling();
    for idx in 0..2 {
        let mut status = json!({"ready": false});
        super::fixture::merge(&mut status, patch.clone());
        stage.container(idx, status);
    }
    stage
}

pub(super) fn waiting(reason: &str, message: &str) -> Stage {
    containers(&json!({"state": {"waiting": {"reason": reason, "message": message}}}))
}

pub(super) fn ended(restarts: i32, end: &Value) -> Stage {
    let mut terminated =
        json!({"exitCode": 1, "reason": "Error", "startedAt": THEN, "finishedAt": THEN});
    super::fixture::merge(&mut terminated, end.clone());
    containers(&json!({
        "restartCount": restarts,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container=model pod=fraud-a_ml(1-2-3)"}},
        "lastState": {"terminated": terminated},
    }))
}
