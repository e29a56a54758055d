//! `radiant-deploy rollout pause` and `resume`: whether a canary goes on.
//!
//! What goes on by itself is a canary's way through its steps, and an annotation stops that, wherever the
//! `apply` runs that leads it. The Deployments below cannot be paused: they are the operator's, which
//! writes them anew.

use anyhow::anyhow;
use serde_json::{Value, json};

use crate::cli::PauseArgs;
use crate::cluster::seldon::RESOURCE;
use crate::cluster::{Cluster, SeldonObject};
use crate::error::{Code, Failure};
use crate::output::Printer;
use crate::traffic;

/// The annotation with the name of the canary that does not go on: what is said of one holds for no
/// other.
const PAUSED: &str = "radiant.dev/paused";

pub(super) async fn pause(args: &PauseArgs, printer: &Printer) -> Result<(), Failure> {
    set(args, true, printer).await
}

pub(super) async fn resume(args: &PauseArgs, printer: &Printer) -> Result<(), Failure> {
    set(args, false, printer).await
}

async fn set(args: &PauseArgs, is_pause: bool, printer: &Printer) -> Result<(), Failure> {
    printer.check_done()?;
    let cluster = Cluster::connect(&args.cluster, None).await?;
    let live = cluster.get::<SeldonObject>(&args.name).await?;
    let object = live.to_value();
    let canary = traffic::canary(&object).ok_or_else(|| no_canary(&args.name))?;
    let done = match (is_pause, is_paused(&live)) {
        (true, true) => "unchanged (is paused)",
        (false, false) => "unchanged (is not paused)",
        (true, false) => "paused",
        (false, true) => "resumed",
    };
    if !done.starts_with("unchanged") {
        let named = if is_pause { json!(canary) } else { Value::Null };
        let patch = json!({"metadata": {
            "annotations": {PAUSED: named},
            "resourceVersion": live.metadata.resource_version,
        }});
        cluster.patch::<SeldonObject>(&args.name, &patch).await?;
    }
    printer.done(&format!("{RESOURCE}/{}", args.name), done)
}

/// Whether its canary does not go on.
pub(super) fn is_paused(live: &SeldonObject) -> bool {
    let object = live.to_value();
    let canary = traffic::canary(&object);
    canary.is_some() && live.annotation(PAUSED) == canary
}

/// Refuses to go on with a canary that is paused.
///
/// # Errors
/// When it is.
pub(super) fn check(live: &SeldonObject) -> Result<(), Failure> {
    if !is_paused(live) {
        return Ok(());
    }
    let name = live.name();
    let error = anyhow!("`{name}`: expected a canary that goes on, got one that is paused");
    Err(Failure::new(Code::Conflict, error)
        .hint(format!("`radiant-deploy rollout resume {name}` lets it go on")))
}

fn no_canary(name: &str) -> Failure {
    let error = anyhow!("`{name}`: expected a canary to pause or resume, got none");
    Failure::new(Code::Conflict, error).hint(
        "Deployments are the operator's and cannot be paused: `rollout undo` brings the revision \
         before back, `stop` takes all pods away",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(canary: &str, annotation: &str) -> SeldonObject {
        serde_json::from_value(json!({
            "metadata": {"name": "fraud", "annotations": {PAUSED: annotation}},
            "spec": {"predictors": [{"name": "main"}, {"name": canary}]},
        }))
        .unwrap()
    }

    #[test]
    fn a_pause_holds_for_the_canary_that_it_names() {
        assert!(is_paused(&live("canary-2", "canary-2")));
        assert!(!is_paused(&live("canary-3", "canary-2")));
        assert!(!is_paused(&live("b", "canary-2")), "there is none any more");
        let failure = check(&live("canary-2", "canary-2")).unwrap_err();
        assert_eq!(failure.code(), Some(Code::Conflict));
        assert_eq!(failure.advice(), Some("`radiant-deploy rollout resume fraud` lets it go on"));
        assert!(check(&live("canary-3", "canary-2")).is_ok());
    }
}
