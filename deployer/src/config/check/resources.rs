//! Rules of what containers may use.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::Resources;
use super::Findings;
use crate::config::keypath::KeyPath;
use crate::config::names;
use crate::config::problem::{Problem, listed, meant, quoted, shown};
use crate::config::quantity::Quantity;

/// Kubernetes' own; others have a domain before their name.
const OWN: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// More processors than a node has: `500` for `500m`.
const CPUS_MAX: u32 = 512;

/// Less than any container needs: a number without a unit.
const BYTES_MIN: u32 = 1 << 20;

pub(super) fn check(resources: &Resources, path: &KeyPath, findings: &mut Findings) {
    let Resources { requests, limits } = resources;
    for (side, amounts) in [("requests", requests), ("limits", limits)] {
        for (name, value) in amounts {
            one(name, value, &path.key(side).key(name), findings);
        }
    }
    for (name, request) in requests {
        let limit = limits.get(name);
        let (Some(asked), Some(limit_is)) = (Quantity::of(request), limit.and_then(Quantity::of))
        else {
            continue;
        };
        let limit = limit.map(text).unwrap_or_default();
        let is_own = is_own(name);
        if asked > limit_is || (!is_own && asked != limit_is) {
            let much = if is_own { "at most" } else { "the same as" };
            let expected = format!("{much} its limit, {}", quoted(&limit));
            let path = path.key("requests").key(name);
            findings.add(Problem::error(path, expected, quoted(&text(request))));
        }
    }
}

/// Whether something is asked for: said, or taken over from its limit.
pub(super) fn is_requested(resources: &Resources, name: &str) -> bool {
    let has = |amounts: &BTreeMap<String, Value>| amounts.contains_key(name);
    has(&resources.requests) || has(&resources.limits)
}

fn is_own(name: &str) -> bool {
    OWN.contains(&name) || name.starts_with("hugepages-")
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn one(name: &str, value: &Value, path: &KeyPath, findings: &mut Findings) {
    if !is_own(name) && (!name.contains('/') || names::qualified(name).is_err()) {
        let expected = format!("{}, or a name such as `nvidia.com/gpu`", listed(OWN));
        let mut problem = Problem::error(path.clone(), expected, quoted(name));
        problem.hint = meant(name, OWN).map(|name| format!("did you mean `{name}`?"));
        findings.add(problem);
        return;
    }
    let Some(quantity) = Quantity::of(value) else {
        let example = if name == "cpu" { "`500m` or `2`" } else { "`512Mi` or `2Gi`" };
        let expected = format!("a quantity such as {example}");
        findings.add(Problem::error(path.clone(), expected, shown(value)));
        return;
    };
    let warning = |expected: &str| Problem::warning(path.clone(), expected, quoted(&text(value)));
    match name {
        "cpu" if quantity.exceeds(CPUS_MAX) => {
            let hint = format!("`{}m` is a thousandth of it", text(value));
            findings.add(warning("processors that a node has").hint(hint));
        }
        "memory" if !quantity.is_whole() => {
            let hint = "`m` is a thousandth: `500m` of memory is half a byte, `500Mi` are 500 MiB";
            findings.add(warning("whole bytes, such as `500Mi`").hint(hint));
        }
        "memory" | "ephemeral-storage" if quantity.is_below(BYTES_MIN) => {
            let hint = format!("`{}Mi` are mebibytes", text(value));
            findings.add(warning("more than 1 MiB: a number without a unit is bytes").hint(hint));
        }
        _ if !is_own(name) && !quantity.is_whole() => {
            let got = quoted(&text(value));
            findings.add(Problem::error(path.clone(), "a whole number", got));
        }
        _ => {}
    }
}
