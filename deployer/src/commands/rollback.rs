//! `radiant-deploy rollback` and `rollout undo`: an earlier revision again.

use anyhow::anyhow;
use k8s_openapi::api::core::v1;
use radiant_contract::EnvSource;
use radiant_storage::ModelUri;

use super::release::{self, Broken, Change, Told};
use super::revisions;
use super::store::Asker;
use crate::cli::RollbackArgs;
use crate::cluster::{Apply, Cluster, SeldonObject};
use crate::config::OnFailure;
use crate::credentials::{Place, data_of, references};
use crate::error::{Code, Failure};
use crate::output::Printer;
use crate::revision::{self, Revision};

pub(super) async fn run(
    args: &RollbackArgs,
    printer: &Printer,
    env: &(dyn EnvSource + Sync),
) -> Result<(), Failure> {
    let cluster = Cluster::connect(&args.cluster, None).await?;
    let live = cluster.get::<SeldonObject>(&args.name).await?.to_value();
    let (all, _) = revisions::list(&cluster, &args.name).await?;
    let current = release::number(&live).unwrap_or_else(|| revision::next(&all));
    let earlier = release::target(&all, current, args.revision)?;
    if args.force {
        printer.tell("the model's bytes are not compared with those of that time\n");
    } else {
        check(&cluster, earlier, printer, env).await?;
    }
    let cause = args.change_cause.clone();
    let revision = release::again(earlier, revision::next(&all), super::now(), cause);
    let number = revision.number;
    let change = Change { name: args.name.clone(), revision, is_new: true, secret: None };
    let how = Apply { is_forced: args.force_conflicts, is_dry_run: false };
    let told = Told { waiting: &args.waiting, printer };
    let object = release::write(&cluster, &change, how, told).await?;
    printer.tell(&format!("revision {number} is revision {} again\n", earlier.number));
    let ended = release::wait(&cluster, &args.name, &object, &args.waiting, printer).await;
    let is_ready = ended.result.is_ok();
    if is_ready {
        release::settle(&cluster, &args.name, number, args.history_max).await?;
    }
    let line = format!("{} rolled back to revision {}\n", args.name, earlier.number);
    let printed = super::wait::print(ended, None, &line, printer);
    match printed {
        Err(failure) if !is_ready => {
            let on_failure = OnFailure::Keep;
            let broken = Broken { cluster: &cluster, change: &change, before: None, on_failure };
            Err(release::recover(broken, failure, told).await)
        }
        other => other,
    }
}

/// Refuses to go back where the model's address names other bytes than at that time: its pods would serve
/// something that never was a revision.
async fn check(
    cluster: &Cluster,
    earlier: &Revision,
    printer: &Printer,
    env: &(dyn EnvSource + Sync),
) -> Result<(), Failure> {
    let (Some(text), Some(digest)) = (&earlier.model_uri, &earlier.model_digest) else {
        return Ok(());
    };
    let uri = ModelUri::parse(text).map_err(|error| Failure::new(Code::Storage, error))?;
    let asker = asker(cluster, earlier, &uri).await?;
    let said = asker.survey(&uri, env).await.map_err(|it| it.hint_more(FORCE))?;
    match said.fingerprint {
        None => {
            printer.tell(&format!("`{uri}`: its bytes are not compared: {}\n", said.words));
            Ok(())
        }
        Some(found) => compare(earlier.number, &uri.to_string(), (digest, &found)),
    }
}

const FORCE: &str = "`--force` goes back without a look at the model";

fn compare(number: u32, uri: &str, (expected, got): (&str, &str)) -> Result<(), Failure> {
    if expected == got {
        return Ok(());
    }
    let error = anyhow!(
        "model `{uri}` of revision {number}: expected the bytes of that time, `{expected}`, got \
         others, `{got}`"
    );
    Err(Failure::new(Code::Storage, error)
        .hint("bring the old files back, or apply a `model.uri` that names them")
        .hint_more(FORCE))
}

/// Who asks as the revision's pods will.
async fn asker(cluster: &Cluster, earlier: &Revision, uri: &ModelUri) -> Result<Asker, Failure> {
    if Place::of(uri)?.is_none() {
        return Ok(Asker::without_store(uri));
    }
    let Some(name) = secret(earlier) else {
        return Ok(Asker::Pods("the revision names no Secret"));
    };
    let Some(found) = cluster.find::<v1::Secret>(&name).await? else {
        let number = earlier.number;
        let error = anyhow!("expected the Secret `{name}` of revision {number}, got none");
        return Err(Failure::new(Code::Storage, error)
            .hint("`radiant-deploy apply` makes one anew, as a revision of its own"));
    };
    Ok(Asker::Variables(data_of(&found)?))
}

/// The Secret that the revision's pods read: the one that was made for it, or the only one that it names.
fn secret(revision: &Revision) -> Option<String> {
    let mut named = references(&revision.manifest).into_iter();
    let only = || named.next().filter(|_| named.next().is_none());
    revision.secret.clone().or_else(only)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_bytes_are_refused_and_told() {
        assert!(compare(3, "s3://m/x", ("sha256:1", "sha256:1")).is_ok());
        let failure = compare(3, "s3://m/x", ("sha256:1", "sha256:2")).unwrap_err();
        assert_eq!(failure.code(), Some(Code::Storage));
        assert_eq!(
            failure.summary(),
            "model `s3://m/x` of revision 3: expected the bytes of that time, `sha256:1`, got \
             others, `sha256:2`"
        );
        assert!(failure.advice().unwrap().ends_with(FORCE));
    }
}
