//! Rules of how one revision follows another.

use super::super::{Canary, Deployment, Strategy};
use super::Findings;
use crate::config::keypath::KeyPath;
use crate::config::problem::{Problem, quoted};
use crate::config::units;

pub(super) fn check(deployment: &Deployment, findings: &mut Findings) {
    let rollout = &deployment.rollout;
    let path = KeyPath::of("rollout");
    if units::duration(&rollout.timeout).is_none() {
        let expected = "a duration such as `10m`, or `0` to wait for nothing";
        findings.add(Problem::error(path.key("timeout"), expected, quoted(&rollout.timeout)));
    }
    match &rollout.canary {
        Some(canary) => self::canary(canary, &path.key("canary"), findings),
        None if rollout.strategy == Strategy::Canary => {
            let problem =
                Problem::error(path.key("canary"), "the steps of strategy `canary`", "none");
            findings.add(problem.hint("`canary: {steps: [5, 25, 50], hold: 5m}`"));
        }
        None => {}
    }
}

fn canary(canary: &Canary, path: &KeyPath, findings: &mut Findings) {
    let Canary { steps, hold, abort_when } = canary;
    let is_growing = steps.windows(2).all(|pair| matches!(pair, [before, after] if before < after));
    let is_within = steps.iter().all(|step| (1..=99).contains(step));
    if steps.is_empty() || !is_growing || !is_within {
        let got = steps.iter().take(20).map(u8::to_string).collect::<Vec<_>>().join(", ");
        let expected = "growing shares from 1 to 99, such as [5, 25, 50]";
        findings.add(Problem::error(path.key("steps"), expected, format!("[{got}]")));
    }
    if units::duration(hold).is_none_or(|hold| hold.is_zero()) {
        let expected = "a duration such as `5m`";
        findings.add(Problem::error(path.key("hold"), expected, quoted(hold)));
    }
    let path = path.key("abortWhen");
    let share = |name: &str, text: &Option<String>, max: f64, findings: &mut Findings| {
        let Some(text) = text else { return };
        if units::share(text).is_none_or(|share| share > max) {
            let expected = "a share such as `1%`";
            findings.add(Problem::error(path.key(name), expected, quoted(text)));
        }
    };
    share("errorRate", &abort_when.error_rate, 1.0, findings);
    share("p95Increase", &abort_when.p95_increase, 1e4, findings);
}
