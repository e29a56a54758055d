//! How a deployment fares, printed: for people, and as JSON.

use std::fmt::Write as _;
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use super::cause::{Cause, Kind, clean};
use super::phase::{Phase, PredictorState, Status};
use super::progress::lines;
use crate::output::{Column, Table};

/// How a deployment fares, to be printed.
#[derive(Debug, Clone)]
pub struct Report {
    /// How it fares.
    pub status: Status,
    /// Where it is reached, if that is known better than the operator says it.
    pub url: Option<String>,
    /// How long it was waited for.
    pub elapsed: Option<Duration>,
}

impl Report {
    fn url(&self) -> Option<&str> {
        self.url.as_deref().or(self.status.address.as_deref())
    }

    /// The document of `-o json`.
    pub fn json(&self) -> Value {
        let status = &self.status;
        let (uri, digest) = &status.model;
        let conditions: Vec<_> = status.conditions.iter().map(condition).collect();
        json!({
            "schema": "radiant/status/v1",
            "name": status.name,
            "namespace": status.namespace,
            "revision": status.revision,
            "phase": status.phase,
            "summary": status.summary,
            "url": self.url(),
            "model": {"uri": uri, "digest": digest},
            "predictors": status.predictors,
            "pods": status.pods,
            "conditions": conditions,
            "cause": status.causes.first().map(Cause::json),
            "causes": status.causes.iter().map(Cause::json).collect::<Vec<_>>(),
            "elapsedMs": self.elapsed.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
        })
    }

    /// For people.
    pub fn text(&self, is_wide: bool) -> String {
        let status = &self.status;
        let mut text = format!("{} in {}: {}\n", status.name, status.namespace, status.phase);
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(text, "  {}", clean(&status.summary));
        let (uri, digest) = &status.model;
        let rows = [
            ("revision", status.revision.as_deref()),
            ("model", uri.as_deref()),
            ("digest", digest.as_deref().filter(|_| is_wide)),
            ("url", self.url().filter(|_| status.phase != Phase::Absent)),
        ];
        for (name, value) in rows {
            if let Some(value) = value {
                let _infallible = writeln!(text, "  {name:<8}  {}", clean(value));
            }
        }
        if !status.causes.is_empty() {
            text.push_str("\nCauses:\n");
            text.push_str(&tree(&status.causes));
        }
        let tables = [self.predictors(), self.pods()];
        for table in tables.iter().filter(|table| !table.is_empty()) {
            text.push('\n');
            text.push_str(&table.text(is_wide));
        }
        text
    }

    fn predictors(&self) -> Table {
        let headers = ["PREDICTOR", "READY", "UP-TO-DATE", "AVAILABLE", "REVISION", "TRAFFIC"];
        let mut table = Table::of(&headers);
        for it in &self.status.predictors {
            table.row([
                it.name.clone(),
                format!("{}/{}", it.ready, it.replicas),
                it.updated.to_string(),
                it.available.to_string(),
                it.revision.clone().unwrap_or_default(),
                traffic(it, self.status.predictors.len()),
            ]);
        }
        table
    }

    fn pods(&self) -> Table {
        let mut table = Table::new(&[
            Column::always("POD"),
            Column::always("READY"),
            Column::always("STATUS"),
            Column::always("RESTARTS"),
            Column::always("AGE"),
            Column::always("REVISION"),
            Column::wide("PREDICTOR"),
            Column::wide("IP"),
            Column::wide("NODE"),
        ]);
        for pod in &self.status.pods {
            let (ready, all) = pod.containers;
            table.row([
                pod.name.clone(),
                format!("{ready}/{all}"),
                pod.status.clone(),
                pod.restarts.to_string(),
                pod.created.map(|at| age(at, self.status.now)).unwrap_or_default(),
                pod.revision.clone().unwrap_or_default(),
                pod.predictor.clone().unwrap_or_default(),
                pod.ip.clone().unwrap_or_default(),
                pod.node.clone().unwrap_or_default(),
            ]);
        }
        table
    }
}

fn condition((kind, holds): &(String, Option<bool>)) -> Value {
    let status = match holds {
        Some(true) => "True",
        Some(false) => "False",
        None => "Unknown",
    };
    json!({"type": kind, "status": status})
}

/// Causes, those that only follow from the first below it.
fn tree(causes: &[Cause]) -> String {
    let is_root = |it: &Cause| !matches!(it.kind, Kind::DeadlineExceeded | Kind::Condition);
    let has_root = causes.iter().any(is_root);
    let mut text = String::new();
    for cause in causes {
        let (mark, indent) = if is_root(cause) || !has_root { ("- ", 2) } else { ("- so ", 4) };
        for (idx, line) in lines(cause).iter().enumerate() {
            let lead = if idx == 0 { mark } else { "  " };
            // Writing to a `String` cannot fail.
            let _infallible = writeln!(text, "{:indent$}{lead}{line}", "");
        }
    }
    text
}

/// A predictor's share. One alone has all of it without saying so.
fn traffic(predictor: &PredictorState, n_predictors: usize) -> String {
    match predictor.traffic {
        _ if predictor.shadow => "shadow".to_owned(),
        Some(share) if n_predictors > 1 => share.to_string(),
        None if n_predictors > 1 => "0".to_owned(),
        _ => "100".to_owned(),
    }
}

/// How long ago something was, in the two largest units, as kubectl has it.
pub(crate) fn age(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(at).as_secs().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (10.., ..) => format!("{days}d"),
        (2.., ..) => format!("{days}d{}h", hours % 24),
        (_, 8.., _) => format!("{hours}h"),
        (_, 3.., _) => format!("{hours}h{}m", minutes % 60),
        (.., 10..) => format!("{minutes}m"),
        (.., 2..) => format!("{minutes}m{}s", seconds % 60),
        _ => format!("{seconds}s"),
    }
}

/// Adds the keys of one object to another.
pub(super) fn extend(object: &mut Value, rest: Value) {
    if let (Value::Object(object), Value::Object(rest)) = (object, rest) {
        object.extend(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{NOW, Stage};
    use super::*;

    fn report(stage: &Stage) -> Report {
        Report { status: stage.status(), url: None, elapsed: None }
    }

    #[test]
    fn what_serves_is_told_with_its_pods() {
        let expected = "\
fraud in ml: Ready
  2 of 2 pods serve
  revision  7
  model     s3://models/fraud
  url       http://fraud-main.ml/api/v1.0/predictions

PREDICTOR   READY   UP-TO-DATE   AVAILABLE   REVISION   TRAFFIC
main        2/2     2            2           7          100

POD       READY   STATUS    RESTARTS   AGE   REVISION
fraud-a   1/1     Running   0          10m   7
fraud-b   1/1     Running   0          10m   7
";
        assert_eq!(report(&Stage::ready()).text(false), expected);
    }

    #[test]
    fn what_fails_is_told_with_its_causes() {
        let mut stage = Stage::rolling();
        for idx in 0..2 {
            stage.container(
                idx,
                json!({"ready": false, "restartCount": 3,
                "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}),
            );
        }
        stage.deployment(json!({"status": {"conditions": [
            {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"},
        ]}}));
        let text = report(&stage).text(false);
        let expected = "    - so deployment/fraud-main-0-model: no pod got further for 600 s (ProgressDeadlineExceeded)
";
        let oom = "  - 2 of 2 pods: the server was ended for lack of memory (exit 137): the memory limit 256Mi is too low
      hint: give it more, such as 512Mi (`server.resources.limits.memory` in radiant.yaml)
";
        assert!(text.contains(oom), "{text}");
        assert!(text.contains(expected), "{text}");
        let json = report(&stage).json();
        assert_eq!(json["phase"], "Failed");
        assert_eq!(json["cause"]["field"], "server.resources.limits.memory");
        assert_eq!(json["cause"]["pods"], json!({"affected": 2, "of": 2}));
    }

    #[test]
    fn the_document_has_all_that_is_promised() {
        let json = report(&Stage::ready()).json();
        let keys = [
            "name",
            "namespace",
            "revision",
            "phase",
            "url",
            "model",
            "predictors",
            "pods",
            "cause",
            "elapsedMs",
        ];
        for key in keys {
            assert!(json.get(key).is_some(), "{key}");
        }
        assert_eq!(json["cause"], Value::Null);
        assert_eq!(json["model"], json!({"uri": "s3://models/fraud", "digest": null}));
    }

    #[test]
    fn ages_are_those_of_kubectl() {
        let now: Timestamp = NOW.parse().expect("it is a time");
        let cases = [
            (5, "5s"),
            (150, "2m30s"),
            (700, "11m"),
            (11_000, "3h3m"),
            (40_000, "11h"),
            (200_000, "2d7h"),
            (2_000_000, "23d"),
            (-5, "0s"),
        ];
        for (seconds, expected) in cases {
            let at = now
                .checked_sub(k8s_openapi::jiff::SignedDuration::from_secs(seconds))
                .expect("it fits");
            assert_eq!(age(at, now), expected);
        }
    }
}
