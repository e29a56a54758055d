//! Rules of other models beside the main one.

use std::collections::BTreeSet;

use super::super::{Deployment, Strategy};
use super::{Findings, model, scale, server};
use crate::config::keypath::KeyPath;
use crate::config::names;
use crate::config::problem::{Problem, quoted};

/// The main model's predictor, and what those of canaries begin with.
const MAIN: &str = "main";
const CANARY: &str = "canary-";

pub(super) fn check(deployment: &Deployment, findings: &mut Findings) {
    let mut known = BTreeSet::new();
    let path = KeyPath::of("variants");
    for (index, variant) in deployment.variants.iter().enumerate() {
        let path = path.index(index);
        let name = &variant.name;
        findings.named(path.key("name"), name, names::label(name));
        if name == MAIN || name.starts_with(CANARY) || !known.insert(name.as_str()) {
            let expected = "a name of its own, neither `main` nor `canary-...`";
            findings.add(Problem::error(path.key("name"), expected, quoted(name)));
        }
        match variant.traffic {
            None | Some(0) if !variant.shadow => {
                let problem = Problem::error(path.key("traffic"), "a share from 1 to 99", "none");
                findings.add(problem.hint("`shadow: true` gives it a copy of the traffic instead"));
            }
            Some(share) if share > 100 => {
                let expected = "a share of at most 100 percent";
                findings.add(Problem::error(path.key("traffic"), expected, share.to_string()));
            }
            _ => {}
        }
        model::one(&variant.model, &path.key("model"), findings);
        let server = variant.server.as_ref();
        if let Some(server) = server {
            server::one(server, &path.key("server"), findings);
        }
        let server = server.unwrap_or(&deployment.server);
        let has_model = variant.model.uri.is_some() || variant.model.path.is_some();
        if !has_model && variant.server.as_ref().is_none_or(|server| server.image.is_none()) {
            let expected = "`uri` or `path`, or a `server.image` that has the model";
            findings.add(Problem::error(path.key("model"), expected, "none of them"));
        }
        if let Some(own) = &variant.scale {
            scale::check(own, &server.resources, &path.key("scale"), findings);
        }
    }
    together(deployment, &path, findings);
}

/// What variants have between them.
fn together(deployment: &Deployment, path: &KeyPath, findings: &mut Findings) {
    let shares = deployment.variants.iter().filter(|variant| !variant.shadow);
    let sum: u32 = shares.filter_map(|variant| variant.traffic).map(u32::from).sum();
    if sum >= 100 {
        let expected = "shares of less than 100 percent together, as the main model has the rest";
        findings.add(Problem::error(path.clone(), expected, sum.to_string()));
    }
    let rollout = &deployment.rollout;
    let canary = rollout.canary.as_ref().filter(|_| rollout.strategy == Strategy::Canary);
    let most = canary.and_then(|canary| canary.steps.iter().max().copied()).map_or(0, u32::from);
    if sum > 0 && sum < 100 && sum + most >= 100 {
        let expected =
            format!("steps that leave {sum} percent for the variants, and some for the main model");
        let path = KeyPath::of("rollout.canary.steps");
        findings.add(Problem::error(path, expected, most.to_string()));
    }
    let n_shadows = deployment.variants.iter().filter(|variant| variant.shadow).count();
    if n_shadows + usize::from(rollout.strategy == Strategy::Shadow) > 1 {
        let expected = "one shadow at most, with that of strategy `shadow`";
        findings.add(Problem::error(path.clone(), expected, "more"));
    }
}
