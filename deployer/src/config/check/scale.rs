//! Rules of how many pods there are.

use serde_json::Value;

use super::super::{Autoscale, DisruptionBudget, Queue, Resources, Scale};
use super::{Findings, exactly_one, is_base_url, masked, resources};
use crate::config::keypath::KeyPath;
use crate::config::problem::{Problem, shown};
use crate::config::units;

pub(super) fn check(scale: &Scale, resources: &Resources, path: &KeyPath, findings: &mut Findings) {
    let Scale { replicas, auto, keda, pdb } = scale;
    let ways =
        [("replicas", replicas.is_some()), ("auto", auto.is_some()), ("keda", keda.is_some())];
    let given: Vec<&str> = ways.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect();
    exactly_one(path, &ways.map(|(name, _)| name), &given, findings);
    if let Some(auto) = auto {
        autoscale(auto, resources, &path.key("auto"), findings);
    }
    if let Some(keda) = keda {
        let has_triggers =
            keda.get("triggers").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
        if !has_triggers {
            let got = keda.get("triggers").map_or_else(|| "none".to_owned(), shown);
            let expected = "a list of KEDA's triggers";
            findings.add(Problem::error(path.key("keda").key("triggers"), expected, got));
        }
    }
    if let Some(pdb) = pdb {
        budget(pdb, *replicas, &path.key("pdb"), findings);
    }
}

fn autoscale(auto: &Autoscale, resources: &Resources, path: &KeyPath, findings: &mut Findings) {
    let Autoscale { min, max, cpu, memory, metrics, queue } = auto;
    if *min == 0 {
        let problem = Problem::error(path.key("min"), "at least 1", "0");
        findings.add(problem.hint("`scale.keda` can scale to nothing"));
    }
    if max < min {
        let expected = format!("at least `min`, which is {min}");
        findings.add(Problem::error(path.key("max"), expected, max.to_string()));
    }
    if cpu.is_none() && memory.is_none() && metrics.is_empty() && queue.is_none() {
        let expected = "`cpu`, `memory`, `metrics` or `queue`";
        let problem = Problem::error(path.clone(), expected, "none of them");
        findings.add(problem.hint("`cpu: 70` keeps pods at 70 % of their CPU request"));
    }
    if let Some(queue) = queue {
        queued(queue, auto, &path.key("queue"), findings);
    }
    for (name, percent) in [("cpu", cpu), ("memory", memory)] {
        let Some(percent) = percent else { continue };
        if !(1..=1000).contains(percent) {
            let expected = "a share of the request in percent, such as 70";
            findings.add(Problem::error(path.key(name), expected, percent.to_string()));
        }
        if !resources::is_requested(resources, name) {
            let expected = format!("`server.resources.requests.{name}`, which it is a share of");
            findings.add(Problem::error(path.key(name), expected, "none"));
        }
    }
}

fn queued(queue: &Queue, auto: &Autoscale, path: &KeyPath, findings: &mut Findings) {
    let Queue { prometheus, waiting } = queue;
    if !is_base_url(prometheus) {
        let expected = "an address such as `http://prometheus.monitoring:9090`, without user, query \
                        and fragment";
        let problem = Problem::error(path.key("prometheus"), expected, masked(prometheus));
        findings.add(problem.hint("`scale.keda` can name a TriggerAuthentication"));
    }
    if *waiting == Some(0) {
        findings.add(Problem::error(path.key("waiting"), "at least 1", "0"));
    }
    if !auto.metrics.is_empty() {
        let problem = Problem::error(path.clone(), "no `metrics` beside it", "both");
        findings.add(problem.hint("KEDA has triggers in their place, which `scale.keda` can name"));
    }
    if auto.cpu.is_none() && auto.memory.is_none() {
        let problem = Problem::warning(path.clone(), "`cpu` or `memory` beside it", "neither");
        findings.add(
            problem.hint(
                "where nobody waits, nothing tells how many pods that takes: the number swings",
            ),
        );
    }
}

fn budget(pdb: &DisruptionBudget, replicas: Option<u32>, path: &KeyPath, findings: &mut Findings) {
    let DisruptionBudget { min_available, max_unavailable } = pdb;
    let both = [("minAvailable", min_available), ("maxUnavailable", max_unavailable)];
    let given: Vec<&str> =
        both.iter().filter(|(_, value)| value.is_some()).map(|(name, _)| *name).collect();
    exactly_one(path, &["minAvailable", "maxUnavailable"], &given, findings);
    if given.is_empty() {
        let expected = "`minAvailable` or `maxUnavailable`";
        findings.add(Problem::error(path.clone(), expected, "neither"));
    }
    for (name, value) in both {
        let Some(value) = value else { continue };
        let is_share = |text: &str| {
            units::share(text).is_some_and(|share| share <= 1.0) && !text.contains('.')
        };
        let is_number = value.as_u64().is_some_and(|n| u32::try_from(n).is_ok());
        if !is_number && !value.as_str().is_some_and(is_share) {
            let expected = "a number of pods, or a share such as `50%`";
            findings.add(Problem::error(path.key(name), expected, shown(value)));
        }
    }
    let all_stay = match (min_available, max_unavailable) {
        (Some(min), _) => {
            let n = replicas.unwrap_or(1);
            min.as_u64().is_some_and(|min| min >= u64::from(n)) || min.as_str() == Some("100%")
        }
        (None, Some(max)) => max.as_u64() == Some(0) || max.as_str() == Some("0%"),
        (None, None) => false,
    };
    if all_stay {
        let problem = Problem::warning(path.clone(), "room for one pod to go", "none");
        findings.add(problem.hint("no node with such a pod can be drained"));
    }
}
