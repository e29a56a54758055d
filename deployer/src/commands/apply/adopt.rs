//! Taking over an object that somebody else wrote: as revision 1, and with a good look first.

use anyhow::anyhow;
use serde_json::Value;

use super::facts::Found;
use super::plan::{Beside, Plan};
use super::{drift, report};
use crate::cli::{AdoptArgs, RouteArgs};
use crate::cluster::{Apply, Cluster, SeldonObject};
use crate::commands::release::Told;
use crate::commands::{consent, now, release, revisions, url};
use crate::config::Deployment;
use crate::error::{Code, Failure};
use crate::manifest::object_name;
use crate::output::Printer;

/// How many revisions are kept, as `apply` does it by default.
const HISTORY_MAX: usize = 10;
/// How many places a refusal names.
const PLACES_MAX: usize = 10;

/// Writes what a configuration becomes over the object that it was imported from, as ours.
///
/// # Errors
/// When it has revisions already, its pods would be replaced and nobody has allowed that, nobody agrees, or
/// it cannot serve then.
pub(in crate::commands) async fn adopt(
    cluster: &Cluster,
    live: &SeldonObject,
    config: &Deployment,
    args: &AdoptArgs,
    printer: &Printer,
) -> Result<(), Failure> {
    let name = live.name();
    let (known, _) = revisions::list(cluster, name).await?;
    if let Some(last) = known.last() {
        let error = anyhow!("`{name}` has revision {} already", last.number);
        return Err(Failure::new(Code::Conflict, error)
            .hint("it is this tool's: `radiant-deploy apply` changes it"));
    }
    if object_name(config) != name {
        let other = object_name(config);
        let error = anyhow!("`{name}`: expected an object of that name, got `{other}`");
        return Err(Failure::usage(error));
    }
    let live = live.to_value();
    let mut found = Found::default();
    found.facts.namespace = Some(cluster.namespace().to_owned());
    let plan = Plan::new(config, Some(&live), &known, &found, Beside::Nothing)?;
    let how = Apply { is_forced: true, is_dry_run: true };
    let tried = cluster.apply(&plan.manifest, how).await?;
    printer.tell(&drift::lines(name, Some(&live), &tried)?);
    let places = replaced(&live, &tried);
    if !places.is_empty() && !args.allow_restart {
        return Err(would_restart(name, &places));
    }
    agree(name, places.len(), args).await?;

    let change = plan.change(name, &found, Some("adopted".to_owned()), now());
    let how = Apply { is_dry_run: false, ..how };
    let told = Told { waiting: &args.waiting, printer };
    let object = release::write(cluster, &change, how, told).await?;
    printer.tell(&format!("{}\n", plan.line("adopted")));
    let mut ended = release::wait(cluster, name, &object, &args.waiting, printer).await;
    std::mem::replace(&mut ended.result, Ok(()))?;
    release::settle(cluster, name, plan.number, HISTORY_MAX).await?;
    let route = RouteArgs { base_url: config.route.base_url.clone() };
    let address = url::known(cluster, name, &route).await;
    printer.tell(&report::line(name, plan.number, &ended, address.as_deref()));
    Ok(())
}

/// Where predictors differ in what pods are made of, as paths.
fn replaced(live: &Value, wanted: &Value) -> Vec<String> {
    let predictors = |object: &Value| object["spec"]["predictors"].clone();
    let mut places = Vec::new();
    differences(&predictors(live), &predictors(wanted), "spec.predictors", &mut places);
    // Neither makes other pods.
    let is_share = |place: &String| place.ends_with("].traffic") || place.ends_with("].replicas");
    places.retain(|place| !is_share(place));
    places
}

fn differences(live: &Value, wanted: &Value, place: &str, places: &mut Vec<String>) {
    match (live, wanted) {
        (Value::Object(live), Value::Object(wanted)) => {
            let new = wanted.keys().filter(|name| !live.contains_key(*name));
            for name in live.keys().chain(new) {
                let of = |fields: &serde_json::Map<String, Value>| {
                    fields.get(name).cloned().unwrap_or_default()
                };
                differences(&of(live), &of(wanted), &format!("{place}.{name}"), places);
            }
        }
        (Value::Array(live), Value::Array(wanted)) if live.len() == wanted.len() => {
            for (idx, (live, wanted)) in live.iter().zip(wanted).enumerate() {
                differences(live, wanted, &format!("{place}[{idx}]"), places);
            }
        }
        (live, wanted) if live == wanted => {}
        _ => places.push(place.to_owned()),
    }
}

fn would_restart(name: &str, places: &[String]) -> Failure {
    let n = places.len();
    let shown: Vec<&str> = places.iter().take(PLACES_MAX).map(String::as_str).collect();
    let more = n.checked_sub(PLACES_MAX).filter(|more| *more > 0);
    let more = more.map(|more| format!(" and {more} more")).unwrap_or_default();
    let error = anyhow!(
        "`{name}`: its pods would be replaced, by {n} differences: `{}`{more}",
        shown.join("`, `")
    );
    Failure::new(Code::Conflict, error).hint(
        "`--allow-restart` adopts it so; they are replaced one after the other, as by `apply`",
    )
}

/// Asks whoever sits there, unless that was said before.
async fn agree(name: &str, n_places: usize, args: &AdoptArgs) -> Result<(), Failure> {
    if args.yes {
        return Ok(());
    }
    let pods = if n_places == 0 { "its pods stay" } else { "its pods are replaced" };
    match consent::ask(&format!("adopt `{name}`, of which {pods}?")).await? {
        Some(true) => Ok(()),
        Some(false) => {
            Err(Failure::new(Code::Failed, anyhow!("`{name}` is not adopted: nobody agreed")))
        }
        None => {
            let error = anyhow!("`{name}` is not adopted: nobody is there to ask");
            Err(Failure::usage(error).hint("`--yes` says so beforehand"))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_makes_other_pods_is_named() {
        let object = |image: &str, traffic: u32, extra: Value| {
            let container = json!({"name": "m", "image": image});
            json!({"spec": {"replicas": traffic, "predictors": [{"name": "main", "traffic": traffic,
                "replicas": traffic, "componentSpecs": [{"spec": {"containers": [container]}}],
                "graph": extra}]}})
        };
        let graph = json!({"name": "m"});
        let live = object("a:1", 100, graph.clone());
        assert_eq!(replaced(&live, &object("a:1", 50, graph)), [""; 0]);
        let places = replaced(&live, &object("a:2", 100, json!({"name": "m", "type": "MODEL"})));
        let image = "spec.predictors[0].componentSpecs[0].spec.containers[0].image";
        assert_eq!(places, [image, "spec.predictors[0].graph.type"]);
        let text = would_restart("fraud", &places).text();
        assert!(text.contains(image) && text.contains("--allow-restart"), "{text}");
        assert_eq!(replaced(&json!({}), &live), ["spec.predictors"]);
    }
}
