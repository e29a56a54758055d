//! `radiant-deploy promote`, `abort` and `traffic`: what becomes of predictors side by side.

use anyhow::anyhow;
use serde_json::Value;

use super::hold::{Canary, Hold, hold};
use super::{pause, release, revisions, waiting};
use crate::cli::{AbortArgs, PromoteArgs, TrafficArgs, WaitingArgs};
use crate::cluster::{Apply, Cluster, SeldonObject};
use crate::error::{Code, Failure};
use crate::output::Printer;
use crate::revision::{self, Outcome, Owner, Revision};
use crate::rollout::Ended;
use crate::traffic::{self, ShareError, TrafficError};

/// A deployment, and the revision that it is.
struct Stood {
    cluster: Cluster,
    live: SeldonObject,
    revisions: Vec<Revision>,
    current: Revision,
}

impl Stood {
    async fn find(args: &crate::cli::ClusterArgs, name: &str) -> Result<Self, Failure> {
        let cluster = Cluster::connect(args, None).await?;
        let live = cluster.get::<SeldonObject>(name).await?;
        let (revisions, _) = revisions::list(&cluster, name).await?;
        let number = release::number(&live.to_value());
        let current = number.and_then(|number| revision::find(&revisions, number)).cloned();
        let current = current.ok_or_else(|| {
            let error = anyhow!("`{name}` was not applied by radiant-deploy: it has no revision");
            Failure::new(Code::Conflict, error)
                .hint("`radiant-deploy import seldon` makes a radiant.yaml of it")
        })?;
        Ok(Self { cluster, live, revisions, current })
    }

    /// Applies the revision's manifest as it is to be now, and keeps it so.
    async fn change(&self, manifest: Value) -> Result<Value, Failure> {
        let name = self.live.name();
        let object = self.cluster.apply(&manifest, Apply::default()).await?;
        let changed = Revision { manifest, ..self.current.clone() };
        let owner = Owner { name, uid: self.live.metadata.uid.as_deref() };
        revisions::rewrite(&self.cluster, &changed, &owner).await?;
        Ok(object)
    }

    /// Takes the canary out: the revision before is applied again.
    async fn give_up(&self, waiting: &WaitingArgs, printer: &Printer) -> Result<Ended, Failure> {
        let number = self.current.number;
        // It must have a canary, whatever came before.
        traffic::abort(&self.current.manifest).map_err(refused)?;
        let before = release::target(&self.revisions, number, None)?;
        let object = self.cluster.apply(&before.manifest, Apply::default()).await?;
        revisions::note(&self.cluster, self.live.name(), number, Outcome::Failed).await?;
        Ok(self.wait(&object, waiting, printer).await)
    }

    /// The same after some time.
    ///
    /// # Errors
    /// When it is another revision by then.
    async fn again(&self, args: &crate::cli::ClusterArgs) -> Result<Self, Failure> {
        let now = Self::find(args, self.live.name()).await?;
        let (expected, got) = (self.current.number, now.current.number);
        if expected == got {
            return Ok(now);
        }
        let name = self.live.name();
        let error = anyhow!("`{name}`: expected revision {expected}, got {got}");
        Err(Failure::new(Code::Conflict, error).hint("somebody has applied another one meanwhile"))
    }

    async fn wait(&self, object: &Value, waiting: &WaitingArgs, printer: &Printer) -> Ended {
        release::wait(&self.cluster, self.live.name(), object, waiting, printer).await
    }
}

pub(super) async fn promote(args: &PromoteArgs, printer: &Printer) -> Result<(), Failure> {
    let mut stood = Stood::find(&args.cluster, &args.name).await?;
    if let Some(time) = args.after.filter(|time| !time.is_zero()) {
        let limits = args.slo.iter().copied().collect();
        let how = Hold { time, patience: waiting::limit(&args.waiting), limits };
        if let Err(failure) = watch(&stood, how, printer).await {
            return Err(settle_worse(&stood, failure, &args.waiting, printer).await);
        }
        stood = stood.again(&args.cluster).await?;
    }
    pause::check(&stood.live)?;
    let manifest = traffic::promote(&stood.current.manifest).map_err(refused)?;
    let object = stood.change(manifest).await?;
    let ended = stood.wait(&object, &args.waiting, printer).await;
    let number = stood.current.number;
    if ended.result.is_ok() {
        release::settle(&stood.cluster, &args.name, number, args.history_max).await?;
    }
    let line = format!("{} revision {number} promoted\n", args.name);
    super::wait::print(ended, None, &line, printer)
}

/// Watches the canary beside the main model.
async fn watch(stood: &Stood, how: Hold, printer: &Printer) -> Result<(), Failure> {
    let predictor = traffic::the_canary(&stood.current.manifest).map_err(refused)?;
    let canary = Canary { cluster: &stood.cluster, name: stood.live.name(), predictor };
    hold(canary, how, printer).await
}

/// Gives a canary up that is worse than it may be; other failures leave it as it is.
async fn settle_worse(
    stood: &Stood,
    failure: Failure,
    waiting: &WaitingArgs,
    printer: &Printer,
) -> Failure {
    if failure.code() != Some(Code::Gate) {
        return failure;
    }
    let number = stood.current.number;
    let given_up = match stood.give_up(waiting, printer).await {
        Ok(ended) => ended.result,
        Err(failure) => Err(failure),
    };
    match given_up {
        Ok(()) => failure
            .hint("`--slo` says how bad it may be")
            .context(format!("revision {number} is given up")),
        Err(error) => {
            failure.context(format!("revision {number} could not be given up: {}", error.text()))
        }
    }
}

pub(super) async fn abort(args: &AbortArgs, printer: &Printer) -> Result<(), Failure> {
    let stood = Stood::find(&args.cluster, &args.name).await?;
    let number = stood.current.number;
    let ended = stood.give_up(&args.waiting, printer).await?;
    let line = format!("{} revision {number} given up\n", args.name);
    super::wait::print(ended, None, &line, printer)
}

pub(super) async fn traffic(args: &TrafficArgs, printer: &Printer) -> Result<(), Failure> {
    let shares = args.shares.iter().map(|text| traffic::parse(text)).collect::<Result<Vec<_>, _>>();
    let shares = shares.map_err(not_shares)?;
    let stood = Stood::find(&args.cluster, &args.name).await?;
    let manifest = traffic::set(&stood.current.manifest, &shares).map_err(not_shares)?;
    let object = stood.change(manifest).await?;
    let ended = stood.wait(&object, &args.waiting, printer).await;
    let line = format!("{} traffic {}\n", args.name, args.shares.join(" "));
    super::wait::print(ended, None, &line, printer)
}

fn refused(error: TrafficError) -> Failure {
    let hint = match &error {
        TrafficError::NoCanary(_) => "`radiant-deploy apply --canary 10` puts one beside it",
        TrafficError::NoMain(_) => {
            "`radiant-deploy import seldon` takes over what somebody else wrote"
        }
    };
    Failure::new(Code::Conflict, error).hint(hint)
}

fn not_shares(error: ShareError) -> Failure {
    let hint = match &error {
        ShareError::Nothing(_) => Some("`promote` or `abort` takes one of the two out"),
        _ => None,
    };
    let failure = Failure::usage(error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
