//! The phase of a deployment, computed from what the cluster shows.

use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use serde::Serialize;

use super::cause::{Cause, Severity};
use super::causes::{self, SILENCE, deadline};
use super::event::reason;
use super::family::{Family, Group, Member, template_revision};
use super::observed::Observed;
use super::pod::{self, PodState};
use super::sdep::{Replicas, Sdep, State, has_lasted};

/// Where a deployment is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Phase {
    /// There is none of that name.
    Absent,
    /// No operator has looked at it.
    Ignored,
    /// Its first pods are on their way.
    Creating,
    /// A new revision, or another number of pods, is on its way; former pods serve.
    Progressing,
    /// All pods are of the wanted revision and serve.
    Ready,
    /// It was ready, and has lost some of its pods.
    Degraded,
    /// It cannot get further without somebody changing something.
    Failed,
    /// It is to have no pods, and has none.
    Stopped,
    /// It is being deleted.
    Terminating,
}

impl Phase {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Absent,
        Self::Ignored,
        Self::Creating,
        Self::Progressing,
        Self::Ready,
        Self::Degraded,
        Self::Failed,
        Self::Stopped,
        Self::Terminating,
    ];
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The names of the variants are those that are shown.
        fmt::Debug::fmt(self, f)
    }
}

impl FromStr for Phase {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|it| it.to_string().eq_ignore_ascii_case(text));
        found.ok_or_else(|| {
            let names = Self::ALL.map(|it| it.to_string()).join(", ");
            format!("expected a phase, one of {names}; got `{text}`")
        })
    }
}

/// What a deployment must come to, and how long it may stand still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The revision that was applied; by default the one that the object names.
    pub revision: Option<String>,
    /// The object's generation after it was applied: a watch may show an older one at first.
    pub generation: Option<i64>,
    /// Whether a cause ends the wait before Kubernetes gives up.
    pub is_fail_fast: bool,
    /// How long a cause that stays must have held.
    pub grace: Duration,
    /// How long a cause that may pass must have held.
    pub patience: Duration,
}

impl Default for Expected {
    fn default() -> Self {
        Self {
            revision: None,
            generation: None,
            is_fail_fast: true,
            grace: Duration::from_secs(10),
            patience: Duration::from_mins(1),
        }
    }
}

/// Who says that a deployment fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failing {
    /// The operator.
    Operator,
    /// Kubernetes: nothing got further for too long.
    Deadline,
    /// A cause that has held for so long that nothing else is to be expected.
    Cause,
}

/// How a deployment fares.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Where it is in its life.
    pub phase: Phase,
    /// The same in a line, with numbers.
    pub summary: String,
    /// What stands in its way, the worst first.
    pub causes: Vec<Cause>,
    /// Whether waiting on is of no use, and who says so.
    pub failing: Option<Failing>,
    /// The revision that its object names.
    pub revision: Option<String>,
    /// The models beside each other.
    pub predictors: Vec<PredictorState>,
    /// All pods, the former ones last.
    pub pods: Vec<PodState>,
    /// The URL within the cluster that the operator names.
    pub address: Option<String>,
    /// The model's URI and digest, as they were recorded.
    pub model: (Option<String>, Option<String>),
    /// The operator's conditions and its pods': the kind, and whether it holds.
    pub conditions: Vec<(String, Option<bool>)>,
    /// When the object was made.
    pub created: Option<Timestamp>,
    /// As of when that is, by the cluster's clock.
    pub now: Timestamp,
}

/// How one of several models beside each other fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PredictorState {
    /// Its name.
    pub name: String,
    /// Its share of the traffic in percent, where it is given.
    pub traffic: Option<i64>,
    /// Whether it gets a copy of the traffic only.
    pub shadow: bool,
    /// The revision that its pods are to have.
    pub revision: Option<String>,
    /// How many pods it wants.
    pub replicas: i32,
    /// How many of them have the wanted template.
    pub updated: i32,
    /// How many pods are ready, of whatever template.
    pub ready: i32,
    /// How many are available.
    pub available: i32,
    /// Whether all is as wanted.
    pub reached: bool,
}

/// Computes how a deployment fares.
pub fn phase_of(observed: &Observed, expected: &Expected) -> Status {
    let Some(object) = &observed.sdep else { return without_object(observed) };
    let sdep = Sdep::new(object);
    let family = Family::of(observed);
    let mut status = describe(observed, sdep, &family);
    let verdict = judge(observed, expected, sdep, &family);
    (status.phase, status.summary) = (verdict.phase, verdict.summary);
    (status.causes, status.failing) = (verdict.causes, verdict.failing);
    status
}

fn without_object(observed: &Observed) -> Status {
    let left = observed.pods.len();
    let mut status = blank(observed);
    if left > 0 || !observed.deployments.is_empty() {
        status.phase = Phase::Terminating;
        status.summary = format!("the object is gone; {} left", pods(left));
    }
    status.pods = pod::states(observed, &Family { groups: Vec::new() });
    status
}

fn blank(observed: &Observed) -> Status {
    Status {
        namespace: observed.namespace.clone(),
        name: observed.name.clone(),
        phase: Phase::Absent,
        summary: "there is none of that name".to_owned(),
        causes: Vec::new(),
        failing: None,
        revision: None,
        predictors: Vec::new(),
        pods: Vec::new(),
        address: None,
        model: (None, None),
        conditions: Vec::new(),
        created: None,
        now: observed.now,
    }
}

fn describe(observed: &Observed, sdep: Sdep<'_>, family: &Family<'_>) -> Status {
    let annotation = |key| sdep.annotation(key).map(str::to_owned);
    Status {
        revision: sdep.revision().map(str::to_owned),
        predictors: family.groups.iter().map(predictor).collect(),
        pods: pod::states(observed, family),
        address: sdep.address().map(str::to_owned),
        model: (annotation("radiant.dev/model-uri"), annotation("radiant.dev/model-digest")),
        conditions: sdep.conditions().map(|it| (it.kind.to_owned(), it.holds)).collect(),
        created: sdep.created(),
        ..blank(observed)
    }
}

fn predictor(group: &Group<'_>) -> PredictorState {
    let of_spec = group.members.iter().filter(|member| member.wanted.is_some());
    let mut state = PredictorState {
        name: group.predictor.name.to_owned(),
        traffic: group.predictor.traffic,
        shadow: group.predictor.is_shadow,
        revision: group.predictor.revision().map(str::to_owned),
        replicas: 0,
        updated: 0,
        ready: 0,
        available: 0,
        reached: is_reached(group),
    };
    state.replicas = group.predictor.n_wanted();
    for member in of_spec {
        let counts = member.counts();
        if member.wanted == Some(Replicas::Scaled) {
            state.replicas += member.n_wanted();
        }
        state.updated += if member.is_current && member.is_seen() { counts.updated } else { 0 };
        state.ready += counts.ready;
        state.available += counts.available;
        if state.revision.is_none() {
            state.revision = template_revision(member.deployment).map(str::to_owned);
        }
    }
    state
}

fn is_reached(group: &Group<'_>) -> bool {
    group.n_missing == 0 && group.members.iter().all(Member::is_rolled_out)
}

/// What is made of it all.
struct Verdict {
    phase: Phase,
    summary: String,
    causes: Vec<Cause>,
    failing: Option<Failing>,
}

impl Verdict {
    fn new(phase: Phase, summary: impl Into<String>) -> Self {
        Self { phase, summary: summary.into(), causes: Vec::new(), failing: None }
    }

    fn because(mut self, cause: Option<Cause>) -> Self {
        self.causes.extend(cause);
        self
    }
}

fn judge(observed: &Observed, expected: &Expected, sdep: Sdep<'_>, family: &Family<'_>) -> Verdict {
    if sdep.deleted().is_some() {
        let summary = format!("it is being deleted; {} left", pods(observed.pods.len()));
        let cause = causes::finalizers(observed, sdep);
        return Verdict::new(Phase::Terminating, summary).because(cause);
    }
    let is_serving = family.members().any(|(_, member)| member.counts().available > 0);
    let moving = if is_serving { Phase::Progressing } else { Phase::Creating };
    if is_behind(sdep, expected) {
        return Verdict::new(moving, "the cluster does not show yet what was applied");
    }
    if !family.groups.is_empty() && family.groups.iter().all(|it| it.predictor.is_stopped()) {
        return stopped(observed, family);
    }
    if !sdep.has_status() && observed.deployments.is_empty() {
        let Some(cause) = causes::ignored(observed, sdep) else {
            return Verdict::new(Phase::Creating, "the operator has not looked at it");
        };
        let mut verdict = Verdict::new(Phase::Ignored, &*cause.text).because(Some(cause.clone()));
        verdict.failing = expected.is_fail_fast.then_some(Failing::Cause);
        return verdict;
    }
    let is_reached = !family.groups.is_empty() && family.groups.iter().all(is_reached);
    // An autoscaler may want no pods, and then the operator says Creating for ever.
    let is_idle = family.members().all(|(_, member)| member.n_wanted() == 0);
    let is_said = sdep.is_available() || is_idle && sdep.state() != State::Failed;
    if is_reached && is_said && is_trusted(observed, sdep, family) {
        return Verdict::new(Phase::Ready, ready(family));
    }
    unready(observed, expected, sdep, family, moving)
}

/// Whether the watch shows less than what was applied.
fn is_behind(sdep: Sdep<'_>, expected: &Expected) -> bool {
    let is_older = expected.generation.is_some_and(|it| sdep.generation().unwrap_or(0) < it);
    let is_other = expected.revision.as_deref().is_some_and(|it| sdep.revision() != Some(it));
    // A later revision by somebody else is not awaited: its generation is higher.
    let is_later = expected.generation.is_some_and(|it| sdep.generation() > Some(it));
    is_older || is_other && !is_later
}

/// Whether the operator's word may be taken. Where templates name their revision the Deployments prove
/// that it has seen the spec; elsewhere it may be speaking of a former one.
fn is_trusted(observed: &Observed, sdep: Sdep<'_>, family: &Family<'_>) -> bool {
    let mut components = family.groups.iter().flat_map(|group| &group.predictor.components);
    components.all(|it| it.revision.is_some()) || !sdep.may_be_outdated(observed.now, SILENCE)
}

fn stopped(observed: &Observed, family: &Family<'_>) -> Verdict {
    let is_down =
        |(_, member): (&Group<'_>, &Member<'_>)| member.n_wanted() == 0 && member.counts().all == 0;
    if observed.pods.is_empty() && family.members().all(is_down) {
        return Verdict::new(Phase::Stopped, "it is to have no pods, and has none");
    }
    let left = pods(observed.pods.len());
    Verdict::new(Phase::Progressing, format!("it is being stopped; {left} left"))
}

fn unready(
    observed: &Observed,
    expected: &Expected,
    sdep: Sdep<'_>,
    family: &Family<'_>,
    moving: Phase,
) -> Verdict {
    let causes = causes::collect(observed, sdep, family);
    let is_failed = sdep.state() == State::Failed && !sdep.may_be_outdated(observed.now, SILENCE);
    let is_over = family.members().any(|(_, it)| it.is_current && deadline(it).is_some());
    let is_held =
        expected.is_fail_fast && causes.iter().any(|it| has_held(it, observed.now, expected));
    let failing = if is_failed {
        Some(Failing::Operator)
    } else if is_over {
        Some(Failing::Deadline)
    } else {
        is_held.then_some(Failing::Cause)
    };
    // What was whole once has lost something; what was not has not come to be.
    let was_whole = family
        .groups
        .iter()
        .all(|group| group.n_missing == 0 && group.members.iter().all(was_rolled_out));
    let is_harmed = causes.iter().any(|it| it.is_terminal() || it.kind == super::Kind::Evicted);
    let phase = match failing {
        Some(Failing::Operator | Failing::Deadline) => Phase::Failed,
        _ if was_whole && is_harmed && moving == Phase::Progressing => Phase::Degraded,
        Some(Failing::Cause) => Phase::Failed,
        None => moving,
    };
    let summary = match (&failing, causes.first()) {
        (Some(_), Some(cause)) => cause.line(),
        _ => progress(observed, sdep, family),
    };
    Verdict { phase, summary, causes, failing }
}

/// Whether a cause has held for so long that nothing else is to be expected.
fn has_held(cause: &Cause, now: Timestamp, expected: &Expected) -> bool {
    let needed = match cause.severity {
        Severity::Passing => return false,
        Severity::Stubborn => expected.patience,
        Severity::Terminal => expected.grace,
    };
    cause.since.is_none_or(|since| has_lasted(since, now, needed))
}

/// Whether the present template has been rolled out before.
fn was_rolled_out(member: &Member<'_>) -> bool {
    let is_done = member.condition("Progressing").is_some_and(|it| {
        it.status == "True" && it.reason.as_deref() == Some("NewReplicaSetAvailable")
    });
    is_done && member.is_current && member.is_seen()
}

fn ready(family: &Family<'_>) -> String {
    let n: i32 = family.members().map(|(_, member)| member.counts().available).sum();
    if n == 0 {
        return "its autoscaler has scaled it to no pods".to_owned();
    }
    format!("{n} of {n} pods serve")
}

/// How far it is, in numbers, and what it waits for.
fn progress(observed: &Observed, sdep: Sdep<'_>, family: &Family<'_>) -> String {
    if family.groups.iter().any(|group| group.n_missing > 0) || family.groups.is_empty() {
        return "waiting for the operator to make its Deployments".to_owned();
    }
    let members = || family.members().map(|(_, member)| member);
    if members().any(|it| !it.is_current || !it.is_scaled()) {
        return "waiting for the operator to bring the new spec to its Deployments".to_owned();
    }
    if members().any(|it| !it.is_seen()) {
        return "waiting for Kubernetes to look at the Deployments".to_owned();
    }
    if family.groups.iter().all(is_reached) {
        return match open_condition(sdep) {
            Some(name) => format!("all pods serve; waiting for the operator's part `{name}`"),
            None => "all pods serve; waiting for the operator to say so".to_owned(),
        };
    }
    let wanted: i32 = members().map(Member::n_wanted).sum();
    let is_up = |pod: &&PodState| pod.current && pod.is_ready;
    let states = pod::states(observed, family);
    let up = states.iter().filter(is_up).count();
    let former = states.iter().filter(|pod| !pod.current).count();
    let mut text = format!("{up} of {wanted} pods are ready");
    if former > 0 {
        let are = if former == 1 { "is" } else { "are" };
        // Writing to a `String` cannot fail.
        let _infallible = write!(text, ", {} of a former revision {are} left", pods(former));
    }
    if members().flat_map(|it| &it.pods).any(|pod| is_pulling(observed, pod)) {
        text.push_str("; an image is being pulled");
    }
    text
}

fn open_condition(sdep: Sdep<'_>) -> Option<&str> {
    let summaries = ["Ready", "DeploymentsReady"];
    let mut open = sdep.conditions().filter(|it| it.holds != Some(true));
    open.find(|it| !summaries.contains(&it.kind)).map(|it| it.kind)
}

fn is_pulling(observed: &Observed, pod: &k8s_openapi::api::core::v1::Pod) -> bool {
    let object = super::event::About {
        kind: "Pod",
        name: super::family::name(&pod.metadata),
        uid: pod.metadata.uid.as_deref().unwrap_or_default(),
    };
    let events = super::event::about(&observed.events, object);
    events.first().is_some_and(|event| reason(event) == "Pulling")
}

fn pods(n: usize) -> String {
    if n == 1 { "1 pod".to_owned() } else { format!("{n} pods") }
}
