//! Waiting, on a script in place of a cluster, with its own time.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;

use serde_json::json;
use tokio::sync::Notify;

use super::super::cause::{LogAt, ProbeAt};
use super::super::fixture::{NOW, Stage, THEN};
use super::super::observed::Operator;
use super::super::progress::Mode;
use super::super::progress::tests::Paper;
use super::*;

/// What a cluster shows, at which second. Its time jumps to the next thing that happens.
struct Script {
    now: Duration,
    steps: VecDeque<(u64, Result<Observed, Failure>)>,
    asked: Vec<String>,
    /// When somebody presses Ctrl-C.
    interrupted: Option<(Duration, Arc<Notify>)>,
}

impl Script {
    fn of(steps: Vec<(u64, Stage)>) -> Self {
        let steps = steps.into_iter().map(|(second, stage)| (second, Ok(stage.observed)));
        Self { now: Duration::ZERO, steps: steps.collect(), asked: Vec::new(), interrupted: None }
    }
}

impl Source for Script {
    fn elapsed(&self) -> Duration {
        self.now
    }

    async fn next(&mut self, until: Duration) -> Result<Option<Observed>, Failure> {
        let due = self.steps.front().map(|(second, _)| Duration::from_secs(*second));
        self.now = due.map_or(until, |due| due.max(self.now).min(until));
        if let Some((at, notify)) = &self.interrupted
            && *at <= self.now
        {
            self.now = *at;
            notify.notify_one();
            pending::<()>().await;
        }
        match due {
            Some(due) if due <= self.now => {
                self.steps.pop_front().expect("it is there").1.map(Some)
            }
            _ => Ok(None),
        }
    }

    async fn last_lines(&mut self, at: &LogAt) -> Vec<String> {
        self.asked.push(format!("log {}/{} {}", at.pod, at.container, at.is_previous));
        vec!["loading".to_owned(), "boom".to_owned()]
    }

    async fn answer(&mut self, at: &ProbeAt) -> Option<String> {
        self.asked.push(format!("ask {}:{}{}", at.pod, at.port, at.path));
        Some("model `iris` is not ready: loading 63 %".to_owned())
    }

    async fn absence(&mut self) -> Option<Failure> {
        None
    }

    async fn surroundings(&mut self) -> Surroundings {
        let operator = Operator {
            namespace: "seldon-system".to_owned(),
            available: 0,
            watches: None,
            controller_id: None,
        };
        Surroundings { namespace_labels: None, operators: Some(vec![operator]) }
    }
}

/// How a wait ended, and what it did meanwhile.
struct Told {
    ended: Ended,
    lines: Vec<String>,
    asked: Vec<String>,
    seconds: u64,
}

impl Told {
    fn phase(&self) -> Option<Phase> {
        self.ended.result.as_ref().ok()?;
        self.ended.status.as_ref().map(|status| status.phase)
    }

    fn code(&self) -> Option<Code> {
        self.ended.result.as_ref().err().and_then(Failure::code)
    }

    fn text(&self) -> String {
        self.ended.result.as_ref().err().map(Failure::text).unwrap_or_default()
    }
}

async fn wait(steps: Vec<(u64, Stage)>, goal: &str) -> Told {
    let goal = goal.parse().expect("it is a goal");
    let wait = Wait { goal, expected: Expected::default(), timeout: Some(Duration::from_mins(5)) };
    run(Script::of(steps), wait).await
}

async fn run(mut script: Script, wait: Wait) -> Told {
    let notify = script.interrupted.as_ref().map(|(_, notify)| Arc::clone(notify));
    let interrupt = async {
        match notify {
            Some(notify) => notify.notified().await,
            None => pending().await,
        }
    };
    let paper = Paper::default();
    let mut reporter = Reporter::to(Mode::Plain, Box::new(paper.clone()));
    let ended = wait_until(&mut script, &wait, &mut reporter, interrupt).await;
    let asked = script.asked;
    let seconds = ended.elapsed.as_secs();
    Told { ended, lines: paper.lines(), asked, seconds }
}

/// A rollout whose pods have just crashed for the third time.
fn crashing(at: &str) -> Stage {
    let mut stage = Stage::rolling();
    for idx in 0..2 {
        stage.container(idx, json!({"ready": false, "restartCount": 3,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 1, "message": "error: no room\n\nhint: make some"}}}));
        stage.pod(
            idx,
            json!({"status": {"conditions": [
                {"type": "PodScheduled", "status": "True", "lastTransitionTime": at},
            ]}}),
        );
    }
    stage
}

#[tokio::test]
async fn a_rollout_that_goes_well_is_followed_to_its_end() {
    let ended = wait(vec![(0, Stage::rolling()), (40, Stage::ready())], "ready").await;
    assert_eq!(ended.phase(), Some(Phase::Ready));
    assert_eq!(ended.seconds, 40);
    assert_eq!(
        ended.lines,
        [
            "fraud: Creating: 0 of 2 pods are ready",
            "fraud: Creating: 0 of 2 pods are ready (after 15 s)",
            "fraud: Creating: 0 of 2 pods are ready (after 30 s)",
            "fraud: Ready: 2 of 2 pods serve",
        ]
    );
}

#[tokio::test]
async fn a_cause_ends_the_wait_when_it_has_held_and_not_before() {
    let ended = wait(vec![(5, crashing(NOW))], "ready").await;
    assert_eq!((ended.code(), ended.seconds), (Some(Code::Rollout), 65));
    let text = ended.text();
    assert!(
        text.starts_with("error: `fraud` in namespace `ml` cannot become ready with revision 7\n"),
        "{text}"
    );
    assert!(text.contains("caused by: 2 of 2 pods: the server exited 1: no room\n"), "{text}");
    assert!(text.contains("hint: make some"), "{text}");
    assert_eq!(ended.asked, ["log fraud-a/model true"], "a log is read once");
    assert_eq!(
        ended.lines.get(..4),
        Some(
            &[
                "fraud: 2 of 2 pods: the server exited 1: no room".to_owned(),
                "fraud:   hint: make some".to_owned(),
                "fraud:   | loading".to_owned(),
                "fraud:   | boom".to_owned(),
            ][..]
        )
    );
    let ended = wait(vec![(5, crashing(THEN))], "ready").await;
    assert_eq!(ended.seconds, 5, "it has held for long already");
}

#[tokio::test]
async fn a_cause_that_passes_in_time_is_forgiven() {
    let ended = wait(vec![(0, crashing(NOW)), (50, Stage::ready())], "ready").await;
    assert_eq!(ended.seconds, 50);
    assert_eq!(ended.phase(), Some(Phase::Ready));
}

#[tokio::test]
async fn time_that_is_over_names_what_was_waited_for() {
    let mut stage = Stage::rolling();
    for pod in ["fraud-a", "fraud-b"] {
        stage.say(
            pod,
            "Unhealthy",
            "Readiness probe failed: HTTP probe failed with statuscode: 503",
            NOW,
        );
    }
    let ended = wait(vec![(0, stage)], "ready").await;
    assert_eq!((ended.code(), ended.seconds), (Some(Code::Timeout), 300));
    let text = ended.text();
    assert!(
        text.starts_with("error: `fraud` in namespace `ml` is not ready within 5m\n"),
        "{text}"
    );
    assert!(text.contains("HTTP 503 /ready: model `iris` is not ready: loading 63 %"), "{text}");
    assert!(text.contains("`radiant-deploy wait fraud -n ml` waits on"), "{text}");
    assert_eq!(ended.asked.first().map(String::as_str), Some("ask fraud-a:9000/ready"));
    assert!(ended.asked.len() <= 21, "it is asked now and then, not always: {}", ended.asked.len());
}

#[tokio::test]
async fn an_interruption_says_how_to_go_on() {
    let mut script = Script::of(vec![(0, Stage::rolling())]);
    script.interrupted = Some((Duration::from_secs(7), Arc::default()));
    let goal = Goal::Phase(Phase::Ready);
    let waiting = Wait { goal, expected: Expected::default(), timeout: None };
    let ended = run(script, waiting).await;
    assert_eq!((ended.code(), ended.seconds), (Some(Code::Interrupted), 7));
    let text = ended.text();
    assert!(
        text.contains("`radiant-deploy wait fraud -n ml --for=phase=Ready` waits on"),
        "{text}"
    );
}

#[tokio::test]
async fn an_operator_that_is_silent_is_looked_for() {
    let mut stage = Stage::ready();
    stage.observed.deployments.clear();
    stage.sdep()["status"] = json!({});
    stage.sdep()["metadata"]["creationTimestamp"] = json!(NOW);
    let ended = wait(vec![(0, stage)], "ready").await;
    assert_eq!((ended.code(), ended.seconds), (Some(Code::Rollout), 30));
    let text = ended.text();
    assert!(text.contains("the operator in `seldon-system` does not run"), "{text}");
}

fn gone() -> Stage {
    let mut stage = Stage::ready();
    stage.observed.sdep = None;
    stage.observed.pods.clear();
    stage.observed.deployments.clear();
    stage
}

#[tokio::test]
async fn what_is_not_there_is_not_waited_for() {
    let ended = wait(vec![(0, gone())], "ready").await;
    assert_eq!((ended.code(), ended.seconds), (Some(Code::NotFound), 0));
    let ended = wait(vec![(0, Stage::rolling()), (3, gone())], "ready").await;
    assert!(ended.text().contains("was deleted meanwhile"), "{}", ended.text());
}

#[tokio::test]
async fn deletion_waits_for_the_last_pod() {
    let mut ending = Stage::ready();
    ending.observed.sdep = None;
    let ended = wait(vec![(0, Stage::ready()), (2, ending), (9, gone())], "deleted").await;
    assert_eq!(ended.phase(), Some(Phase::Absent));
    assert_eq!(ended.seconds, 9);
}

#[tokio::test]
async fn what_is_stopped_will_not_be_ready() {
    let mut stage = gone();
    stage.observed.sdep = Stage::ready().observed.sdep;
    stage.sdep()["spec"]["replicas"] = json!(0);
    let ended = wait(vec![(0, stage)], "ready").await;
    assert_eq!(ended.code(), Some(Code::Rollout));
    assert!(ended.text().contains("hint: `radiant-deploy start fraud`"), "{}", ended.text());
}

#[tokio::test]
async fn a_cluster_that_is_lost_ends_the_wait() {
    let mut script = Script::of(vec![(0, Stage::rolling())]);
    script.steps.push_back((20, Err(Failure::new(Code::Unreachable, anyhow!("it is gone")))));
    let waiting = Wait { goal: Goal::Ready, expected: Expected::default(), timeout: None };
    let ended = run(script, waiting).await;
    assert_eq!((ended.code(), ended.seconds), (Some(Code::Unreachable), 20));
}

#[tokio::test]
async fn a_condition_may_be_waited_for() {
    let ended = wait(vec![(0, Stage::rolling()), (4, Stage::ready())], "condition=Ready").await;
    assert_eq!((ended.phase(), ended.seconds), (Some(Phase::Ready), 4));
}

#[tokio::test]
async fn who_does_not_want_to_wait_is_told_what_there_is() {
    let once = |goal| Wait { goal, expected: Expected::default(), timeout: Some(Duration::ZERO) };
    let script = Script::of(vec![(1, Stage::rolling())]);
    let ended = run(script, once(Goal::Ready)).await;
    assert_eq!((ended.code(), ended.seconds), (Some(Code::Timeout), 1));
    assert!(
        ended.text().starts_with("error: `fraud` in namespace `ml` is not ready now\n"),
        "{}",
        ended.text()
    );
    let ended = run(Script::of(vec![]), once(Goal::Ready)).await;
    assert_eq!((ended.code(), ended.seconds), (Some(Code::Timeout), 30));
}
