//! Waiting until a deployment is what it must be, or cannot become it.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Error, anyhow};
use k8s_openapi::jiff::SignedDuration;

use super::cause::{Cause, Kind};
use super::goal::Goal;
use super::observed::{Observed, Surroundings};
use super::phase::{Expected, Phase, Status, phase_of};
use super::progress::{Reporter, advice};
use super::source::Source;
use crate::error::{Code, Failure};

/// How often what was observed is judged again: some of it changes by mere time.
const JUDGED_EVERY: Duration = Duration::from_secs(1);
/// How often a server is asked how far it is.
const ASKED_EVERY: Duration = Duration::from_secs(15);
/// How many causes a failure names.
const CAUSES_MAX: usize = 3;

/// How long the first look may take for whoever does not want to wait.
const LOOK_WITHIN: Duration = Duration::from_secs(30);

/// What is waited for, and for how long.
#[derive(Debug, Clone)]
pub struct Wait {
    /// What is waited for.
    pub goal: Goal,
    /// What it must come to.
    pub expected: Expected,
    /// For how long: zero looks once, and without it there is no end.
    pub timeout: Option<Duration>,
}

/// How a wait ended.
#[derive(Debug)]
pub struct Ended {
    /// What was seen last, if anything was.
    pub status: Option<Status>,
    /// How long it took.
    pub elapsed: Duration,
    /// Whether the goal was reached: the failure names the causes and the way out.
    pub result: Result<(), Failure>,
}

/// Waits until the goal is reached, or cannot be, or time is over, or `interrupt` comes.
pub async fn wait_until<S: Source>(
    source: &mut S,
    wait: &Wait,
    reporter: &mut Reporter,
    interrupt: impl Future<Output = ()> + Send,
) -> Ended {
    let began = source.elapsed();
    let mut status = None;
    let result = tokio::select! {
        biased;
        () = interrupt => None,
        result = follow(source, wait, reporter, &mut status) => Some(result),
    };
    let result = result.unwrap_or_else(|| Err(interrupted(wait, status.as_ref())));
    Ended { status, elapsed: source.elapsed().saturating_sub(began), result }
}

async fn follow<S: Source>(
    source: &mut S,
    wait: &Wait,
    reporter: &mut Reporter,
    last: &mut Option<Status>,
) -> Result<(), Failure> {
    let began = source.elapsed();
    let is_once = wait.timeout == Some(Duration::ZERO);
    let limit = if is_once { LOOK_WITHIN } else { wait.timeout.unwrap_or(Duration::MAX) };
    let deadline = began.saturating_add(limit);
    let mut words = Words::default();
    let mut latest: Option<(Observed, Duration)> = None;
    loop {
        let now = source.elapsed();
        if now >= deadline {
            return Err(timed_out(wait, last.as_ref()));
        }
        let judged = if latest.is_some() { now.saturating_add(JUDGED_EVERY) } else { deadline };
        if let Some(observed) = source.next(judged.min(deadline)).await? {
            latest = Some((observed, source.elapsed()));
        }
        let Some((observed, seen)) = latest.as_mut() else { continue };
        pass_time(observed, seen, source.elapsed());
        let mut status = phase_of(observed, &wait.expected);
        words.fill(source, observed, &mut status, &wait.expected).await;
        reporter.show(&status, source.elapsed().saturating_sub(began));
        let mut outcome = outcome(&status, wait, last.as_ref());
        if status.phase == Phase::Absent && last.is_none() && matches!(outcome, Some(Err(_))) {
            outcome = source.absence().await.map(Err).or(outcome);
        }
        let status = last.insert(status);
        match outcome {
            Some(outcome) => return outcome,
            None if is_once => return Err(timed_out(wait, Some(status))),
            None => {}
        }
    }
}

/// Computes how a deployment fares and fetches the last words of what fails.
pub async fn enrich<S: Source>(
    source: &mut S,
    observed: &mut Observed,
    expected: &Expected,
) -> Status {
    let mut status = phase_of(observed, expected);
    Words::default().fill(source, observed, &mut status, expected).await;
    status
}

/// Lets the cluster's time go on while nothing changes.
fn pass_time(observed: &mut Observed, seen: &mut Duration, now: Duration) {
    if let Ok(passed) = SignedDuration::try_from(now.saturating_sub(*seen)) {
        observed.now = observed.now.checked_add(passed).unwrap_or(observed.now);
    }
    *seen = now;
}

/// Last words, each fetched once.
#[derive(Default)]
struct Words {
    logs: HashMap<String, Vec<String>>,
    answers: HashMap<String, (Duration, Option<String>)>,
    surroundings: Option<Surroundings>,
}

impl Words {
    async fn fill<S: Source>(
        &mut self,
        source: &mut S,
        observed: &mut Observed,
        status: &mut Status,
        expected: &Expected,
    ) {
        if status.phase == Phase::Ignored {
            if self.surroundings.is_none() {
                self.surroundings = Some(source.surroundings().await);
            }
            observed.surroundings = self.surroundings.clone().unwrap_or_default();
            *status = phase_of(observed, expected);
        }
        let summary = status.causes.first().map(Cause::line);
        for cause in &mut status.causes {
            self.logs(source, cause).await;
            self.answer(source, cause).await;
        }
        // The summary may be a cause that knows more now.
        if summary.is_some_and(|it| it == status.summary)
            && let Some(cause) = status.causes.first()
        {
            status.summary = cause.line();
        }
    }

    async fn logs<S: Source>(&mut self, source: &mut S, cause: &mut Cause) {
        let Some(at) = cause.log.as_ref().filter(|_| cause.kind != Kind::NotReady) else { return };
        let key = cause.key();
        if !self.logs.contains_key(&key) {
            let lines = source.last_lines(at).await;
            self.logs.insert(key.clone(), lines);
        }
        cause.log_tail = self.logs.get(&key).cloned().unwrap_or_default();
    }

    async fn answer<S: Source>(&mut self, source: &mut S, cause: &mut Cause) {
        let Some(at) = &cause.probe else { return };
        let key = cause.key();
        let now = source.elapsed();
        let asked = self.answers.get(&key).map(|(asked, _)| *asked);
        if asked.is_none_or(|asked| now.saturating_sub(asked) >= ASKED_EVERY) {
            let answer = source.answer(at).await;
            self.answers.insert(key.clone(), (now, answer));
        }
        if let Some((_, Some(said))) = self.answers.get(&key) {
            cause.text = format!("{}: {}", cause.text, super::cause::clean(said));
        }
    }
}

/// Whether waiting is over, and how.
fn outcome(status: &Status, wait: &Wait, before: Option<&Status>) -> Option<Result<(), Failure>> {
    if wait.goal.is_reached(status) {
        return Some(Ok(()));
    }
    match status.phase {
        Phase::Absent if !wait.goal.is_of_nothing() => Some(Err(absent(status, before.is_some()))),
        Phase::Terminating | Phase::Stopped if wait.goal.is_of_success() => {
            Some(Err(failed(status)))
        }
        _ if wait.goal.is_of_success() && status.failing.is_some() => Some(Err(failed(status))),
        _ => None,
    }
}

/// There is none, or there is none any more.
fn absent(status: &Status, was_there: bool) -> Failure {
    let (name, namespace) = (&status.name, &status.namespace);
    if was_there {
        let error = anyhow!("`{name}` in namespace `{namespace}` was deleted meanwhile");
        return Failure::new(Code::NotFound, error);
    }
    let error = anyhow!("there is no SeldonDeployment `{name}` in namespace `{namespace}`");
    let hint = "`radiant-deploy get -A` lists those of all namespaces; `-n` names another one";
    Failure::new(Code::NotFound, error).hint(hint)
}

/// A deployment that will not be ready: what stands in its way, and what to do.
pub(crate) fn failed(status: &Status) -> Failure {
    if status.phase == Phase::Absent {
        return absent(status, false);
    }
    let what = match (&status.revision, status.phase) {
        (_, Phase::Stopped) => "is stopped".to_owned(),
        (_, Phase::Terminating) => "is being deleted".to_owned(),
        (_, Phase::Ignored) => "is looked at by no operator".to_owned(),
        (_, Phase::Degraded) => "has lost some of its pods".to_owned(),
        (Some(revision), _) => format!("cannot become ready with revision {revision}"),
        (None, _) => "cannot become ready".to_owned(),
    };
    let failure = Failure::new(Code::Rollout, explained(status, &what));
    match (status.phase, hint(status)) {
        (Phase::Stopped, _) => failure.hint(format!("`radiant-deploy start {}`", status.name)),
        (_, Some(hint)) => failure.hint(hint),
        (_, None) => failure,
    }
}

fn timed_out(wait: &Wait, last: Option<&Status>) -> Failure {
    let limit = wait.timeout.unwrap_or(Duration::MAX);
    let Some(status) = last else {
        let limit = shown(if limit.is_zero() { LOOK_WITHIN } else { limit });
        let error = anyhow!("the cluster showed nothing within {limit}");
        return Failure::new(Code::Timeout, error).hint("allow more with `--timeout`");
    };
    let within =
        if limit.is_zero() { "now".to_owned() } else { format!("within {}", shown(limit)) };
    let what = format!("is not {} {within}", wait.goal);
    let failure = Failure::new(Code::Timeout, explained(status, &what));
    failure.hint(hint(status).unwrap_or_else(|| {
        format!("it goes on all the same: `radiant-deploy wait {}` waits on", resumed(status, wait))
    }))
}

fn interrupted(wait: &Wait, last: Option<&Status>) -> Failure {
    let Some(status) = last else {
        return Failure::new(Code::Interrupted, anyhow!("interrupted"));
    };
    let error = anyhow!("interrupted: `{}` goes on without being watched", status.name);
    let hint = format!("`radiant-deploy wait {}` waits on", resumed(status, wait));
    Failure::new(Code::Interrupted, error).hint(hint)
}

/// The arguments with which the same is waited for again.
fn resumed(status: &Status, wait: &Wait) -> String {
    let goal = match &wait.goal {
        Goal::Ready => String::new(),
        Goal::Deleted => " --for=deleted".to_owned(),
        Goal::Phase(phase) => format!(" --for=phase={phase}"),
        Goal::Condition(kind, true) => format!(" --for=condition={kind}"),
        Goal::Condition(kind, false) => format!(" --for=condition={kind}=False"),
    };
    format!("{} -n {}{goal}", status.name, status.namespace)
}

/// What happened with its causes, the worst as the first one.
fn explained(status: &Status, what: &str) -> Error {
    let causes: Vec<String> = status.causes.iter().take(CAUSES_MAX).map(Cause::line).collect();
    let causes = if causes.is_empty() { vec![status.summary.clone()] } else { causes };
    let mut lines = causes.into_iter().rev();
    let head = format!("`{}` in namespace `{}` {what}", status.name, status.namespace);
    match lines.next() {
        Some(last) => lines.fold(Error::msg(last), Error::context).context(head),
        None => Error::msg(head),
    }
}

fn hint(status: &Status) -> Option<String> {
    status.causes.iter().find_map(advice)
}

/// A duration as it is typed.
fn shown(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 60, seconds % 60) {
        (0, _) => format!("{}s", time.as_secs_f64()),
        (minutes, 0) => format!("{minutes}m"),
        (minutes, rest) => format!("{minutes}m{rest}s"),
    }
}

#[cfg(test)]
mod tests;
