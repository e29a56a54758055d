//! What is to be done: pure, from a configuration, what lives, what was, and what was found out.

use serde_json::Value;

use super::facts::Found;
use crate::cli::ApplyArgs;
use crate::cluster::seldon::RESOURCE;
use crate::commands::release::{self, Change};
use crate::config::{Deployment, Strategy};
use crate::error::{Code, Failure};
use crate::manifest::seldon::Predictor;
use crate::manifest::{CONFIG_HASH, Facts, Objects, Release, Schema, checked, object_name};
use crate::revision::{self, Outcome, Revision};
use crate::traffic::{self, MAIN};

/// How a new revision stands to the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    /// It takes its place.
    Nothing,
    /// Beside it, with this share of the traffic in percent.
    Canary(u8),
    /// Beside it, with a copy of the traffic.
    Shadow,
}

impl Beside {
    /// What flags say, else what the configuration says.
    pub(super) fn of(args: &ApplyArgs, config: &Deployment) -> Self {
        match (args.canary, args.shadow, config.rollout.strategy) {
            (Some(percent), _, _) => Self::Canary(percent),
            (None, true, _) | (None, false, Strategy::Shadow) => Self::Shadow,
            (None, false, Strategy::Canary) => {
                let canary = config.rollout.canary.as_ref();
                Self::Canary(canary.and_then(|it| it.steps.first().copied()).unwrap_or(10))
            }
            (None, false, Strategy::Rolling | Strategy::Recreate) => Self::Nothing,
        }
    }
}

/// What is to be done about one deployment.
#[derive(Debug)]
pub(super) struct Plan {
    /// The object as it is applied.
    pub(super) manifest: Value,
    /// The revision that it is.
    pub(super) number: u32,
    /// Whether that revision is there already, and serves.
    pub(super) is_settled: bool,
    /// The revision that comes back when this one fails.
    pub(super) before: Option<u32>,
    /// What is allowed and may not be meant.
    pub(super) warnings: Vec<String>,
    is_new: bool,
    exists: bool,
    config_hash: String,
    name: String,
}

impl Plan {
    /// What the configuration alone becomes.
    pub(super) fn offline(config: &Deployment) -> Result<Self, Failure> {
        Self::new(config, None, &[], &Found::default(), Beside::Nothing)
    }

    /// What is to be done.
    ///
    /// # Errors
    /// When the configuration cannot be rendered, what it becomes would be refused, or a canary is in
    /// the way.
    pub(super) fn new(
        config: &Deployment,
        live: Option<&Value>,
        revisions: &[Revision],
        found: &Found,
        beside: Beside,
    ) -> Result<Self, Failure> {
        let mut facts = found.facts.clone();
        let live_number = live.and_then(release::number);
        let stood = live_number.and_then(|number| revision::find(revisions, number));
        // The hash does not depend on the number.
        let hash = rendered(config, &facts)?.config_hash;
        let annotation = format!("/metadata/annotations/{}", CONFIG_HASH.replace('/', "~1"));
        let live_hash = live.and_then(|live| live.pointer(&annotation)).and_then(Value::as_str);
        let is_same = stood.is_some_and(|it| it.config_hash == hash) && live_hash == Some(&hash);
        let stood = stood.filter(|_| is_same);
        let number = stood.map_or_else(|| revision::next(revisions), |it| it.number);
        facts.revision = Some(number);
        let canary = live.and_then(traffic::canary);
        let manifest = match (stood, canary) {
            // It is on its way: nothing new is asked for.
            (Some(stood), Some(_)) => stood.manifest.clone(),
            (None, Some(canary)) => return Err(in_the_way(canary)),
            (_, None) => {
                if let (Some(live), false) = (live, is_same) {
                    facts.release = release_of(live, beside)?;
                }
                object(config, &facts)?
            }
        };
        let before = revision::predecessor(revisions, number).map(|it| it.number);
        Ok(Self {
            manifest,
            number,
            is_settled: stood.is_some_and(|it| it.outcome == Outcome::Deployed),
            before,
            warnings: rendered(config, &facts)?.warnings,
            is_new: stood.is_none(),
            exists: live.is_some(),
            config_hash: hash,
            name: object_name(config),
        })
    }

    /// A line as kubectl writes them.
    pub(super) fn line(&self, verb: &str) -> String {
        format!("{RESOURCE}/{} {verb}", self.name)
    }

    /// What would happen to the object.
    pub(super) fn verb(&self, is_same: bool) -> &'static str {
        match (self.exists, is_same) {
            (false, _) => "created",
            (true, true) => "unchanged",
            (true, false) => "configured",
        }
    }

    /// The same as something to be written; its model's signature is not known yet.
    pub(super) fn change(
        &self,
        name: &str,
        found: &Found,
        change_cause: Option<String>,
        applied: String,
    ) -> Change {
        let annotation = |key: &str| {
            let pointer = format!("/metadata/annotations/radiant.dev~1{key}");
            self.manifest.pointer(&pointer).and_then(Value::as_str).map(str::to_owned)
        };
        let revision = Revision {
            number: self.number,
            outcome: Outcome::Pending,
            applied,
            config_hash: self.config_hash.clone(),
            model_uri: annotation("model-uri"),
            model_digest: annotation("model-digest"),
            image: found.facts.images.values().next().cloned(),
            change_cause,
            secret: found.facts.secret.clone(),
            signature: None,
            manifest: self.manifest.clone(),
        };
        let secret = found.secret.clone();
        Change { name: name.to_owned(), revision, is_new: self.is_new, secret }
    }
}

fn rendered(config: &Deployment, facts: &Facts) -> Result<Objects, Failure> {
    Ok(checked(config, facts, Schema::bundled(), None)?)
}

fn object(config: &Deployment, facts: &Facts) -> Result<Value, Failure> {
    let objects = rendered(config, facts)?;
    Ok(serde_json::to_value(&objects.deployment).map_err(anyhow::Error::from)?)
}

fn in_the_way(canary: &str) -> Failure {
    let error = anyhow::anyhow!("`{canary}` is still beside the main model");
    Failure::new(Code::Conflict, error).hint(
        "`radiant-deploy promote` makes it the main model, `radiant-deploy abort` takes it out",
    )
}

/// What stands beside the new predictor: the main one that lives.
fn release_of(live: &Value, beside: Beside) -> Result<Release, Failure> {
    let (traffic, is_shadow) = match beside {
        Beside::Nothing => return Ok(Release::Whole),
        Beside::Canary(percent) => (percent, false),
        Beside::Shadow => (0, true),
    };
    let all = live.pointer("/spec/predictors").and_then(Value::as_array);
    let main = all.into_iter().flatten().find(|it| it["name"] == MAIN).cloned();
    let main = main.ok_or_else(|| {
        let error = anyhow::anyhow!("expected a predictor `{MAIN}` that a canary can stand beside");
        Failure::new(Code::Conflict, error)
            .hint("apply once without `--canary`: the predictor is called so from then on")
    })?;
    let live: Predictor = serde_json::from_value(main).map_err(anyhow::Error::from)?;
    let live = Box::new(live);
    Ok(if is_shadow {
        Release::Shadow { live, mirrored: None }
    } else {
        Release::Canary { live, traffic }
    })
}
