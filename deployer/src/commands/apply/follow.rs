//! From what is written to what serves: the wait, the gates, a canary's steps, and the way back.

use serde_json::Value;

use super::report;
use crate::cli::{ApplyArgs, RouteArgs};
use crate::cluster::Cluster;
use crate::commands::hold::{Canary, Hold, hold};
use crate::commands::release::{self, Broken, Change, Told};
use crate::commands::url::known;
use crate::commands::{golden, waiting};
use crate::config::{Loaded, OnFailure, Strategy, units};
use crate::error::{Code, Failure};
use crate::gate::Limits;
use crate::revision::Revision;
use crate::traffic::{self, MAIN, Share};

/// What is in the cluster now.
#[derive(Clone, Copy)]
pub(super) struct Written<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) change: &'a Change,
    /// The object as it is after that.
    pub(super) object: &'a Value,
    /// The revision that comes back when this one fails.
    pub(super) before: Option<&'a Revision>,
}

/// Waits until it serves and answers as it must; then it is the revision that holds, or the one before
/// comes back.
pub(super) async fn follow(
    args: &ApplyArgs,
    loaded: &Loaded,
    written: Written<'_>,
    told: Told<'_>,
) -> Result<(), Failure> {
    let Written { cluster, change, object, before } = written;
    let Told { waiting, printer } = told;
    let mut ended = release::wait(cluster, &change.name, object, waiting, printer).await;
    if ended.result.is_ok() && !loaded.deployment.tests.is_empty() {
        ended.result = golden::ask(cluster, loaded, change, printer).await;
    }
    let mut is_main = !change.is_beside();
    if ended.result.is_ok() && args.canary.is_none() {
        match walk(loaded, written, told).await {
            Ok(is_promoted) => is_main |= is_promoted,
            Err(failure) => ended.result = Err(failure),
        }
    }
    match std::mem::replace(&mut ended.result, Ok(())) {
        Ok(()) => {
            if is_main {
                let keep = args.history_max;
                release::settle(cluster, &change.name, change.revision.number, keep).await?;
            }
            let route = RouteArgs { base_url: loaded.deployment.route.base_url.clone() };
            let url = known(cluster, &change.name, &route).await;
            report::ready(change, ended, url, printer)
        }
        Err(failure) if is_left(failure.code(), args.atomic) => Err(failure),
        Err(failure) => {
            let of_config = loaded.deployment.rollout.on_failure;
            let on_failure = if args.atomic { OnFailure::Rollback } else { of_config };
            let broken = Broken { cluster, change, before, on_failure };
            let failure = release::recover(broken, failure, told).await;
            report::failed(change, ended, printer)?;
            Err(failure)
        }
    }
}

/// Whether what was begun stays as it is: nobody has said that it is wrong, or somebody else has
/// decided about it meanwhile.
fn is_left(code: Option<Code>, is_atomic: bool) -> bool {
    let is_open = matches!(code, Some(Code::Interrupted | Code::Timeout));
    code == Some(Code::Conflict) || is_open && !is_atomic
}

/// Lets a canary's share grow as the configuration says, and promotes it in the end; whether it is the
/// main model then. One that was left on its way goes on from the share that it has.
async fn walk(loaded: &Loaded, written: Written<'_>, told: Told<'_>) -> Result<bool, Failure> {
    let Written { cluster, change, .. } = written;
    let mut manifest = change.revision.manifest.clone();
    let predictor = traffic::canary(&change.revision.manifest);
    let (Some(predictor), Some(config)) = (predictor, &loaded.deployment.rollout.canary) else {
        return Ok(false);
    };
    if loaded.deployment.rollout.strategy != Strategy::Canary {
        return Ok(false);
    }
    let how = held(config, told)?;
    let canary = Canary { cluster, name: &change.name, predictor };
    hold(canary, how, told.printer).await.map_err(explain)?;
    for percent in ahead(&config.steps, traffic::percent(&manifest, predictor)) {
        let share = |predictor: &str, percent| Share { predictor: predictor.to_owned(), percent };
        let shares = [share(MAIN, 100 - percent), share(predictor, percent)];
        manifest = traffic::set(&manifest, &shares).map_err(Failure::usage)?;
        release::amend(cluster, change, &manifest).await?;
        hold(canary, how, told.printer).await.map_err(explain)?;
    }
    let promoted = traffic::promote(&manifest).map_err(Failure::usage)?;
    let object = release::amend(cluster, change, &promoted).await?;
    release::wait(cluster, &change.name, &object, told.waiting, told.printer).await.result?;
    told.printer.tell(&format!("{predictor} is the main model now\n"));
    Ok(true)
}

/// The steps that a canary with this share has before it.
fn ahead(steps: &[u8], share: Option<u64>) -> impl Iterator<Item = u8> + '_ {
    let share = share.unwrap_or_default();
    steps.iter().copied().filter(move |step| u64::from(*step) > share)
}

/// How each step is held.
fn held(canary: &crate::config::Canary, told: Told<'_>) -> Result<Hold, Failure> {
    let time = units::duration(&canary.hold).filter(|time| !time.is_zero()).ok_or_else(|| {
        let got = &canary.hold;
        let expected = "expected a duration such as `5m`";
        Failure::usage(anyhow::anyhow!("`rollout.canary.hold`: {expected}, got `{got}`"))
    })?;
    let limits = Limits::read(&canary.abort_when).map_err(Failure::usage)?;
    Ok(Hold { time, patience: waiting::limit(told.waiting), limits })
}

fn explain(failure: Failure) -> Failure {
    if failure.code() == Some(Code::Gate) {
        failure.hint("`rollout.canary.abortWhen` says how bad it may be")
    } else {
        failure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_has_judged_stays_as_it_is() {
        assert!(is_left(Some(Code::Timeout), false) && !is_left(Some(Code::Timeout), true));
        assert!(is_left(Some(Code::Conflict), true));
        assert!(!is_left(Some(Code::Rollout), false) && !is_left(None, false));
    }

    #[test]
    fn a_canary_goes_on_from_the_share_that_it_has() {
        let left = |share| ahead(&[5, 25, 50], share).collect::<Vec<_>>();
        assert_eq!(left(Some(5)), [25, 50]);
        assert_eq!(left(Some(30)), [50]);
        assert_eq!(left(Some(50)), [0; 0]);
    }
}
