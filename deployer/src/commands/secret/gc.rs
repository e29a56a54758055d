//! `radiant-deploy secret gc`: Secrets of ours that nothing names any more.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Kind, Objects};
use crate::cli::GcArgs;
use crate::credentials::{SecretObject, names_secret, references};
use crate::error::Failure;
use crate::output::Printer;

/// By which label revisions are found.
const REVISIONS: &str = "app.kubernetes.io/managed-by=radiant-deploy,radiant.dev/name";

pub(super) async fn run(
    args: &GcArgs,
    printer: &Printer,
    objects: &impl Objects,
) -> Result<(), Failure> {
    let age_min = TimeDelta::minutes(i64::from(args.older_than));
    let Swept { deleted, n_kept } =
        sweep(objects, args.name.as_deref(), age_min, args.dry_run).await?;
    let verb = if args.dry_run { "deleted (dry run)" } else { "deleted" };
    let mut text = String::new();
    for name in &deleted {
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(text, "secret/{name} {verb}");
    }
    if deleted.is_empty() {
        printer.tell(&format!("{n_kept} Secrets of stores: nothing to delete\n"));
    }
    let document = json!({
        "schema": "radiant/secret-gc/v1",
        "deleted": deleted,
        "kept": n_kept,
        "dryRun": args.dry_run,
    });
    printer.document(&document, &text)
}

/// What was deleted, and how many stay.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Swept {
    pub(super) deleted: Vec<String>,
    pub(super) n_kept: usize,
}

/// Deletes Secrets, of a deployment or of all, that nothing names and that are older than this.
pub(super) async fn sweep(
    objects: &impl Objects,
    deployment: Option<&str>,
    age_min: TimeDelta,
    is_dry_run: bool,
) -> Result<Swept, Failure> {
    // Secrets first: what is named after they were listed is not among them.
    let secrets = objects.list(Kind::Secret, Some(SecretObject::selector(deployment))).await?;
    let live = Live {
        deployments: objects.list(Kind::Deployment, None).await?,
        revisions: objects.list(Kind::ConfigMap, Some(REVISIONS.to_owned())).await?,
    };
    let mut deleted = Vec::new();
    for secret in strays(&secrets, &live, Utc::now() - age_min) {
        let name = name_of(secret);
        let uid = secret.pointer("/metadata/uid").and_then(Value::as_str).map(str::to_owned);
        if !is_dry_run {
            objects.delete(name, uid).await?;
        }
        deleted.push(name.to_owned());
    }
    let n_kept = secrets.len() - deleted.len();
    Ok(Swept { deleted, n_kept })
}

/// What may name a Secret.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) deployments: Vec<Value>,
    pub(super) revisions: Vec<Value>,
}

/// Secrets that nothing names, and that were there before a time. One without a time is spared.
pub(super) fn strays<'a>(
    secrets: &'a [Value],
    live: &Live,
    before: DateTime<Utc>,
) -> Vec<&'a Value> {
    let named: Vec<_> = live.deployments.iter().map(references).collect();
    let is_live = |name: &str| {
        named.iter().any(|names| names.contains(name))
            || live.revisions.iter().any(|revision| names_secret(revision, name))
    };
    let is_old = |secret: &Value| {
        let made = secret.pointer("/metadata/creationTimestamp").and_then(Value::as_str);
        let made = made.and_then(|text| DateTime::parse_from_rfc3339(text).ok());
        made.is_some_and(|made| made.to_utc() <= before)
    };
    secrets.iter().filter(|it| is_old(it) && !is_live(name_of(it))).collect()
}

fn name_of(object: &Value) -> &str {
    object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
}
