//! `radiant-deploy get`: which deployments there are, and how they fare.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use serde_json::Value;

use super::family::allowed;
use crate::cli::{GetArgs, ManagedBy, RouteArgs};
use crate::cluster::seldon::{ENGINE, OWNER_LABEL, RESOURCE, owner_labels};
use crate::cluster::{Change, Cluster, SeldonObject, Selected};
use crate::error::Failure;
use crate::output::{self, Column, Listing, OutputFormat, Printer, Table, age};
use crate::rollout::{Cause, Expected, Observed, PredictorState, Status, phase_of};
use crate::route::{self, Urls};

pub(super) async fn run(args: &GetArgs, printer: &Printer) -> Result<(), Failure> {
    let cluster = Cluster::connect(&args.cluster, None).await?;
    let base = base(&args.route, &cluster).await;
    let which = selected(args);
    let made = made(&which);
    let (deployments, replica_sets, pods) = tokio::join!(
        cluster.list::<Deployment>(&made),
        cluster.list::<ReplicaSet>(&made),
        cluster.list::<Pod>(&made),
    );
    let seen = Seen {
        sdeps: sdeps(args, &cluster, &which).await?,
        deployments: allowed(deployments)?,
        replica_sets: allowed(replica_sets)?,
        pods: allowed(pods)?,
        base,
    };
    let rows = seen.rows(args);
    let mut table = Table::new(&columns(args));
    for row in &rows {
        table.row(row.cells.clone());
    }
    if rows.is_empty() && matches!(printer.format, OutputFormat::Text | OutputFormat::Wide) {
        let place = if args.all_namespaces { "this cluster" } else { cluster.namespace() };
        printer.tell(&format!("no deployments found in {place}\n"));
    }
    let is_single = args.names.len() == 1;
    let resource = RESOURCE.to_owned();
    let items = rows.iter().map(|row| row.object.clone()).collect();
    printer.listing(Listing { resource, items, is_single, table: table.clone() })?;
    if args.watch { watch(args, printer, &cluster, (seen, table)).await } else { Ok(()) }
}

/// The ingress that the arguments name, or that is found.
pub(super) async fn base(args: &RouteArgs, cluster: &Cluster) -> Option<String> {
    match args.base_url.as_str() {
        "auto" => route::find_gateway(cluster).await,
        "none" | "" => None,
        base => Some(base.to_owned()),
    }
}

fn selected(args: &GetArgs) -> Selected {
    let made_by = match args.managed_by {
        ManagedBy::All => None,
        ManagedBy::Radiant => Some("app.kubernetes.io/managed-by=radiant-deploy"),
        ManagedBy::Zenml => Some("app=zenml"),
    };
    let labels: Vec<&str> = args.selector.as_deref().into_iter().chain(made_by).collect();
    Selected {
        labels: (!labels.is_empty()).then(|| labels.join(",")),
        fields: None,
        is_everywhere: args.all_namespaces,
    }
}

/// What the operator made of any SeldonDeployment.
fn made(which: &Selected) -> Selected {
    Selected { is_everywhere: which.is_everywhere, ..Selected::labels(OWNER_LABEL) }
}

async fn sdeps(
    args: &GetArgs,
    cluster: &Cluster,
    which: &Selected,
) -> Result<Vec<SeldonObject>, Failure> {
    if args.names.is_empty() {
        return cluster.list::<SeldonObject>(which).await;
    }
    let mut found = Vec::new();
    for name in &args.names {
        found.push(cluster.get::<SeldonObject>(name).await?);
    }
    Ok(found)
}

/// What is known of the cluster so far.
struct Seen {
    sdeps: Vec<SeldonObject>,
    deployments: Vec<Deployment>,
    replica_sets: Vec<ReplicaSet>,
    pods: Vec<Pod>,
    base: Option<String>,
}

/// Objects by their namespace and the SeldonDeployment that they were made of.
struct Children<'a, K>(BTreeMap<(&'a str, &'a str), Vec<&'a K>>);

impl<'a, K: kube::Resource<DynamicType = ()> + Clone> Children<'a, K> {
    fn of(objects: &'a [K]) -> Self {
        let mut children: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for object in objects {
            let meta = object.meta();
            let owner = meta.labels.as_ref().and_then(|labels| labels.get(OWNER_LABEL));
            if let (Some(namespace), Some(owner)) = (&meta.namespace, owner) {
                children.entry((namespace.as_str(), owner.as_str())).or_default().push(object);
            }
        }
        Self(children)
    }

    fn get(&self, namespace: &str, labels: &[String; 2]) -> Vec<K> {
        let found = labels.iter().filter_map(|label| self.0.get(&(namespace, label.as_str())));
        found.flatten().map(|object| (*object).clone()).collect()
    }
}

/// A deployment as a row.
struct Row {
    /// Namespace and name.
    key: (String, String),
    cells: Vec<String>,
    object: Value,
}

fn columns(args: &GetArgs) -> Vec<Column> {
    let namespace = args.all_namespaces.then_some(Column::always("NAMESPACE"));
    let always = ["NAME", "READY", "PHASE", "REVISION", "MODEL", "TRAFFIC", "AGE", "URL"];
    let wide = ["IMAGE", "CAUSE"];
    let always = always.into_iter().map(Column::always);
    namespace.into_iter().chain(always).chain(wide.into_iter().map(Column::wide)).collect()
}

impl Seen {
    fn rows(&self, args: &GetArgs) -> Vec<Row> {
        let now = Timestamp::now();
        let deployments = Children::of(&self.deployments);
        let replica_sets = Children::of(&self.replica_sets);
        let pods = Children::of(&self.pods);
        let mut rows: Vec<Row> = Vec::new();
        for sdep in &self.sdeps {
            let (namespace, labels) = (sdep.namespace(), owner_labels(sdep.name()));
            let observed = Observed {
                sdep: Some(sdep.to_value()),
                deployments: deployments.get(namespace, &labels),
                replica_sets: replica_sets.get(namespace, &labels),
                pods: pods.get(namespace, &labels),
                ..Observed::nothing(namespace, sdep.name(), now)
            };
            let found = phase_of(&observed, &Expected::default());
            if is_wanted(args, sdep, &found) {
                rows.push(self.row(args, sdep, &found, now));
            }
        }
        rows.sort_by(|one, other| one.key.cmp(&other.key));
        rows
    }

    fn row(&self, args: &GetArgs, sdep: &SeldonObject, found: &Status, now: Timestamp) -> Row {
        let urls = Urls::new(sdep, self.base.as_deref());
        let created = sdep.metadata.creation_timestamp.as_ref().map(|time| time.0);
        let namespace = args.all_namespaces.then(|| sdep.namespace().to_owned());
        let cells = [
            sdep.name().to_owned(),
            ready(found),
            found.phase.to_string(),
            sdep.annotation("radiant.dev/revision").unwrap_or_default().to_owned(),
            model(sdep).unwrap_or_default(),
            traffic(sdep),
            age(created, now),
            urls.best().unwrap_or_default().to_owned(),
            images(sdep).join(","),
            found.causes.first().map(Cause::line).unwrap_or_default(),
        ];
        Row {
            key: (sdep.namespace().to_owned(), sdep.name().to_owned()),
            cells: namespace.into_iter().chain(cells).collect(),
            object: sdep.to_value(),
        }
    }
}

/// How many pods are available of those that are wanted.
fn ready(found: &Status) -> String {
    let sum = |of: fn(&PredictorState) -> i32| {
        found.predictors.iter().map(of).fold(0, i32::saturating_add)
    };
    format!("{}/{}", sum(|it| it.available), sum(|it| it.replicas))
}

fn is_wanted(args: &GetArgs, sdep: &SeldonObject, found: &Status) -> bool {
    let has_phase = args.phase.is_none_or(|phase| phase == found.phase);
    let has_model = args
        .model
        .as_ref()
        .is_none_or(|text| model(sdep).is_some_and(|model| model.contains(text.as_str())));
    has_phase && has_model
}

/// The URI of the model, as we noted it, or as the first node of a graph has it.
pub(super) fn model(sdep: &SeldonObject) -> Option<String> {
    let noted = sdep.annotation("radiant.dev/model-uri").map(str::to_owned);
    noted.or_else(|| {
        let graph = sdep.predictors().first()?.get("graph")?;
        let uri = graph.get("modelUri").and_then(Value::as_str).filter(|uri| !uri.is_empty());
        let parameters = graph.get("parameters").and_then(Value::as_array);
        let parameter = parameters.into_iter().flatten().find(|it| it["name"] == "model_uri");
        uri.or_else(|| parameter?.get("value")?.as_str()).map(str::to_owned)
    })
}

/// The share of each predictor, such as `main 90, canary-8 10`.
pub(super) fn traffic(sdep: &SeldonObject) -> String {
    let predictors = sdep.predictors();
    let shares = predictors.iter().map(|predictor| {
        let name = predictor.get("name").and_then(Value::as_str).unwrap_or("?");
        let share = predictor.get("traffic").and_then(Value::as_i64);
        match (predictor.get("shadow").and_then(Value::as_bool), share) {
            (Some(true), _) => format!("{name} shadow"),
            (_, Some(share)) => format!("{name} {share}"),
            (_, None) if predictors.len() == 1 => format!("{name} 100"),
            (_, None) => format!("{name} 0"),
        }
    });
    shares.collect::<Vec<_>>().join(", ")
}

/// The images of all containers but the orchestrator's.
fn images(sdep: &SeldonObject) -> Vec<String> {
    let specs = sdep.predictors().iter().filter_map(|it| it.get("componentSpecs")?.as_array());
    let containers = specs.flatten().filter_map(|it| it.pointer("/spec/containers")?.as_array());
    let ours = containers.flatten().filter(|it| it["name"] != ENGINE);
    let images = ours.filter_map(|it| it.get("image")?.as_str().map(str::to_owned));
    images.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Prints a row again whenever it is not as it was.
async fn watch(
    args: &GetArgs,
    printer: &Printer,
    cluster: &Cluster,
    shown: (Seen, Table),
) -> Result<(), Failure> {
    let (mut seen, table) = shown;
    let which = selected(args);
    let mut sdeps = cluster.watch::<SeldonObject>(&which);
    let mut deployments = cluster.watch::<Deployment>(&made(&which));
    let mut replica_sets = cluster.watch::<ReplicaSet>(&made(&which));
    let mut pods = cluster.watch::<Pod>(&made(&which));
    let columns = seen.rows(args).into_iter().map(|row| (row.key, row.cells));
    let mut before: BTreeMap<(String, String), Vec<String>> = columns.collect();
    loop {
        tokio::select! {
            change = sdeps.next() => update(&mut seen.sdeps, change?),
            change = deployments.next() => update(&mut seen.deployments, change?),
            change = replica_sets.next() => update(&mut seen.replica_sets, change?),
            change = pods.next() => update(&mut seen.pods, change?),
        }
        if !args.names.is_empty() {
            seen.sdeps.retain(|sdep| args.names.iter().any(|name| name == sdep.name()));
        }
        let mut next = table.continued();
        let mut changed = Vec::new();
        for row in seen.rows(args) {
            // Time alone is no news.
            let without_age = |cells: &[String]| {
                let age = columns_before_age(args);
                cells
                    .iter()
                    .enumerate()
                    .filter(|(idx, _)| *idx != age)
                    .map(|(_, it)| it.clone())
                    .collect::<Vec<_>>()
            };
            let is_news =
                before.get(&row.key).map(|it| without_age(it)) != Some(without_age(&row.cells));
            if is_news {
                next.row(row.cells.clone());
                changed.push(row.object);
                before.insert(row.key, row.cells);
            }
        }
        if changed.is_empty() {
            continue;
        }
        match printer.format {
            OutputFormat::Text => output::write(&next.text(false))?,
            OutputFormat::Wide => output::write(&next.text(true))?,
            _ => {
                let resource = RESOURCE.to_owned();
                for object in changed {
                    let (items, table) = (vec![object], table.clone());
                    let resource = resource.clone();
                    printer.listing(Listing { resource, items, is_single: true, table })?;
                }
            }
        }
    }
}

fn columns_before_age(args: &GetArgs) -> usize {
    6 + usize::from(args.all_namespaces)
}

/// Takes a change into what is known.
pub(super) fn update<K: kube::ResourceExt>(known: &mut Vec<K>, change: Change<K>) {
    let is_same = |one: &K, other: &K| {
        one.namespace() == other.namespace() && one.name_any() == other.name_any()
    };
    match change {
        Change::All(all) => *known = all,
        Change::Applied(object) => match known.iter_mut().find(|it| is_same(it, &object)) {
            Some(place) => *place = object,
            None => known.push(object),
        },
        Change::Deleted(object) => known.retain(|it| !is_same(it, &object)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shares_and_models_are_read_from_whatever_object() {
        let cases = [
            (json!({"predictors": [{"name": "main"}]}), "main 100", None),
            (
                json!({"predictors": [{"name": "main", "traffic": 90}, {"name": "canary-8", "traffic": 10},
                {"name": "s", "shadow": true}, {"name": "x"}]}),
                "main 90, canary-8 10, s shadow, x 0",
                None,
            ),
            (
                json!({"predictors": [{"name": "a", "graph": {"modelUri": "gs://m"}}]}),
                "a 100",
                Some("gs://m"),
            ),
            (
                json!({"predictors": [{"name": "a", "graph": {"parameters":
                [{"name": "model_uri", "value": "s3://m"}]}}]}),
                "a 100",
                Some("s3://m"),
            ),
            (json!({"predictors": 7}), "", None),
        ];
        for (spec, expected, uri) in cases {
            let sdep = serde_json::from_value(json!({"spec": spec})).unwrap();
            assert_eq!(traffic(&sdep), expected);
            assert_eq!(model(&sdep).as_deref(), uri);
        }
    }
}
