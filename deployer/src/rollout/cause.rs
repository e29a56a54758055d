//! Causes: why a deployment is not further, in words and with a way out.

use k8s_openapi::jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

/// How long a text of the cluster may be before it is cut.
const TEXT_LEN_MAX: usize = 600;

/// What kind of thing stands in the way. The names are part of `-o json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// No operator looks at the object.
    Ignored,
    /// The operator refuses the object, cannot do what it says, or has not begun to.
    Operator,
    /// The operator has made no Deployment.
    DeploymentMissing,
    /// Kubernetes may not make pods: a quota, a policy, a webhook.
    PodsRefused,
    /// No node takes a pod.
    Unschedulable,
    /// A volume is not there.
    Volume,
    /// The pod's network could not be set up.
    Sandbox,
    /// An image cannot be had.
    Image,
    /// A container cannot be set up: a Secret, a ConfigMap or a key is missing.
    Config,
    /// A container's program cannot be started.
    Start,
    /// What runs before the server has failed: the model is not fetched.
    Init,
    /// A container used more memory than it may.
    OutOfMemory,
    /// A container ended though it should not.
    Crash,
    /// A container was ended because its probe failed.
    Killed,
    /// A container is not ready.
    NotReady,
    /// A pod was taken from its node.
    Evicted,
    /// The Deployment got no further for too long.
    DeadlineExceeded,
    /// Somebody has paused the Deployment.
    Paused,
    /// A part of the operator's work is not done: a route, an autoscaler.
    Condition,
    /// Something must be done before the object may go.
    Finalizer,
}

/// How much a cause says about the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It passes by itself.
    Passing,
    /// It may pass, but mostly does not.
    Stubborn,
    /// It stays until somebody changes something.
    Terminal,
}

/// An object of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ObjectRef {
    /// Its kind, as `Pod`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
}

/// Where last words can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogAt {
    /// The pod.
    pub pod: String,
    /// Its container.
    pub container: String,
    /// Whether of the run before the present one.
    pub is_previous: bool,
}

/// Where a server says in its own words why it is not ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeAt {
    /// The pod.
    pub pod: String,
    /// The port's number.
    pub port: u16,
    /// The path.
    pub path: String,
}

/// Why a deployment is not further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// What kind of thing it is.
    pub kind: Kind,
    /// What it is about: of several pods the first.
    pub object: ObjectRef,
    /// The container, if it is about one.
    pub container: Option<String>,
    /// What is wrong, in one line.
    pub text: String,
    /// What to do.
    pub hint: Option<String>,
    /// The field of radiant.yaml to change.
    pub field: Option<String>,
    /// How much it says about the end.
    pub severity: Severity,
    /// Since when, where that is known.
    pub since: Option<Timestamp>,
    /// Of how many pods it is true, and of how many there are; zeros where it is about no pod.
    pub pods: (usize, usize),
    /// Where more can be read.
    pub log: Option<LogAt>,
    /// Where the server can be asked.
    pub probe: Option<ProbeAt>,
    /// The last lines that were read there.
    pub log_tail: Vec<String>,
}

impl Cause {
    pub(super) fn new(kind: Kind, object: ObjectRef, text: &str) -> Self {
        Self {
            kind,
            object,
            container: None,
            text: clean(text),
            hint: None,
            field: None,
            severity: Severity::Stubborn,
            since: None,
            pods: (0, 0),
            log: None,
            probe: None,
            log_tail: Vec::new(),
        }
    }

    pub(super) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    pub(super) fn since(mut self, since: Option<Timestamp>) -> Self {
        self.since = since;
        self
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(clean(&hint.into()));
        self
    }

    /// Names the field of radiant.yaml that decides it.
    pub(super) fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Whether it stays unless somebody does something, as far as can be told.
    pub fn is_terminal(&self) -> bool {
        self.severity >= Severity::Stubborn
    }

    /// The line for people: what it is about, and what is wrong.
    pub fn line(&self) -> String {
        match self.pods {
            (affected, of @ 2..) => format!("{affected} of {of} pods: {}", self.text),
            _ => format!("{}/{}: {}", self.object.kind.to_lowercase(), self.object.name, self.text),
        }
    }

    /// By what it is told from others, and taken for the same when only a number in it has changed.
    pub fn key(&self) -> String {
        let letters = self.text.chars().filter(|it| !it.is_ascii_digit());
        let container = self.container.as_deref().unwrap_or_default();
        letters.fold(format!("{:?} {container} ", self.kind), |mut key, it| {
            key.push(it);
            key
        })
    }

    /// The cause as a part of `-o json`.
    pub fn json(&self) -> Value {
        json!({
            "kind": self.kind,
            "object": self.object,
            "container": self.container,
            "text": self.text,
            "hint": self.hint,
            "field": self.field,
            "terminal": self.is_terminal(),
            "since": self.since.map(|time| time.to_string()),
            "pods": (self.pods.1 > 0).then(|| json!({"affected": self.pods.0, "of": self.pods.1})),
            "logTail": self.log_tail,
        })
    }
}

/// Makes one cause of those that say the same of several pods, the first of which stays.
pub(super) fn group(causes: Vec<Cause>) -> Vec<Cause> {
    let mut grouped: Vec<Cause> = Vec::new();
    for cause in causes {
        let is_same = |it: &&mut Cause| {
            it.kind == cause.kind
                && it.text == cause.text
                && it.container == cause.container
                && it.object.kind == cause.object.kind
        };
        let Some(first) = grouped.iter_mut().find(is_same) else {
            grouped.push(cause);
            continue;
        };
        first.pods = (first.pods.0 + cause.pods.0, first.pods.1.max(cause.pods.1));
        first.severity = first.severity.max(cause.severity);
        // One without a time is no reason to forget when the other began.
        first.since = [first.since, cause.since].into_iter().flatten().min();
    }
    // What only says that something else is wrong goes last, the worst of the rest first.
    grouped.sort_by_key(|cause| {
        let is_symptom = matches!(cause.kind, Kind::DeadlineExceeded | Kind::Condition);
        (is_symptom, std::cmp::Reverse(cause.severity), cause.kind, cause.since)
    });
    grouped
}

/// One line of a cluster's text: without control characters, which could steer a terminal, and not
/// longer than a screen.
pub(super) fn clean(text: &str) -> String {
    let visible = text.chars().map(|it| if it.is_control() { ' ' } else { it });
    let words: String = visible.collect();
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.get(..line.floor_char_boundary(TEXT_LEN_MAX)) {
        Some(cut) if cut.len() < line.len() => format!("{cut}..."),
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cause(pod: &str, text: &str) -> Cause {
        let object = ObjectRef { kind: "Pod", name: pod.to_owned() };
        Cause { pods: (1, 4), ..Cause::new(Kind::Image, object, text) }
    }

    #[test]
    fn equal_causes_of_several_pods_become_one() {
        let causes = vec![cause("a", "no image"), cause("b", "no image"), cause("c", "other")];
        let grouped = group(causes);
        let lines: Vec<_> = grouped.iter().map(Cause::line).collect();
        assert_eq!(lines, ["2 of 4 pods: no image", "1 of 4 pods: other"]);
        assert_eq!(grouped[0].object.name, "a");
    }

    #[test]
    fn the_worst_comes_first_and_a_mere_symptom_last() {
        let of = |kind, severity| Cause { kind, ..cause("a", "x") }.severity(severity);
        let grouped = group(vec![
            of(Kind::DeadlineExceeded, Severity::Terminal),
            of(Kind::NotReady, Severity::Passing),
            of(Kind::Crash, Severity::Terminal),
        ]);
        let kinds: Vec<_> = grouped.iter().map(|it| it.kind).collect();
        assert_eq!(kinds, [Kind::Crash, Kind::NotReady, Kind::DeadlineExceeded]);
    }

    #[test]
    fn a_number_that_grows_makes_no_new_cause() {
        assert_eq!(cause("a", "loading 63 %").key(), cause("b", "loading 64 %").key());
        assert_ne!(cause("a", "loading").key(), cause("a", "failed").key());
    }

    proptest! {
        #[test]
        fn no_text_of_a_cluster_steers_a_terminal_or_fills_it(text in any::<String>()) {
            let line = clean(&text.repeat(4));
            prop_assert!(!line.chars().any(char::is_control));
            prop_assert!(line.len() <= TEXT_LEN_MAX + 3);
        }
    }
}
