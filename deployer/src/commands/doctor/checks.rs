//! The checks, each after those without which it says nothing.

use k8s_openapi::api::core::v1::Namespace;
use radiant_contract::EnvSource;

use super::{Finding, image, operator};
use crate::cli::{Area, DoctorArgs};
use crate::cluster::{Access, Cluster};
use crate::commands::apply::{Found, survey};
use crate::commands::get::base;
use crate::config::{Deployment, Loaded};
use crate::credentials::Wanted;
use crate::error::{Code, Failure};
use crate::manifest::mentions;
use crate::permissions::Feature;

/// The oldest version of Kubernetes that serves all that is asked for.
const OLDEST_MINOR: u32 = 19;

pub(super) async fn all(
    args: &DoctorArgs,
    configured: &[Loaded],
    env: &(dyn EnvSource + Sync),
) -> Vec<Finding> {
    let wants = |area: Area| args.only.is_empty() || args.only.contains(&area);
    let place = configured.first().and_then(|loaded| loaded.deployment.namespace.as_deref());
    let cluster = match Cluster::connect(&args.cluster, place).await {
        Ok(cluster) => cluster,
        Err(failure) => return vec![Finding::of(Area::Client, &failure)],
    };
    let mut findings = Vec::new();
    if wants(Area::Client) {
        let namespace = cluster.namespace();
        let what = format!("{}, namespace `{namespace}`", cluster.place().name());
        findings.push(Finding::ok(Area::Client, what));
    }
    let version = match cluster.server_version().await {
        Ok(version) => version,
        // Nothing else can be asked.
        Err(failure) => {
            findings.push(Finding::of(Area::Cluster, &failure));
            return findings;
        }
    };
    if wants(Area::Cluster) {
        findings.push(judge_version(&version));
        findings.push(namespace(&cluster).await);
    }
    if wants(Area::Operator) {
        findings.extend(operator::checks(&cluster).await);
    }
    if wants(Area::Rbac) {
        findings.extend(permissions(&cluster).await);
    }
    if wants(Area::Route) {
        findings.push(route(args, &cluster).await);
    }
    for loaded in configured {
        if wants(Area::Storage) {
            findings.extend(storage(&loaded.deployment, &cluster, env).await);
        }
        if wants(Area::Image) {
            findings.extend(image::checks(&loaded.deployment, &cluster, env).await);
        }
    }
    findings
}

/// A finding for each model: what its store says to whoever has the credentials that pods will have.
async fn storage(
    config: &Deployment,
    cluster: &Cluster,
    env: &(dyn EnvSource + Sync),
) -> Vec<Finding> {
    let models = match mentions(config) {
        Ok(mentions) => mentions.models,
        Err(error) => return vec![Finding::of(Area::Storage, &Failure::usage(error))],
    };
    let wanted = Wanted::of(&config.credentials);
    let mut findings = Vec::new();
    for model in models {
        let mut found = Found::default();
        let said = survey(&model, &wanted, (config, cluster), &mut found, env).await;
        findings.push(match said {
            Ok((_, said)) => Finding::ok(Area::Storage, format!("`{model}`: {}", said.words)),
            Err(failure) => Finding::of(Area::Storage, &failure.context(format!("`{model}`"))),
        });
    }
    findings
}

fn judge_version(version: &str) -> Finding {
    // One that was built by hand may have no version.
    let minor = version.strip_prefix("v1.").and_then(|rest| rest.split('.').next());
    let minor = minor.and_then(|minor| minor.trim_end_matches('+').parse::<u32>().ok());
    let what = format!("Kubernetes {version}");
    match minor {
        Some(minor) if minor < OLDEST_MINOR => Finding::fail(
            Area::Cluster,
            what,
            format!("server-side apply as it is used here needs 1.{OLDEST_MINOR} or newer"),
        ),
        _ => Finding::ok(Area::Cluster, what),
    }
}

async fn namespace(cluster: &Cluster) -> Finding {
    let name = cluster.namespace();
    match cluster.find_global::<Namespace>(name).await {
        Ok(Some(found)) if found.metadata.deletion_timestamp.is_some() => Finding::fail(
            Area::Cluster,
            format!("namespace `{name}` is being deleted"),
            "wait until it is gone, or use another one",
        ),
        Ok(Some(_)) => Finding::ok(Area::Cluster, format!("namespace `{name}` is there")),
        Ok(None) => Finding::fail(
            Area::Cluster,
            format!("there is no namespace `{name}`"),
            format!("kubectl create namespace {name}"),
        ),
        // Who works in one namespace need not see its object.
        Err(failure) if failure.code() == Some(Code::Forbidden) => {
            Finding::ok(Area::Cluster, format!("namespace `{name}` (it may not be read itself)"))
        }
        Err(failure) => Finding::of(Area::Cluster, &failure),
    }
}

/// A finding for each use, with all that is missing for it.
async fn permissions(cluster: &Cluster) -> Vec<Finding> {
    let mut findings = Vec::new();
    for feature in Feature::OF_MODELS {
        let missing = match missing(cluster, feature).await {
            Ok(missing) => missing,
            Err(failure) => {
                findings.push(Finding::of(Area::Rbac, &failure));
                break;
            }
        };
        let used_for = format!("{feature:?}").to_lowercase();
        if missing.is_empty() {
            findings.push(Finding::ok(Area::Rbac, format!("may do all of `{used_for}`")));
            continue;
        }
        let namespace = cluster.namespace();
        let list = missing.iter().map(shown).collect::<Vec<_>>().join(", ");
        let fix = format!(
            "radiant-deploy rbac -n {namespace} --for {used_for} | kubectl apply -f -, and bind it"
        );
        findings.push(Finding::fail(Area::Rbac, format!("`{used_for}` lacks: {list}"), fix));
    }
    findings
}

async fn missing(cluster: &Cluster, feature: Feature) -> Result<Vec<Access>, Failure> {
    let mut missing = Vec::new();
    for access in feature.accesses() {
        if !cluster.may(&access).await? {
            missing.push(access);
        }
    }
    Ok(missing)
}

fn shown(access: &Access) -> String {
    let Access { verb, group, resource, subresource } = access;
    let part = if subresource.is_empty() { String::new() } else { format!("/{subresource}") };
    let group = if group.is_empty() { String::new() } else { format!(".{group}") };
    format!("{verb} {resource}{group}{part}")
}

async fn route(args: &DoctorArgs, cluster: &Cluster) -> Finding {
    match base(&args.route, cluster).await {
        Some(base) => Finding::ok(Area::Route, format!("the ingress is {base}")),
        None => Finding::warn(
            Area::Route,
            "no ingress is found: URLs are those within the cluster",
            "set `route.baseUrl`, or pass `--base-url`; Istio and Ambassador are found where their Services \
             may be listed and have an address",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::Verdict;

    #[test]
    fn versions_are_judged_by_their_minor_number() {
        let cases = [
            ("v1.18.20", Verdict::Fail),
            ("v1.20.2", Verdict::Ok),
            ("v1.33.1-gke.100", Verdict::Ok),
            ("v1.27+", Verdict::Ok),
            ("v0.0.0-master+faecb19", Verdict::Ok),
            ("odd", Verdict::Ok),
        ];
        for (version, expected) in cases {
            assert_eq!(judge_version(version).verdict, expected, "{version}");
        }
    }
}
