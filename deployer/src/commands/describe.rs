//! `radiant-deploy describe`: a deployment with all that was made of it.

use std::fmt::Write as _;

use k8s_openapi::api::core::v1::{ContainerState, Pod};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;
use serde_json::{Value, json};

use super::events;
use super::family::Family;
use super::get::{base, model, traffic};
use crate::cli::DescribeArgs;
use crate::cluster::Cluster;
use crate::error::Failure;
use crate::output::{Printer, Table, age, clean};
use crate::rollout::{Cause, Expected, Status, phase_of};
use crate::route::{self, Urls};

/// How many of the last events are shown; `events` shows all.
const EVENTS_MAX: usize = 15;

pub(super) async fn run(args: &DescribeArgs, printer: &Printer) -> Result<(), Failure> {
    let cluster = Cluster::connect(&args.cluster, None).await?;
    let family = Family::read(&cluster, &args.name).await?;
    let base = base(&args.route, &cluster).await;
    let urls = Urls::new(&family.sdep, base.as_deref());
    let now = Timestamp::now();
    let found = phase_of(&family.observed(now), &Expected::default());
    let text = text(&family, &found, &urls, now);
    printer.document(&document(&family, &found, &urls), &text)
}

fn document(family: &Family, found: &Status, urls: &Urls) -> Value {
    json!({
        "schema": "radiant/describe/v1",
        "name": family.sdep.name(),
        "namespace": family.sdep.namespace(),
        "phase": found.phase,
        "summary": found.summary,
        "causes": found.causes.iter().map(Cause::json).collect::<Vec<_>>(),
        "predictors": found.predictors,
        "model": {"uri": model(&family.sdep)},
        "urls": urls,
        "object": family.sdep.to_value(),
        "deployments": family.deployments,
        "pods": family.pods,
        "autoscalers": family.autoscalers,
        "events": family.events,
    })
}

fn text(family: &Family, found: &Status, urls: &Urls, now: Timestamp) -> String {
    let mut text = String::new();
    for (name, value) in facts(family, found, urls, now) {
        if !value.is_empty() {
            // Writing to a `String` cannot fail.
            let _infallible = writeln!(text, "{:<13}{}", format!("{name}:"), clean(&value));
        }
    }
    section(&mut text, "Predictors", &predictors(family));
    section(&mut text, "Deployments", &deployments(family));
    section(&mut text, "Pods", &pods(family, now));
    section(&mut text, "Conditions", &conditions(family));
    let mut events = events::sorted(&family.events);
    let skipped = events.len().saturating_sub(EVENTS_MAX);
    events.drain(..skipped);
    section(&mut text, "Events", &events::table(&events, now));
    text
}

fn section(text: &mut String, title: &str, table: &Table) {
    if table.is_empty() {
        return;
    }
    let _infallible = writeln!(text, "\n{title}:");
    for line in table.text(true).lines() {
        let _infallible = writeln!(text, "  {line}");
    }
}

fn facts(
    family: &Family,
    found: &Status,
    urls: &Urls,
    now: Timestamp,
) -> Vec<(&'static str, String)> {
    let sdep = &family.sdep;
    let noted = |key: &str| sdep.annotation(key).unwrap_or_default().to_owned();
    let created = sdep.metadata.creation_timestamp.as_ref().map(|time| time.0);
    let mut facts = vec![
        ("Name", sdep.name().to_owned()),
        ("Namespace", sdep.namespace().to_owned()),
        ("Age", age(created, now)),
        ("Phase", format!("{} ({})", found.phase, found.summary)),
    ];
    for cause in &found.causes {
        facts.push(("Cause", cause.line()));
        facts.extend(cause.hint.clone().map(|hint| ("Hint", hint)));
    }
    facts.extend([
        ("State", sdep.state().map(|it| format!("{it} (operator)")).unwrap_or_default()),
        ("Revision", noted("radiant.dev/revision")),
        ("Model", model(sdep).unwrap_or_default()),
        ("Digest", noted("radiant.dev/model-digest")),
        ("Protocol", route::protocol(sdep).to_owned()),
        ("Traffic", traffic(sdep)),
        ("URL", urls.external.clone().unwrap_or_default()),
        ("Host", urls.host.clone().unwrap_or_default()),
        ("Cluster URL", urls.cluster.clone().unwrap_or_default()),
    ]);
    if let Some(grpc) = &urls.grpc {
        let headers = grpc.headers.iter().map(|(name, value)| format!("{name}: {value}"));
        let headers = headers.collect::<Vec<_>>().join(", ");
        facts.push(("gRPC", format!("{} ({headers})", grpc.address)));
    }
    facts
}

fn predictors(family: &Family) -> Table {
    let mut table = Table::of(&["NAME", "GRAPH", "REPLICAS", "TRAFFIC", "SHADOW"]);
    for predictor in family.sdep.predictors() {
        let text = |key: &str| predictor.get(key).and_then(Value::as_str).unwrap_or_default();
        let number = |key: &str| predictor.get(key).map(Value::to_string).unwrap_or_default();
        let graph = predictor.get("graph").map(graph).unwrap_or_default();
        let cells = [
            text("name").to_owned(),
            graph,
            number("replicas"),
            number("traffic"),
            number("shadow"),
        ];
        table.row(cells);
    }
    table
}

/// A graph in a line: a node with those below it in brackets.
fn graph(node: &Value) -> String {
    let name = node.get("name").and_then(Value::as_str).unwrap_or("?");
    let children = node.get("children").and_then(Value::as_array);
    let children: Vec<String> = children.into_iter().flatten().map(graph).collect();
    if children.is_empty() { name.to_owned() } else { format!("{name}({})", children.join(", ")) }
}

fn deployments(family: &Family) -> Table {
    let mut table = Table::of(&["NAME", "WANTED", "UPDATED", "AVAILABLE", "AUTOSCALER"]);
    for deployment in &family.deployments {
        let status = deployment.status.clone().unwrap_or_default();
        let name = deployment.name_any();
        let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
        let autoscaler = family.autoscalers.iter().find_map(|it| {
            let spec = it.spec.as_ref().filter(|spec| spec.scale_target_ref.name == name)?;
            Some(format!("{}-{}", spec.min_replicas.unwrap_or(1), spec.max_replicas))
        });
        table.row([
            name,
            wanted.to_string(),
            status.updated_replicas.unwrap_or(0).to_string(),
            status.available_replicas.unwrap_or(0).to_string(),
            autoscaler.unwrap_or_default(),
        ]);
    }
    table
}

fn pods(family: &Family, now: Timestamp) -> Table {
    let mut table = Table::of(&["NAME", "READY", "STATUS", "RESTARTS", "AGE", "NODE"]);
    for pod in &family.pods {
        let statuses = pod.status.as_ref().and_then(|it| it.container_statuses.as_ref());
        let ready = statuses.map_or(0, |all| all.iter().filter(|it| it.ready).count());
        let restarts = statuses.map_or(0, |all| {
            all.iter().fold(0_i32, |sum, it| sum.saturating_add(it.restart_count))
        });
        let spec = pod.spec.as_ref();
        let containers = spec.map_or(0, |spec| spec.containers.len());
        let created = pod.metadata.creation_timestamp.as_ref().map(|time| time.0);
        table.row([
            pod.name_any(),
            format!("{ready}/{containers}"),
            state(pod),
            restarts.to_string(),
            age(created, now),
            spec.and_then(|spec| spec.node_name.clone()).unwrap_or_default(),
        ]);
    }
    table
}

/// A pod's state in a word: the reason of the first container that does not run, else its phase.
fn state(pod: &Pod) -> String {
    if pod.metadata.deletion_timestamp.is_some() {
        return "Terminating".to_owned();
    }
    let status = pod.status.clone().unwrap_or_default();
    let init = status.init_container_statuses.unwrap_or_default();
    let init = init.iter().filter_map(|it| reason(it.state.as_ref()?)).find(|it| it != "Completed");
    let containers = status.container_statuses.unwrap_or_default();
    let reason = containers.iter().find_map(|it| reason(it.state.as_ref()?));
    init.map(|it| format!("Init:{it}"))
        .or(reason)
        .or(status.reason)
        .or(status.phase)
        .unwrap_or_default()
}

fn reason(state: &ContainerState) -> Option<String> {
    let waiting = state.waiting.as_ref().and_then(|it| it.reason.clone());
    let ended = || {
        let ended = state.terminated.as_ref()?;
        ended.reason.clone().or_else(|| Some(format!("ExitCode:{}", ended.exit_code)))
    };
    waiting.or_else(ended)
}

fn conditions(family: &Family) -> Table {
    let mut table = Table::of(&["OF", "TYPE", "STATUS", "REASON", "MESSAGE"]);
    let own = family.sdep.status.get("conditions").and_then(Value::as_array);
    for condition in own.into_iter().flatten() {
        let text = |key: &str| condition.get(key).and_then(Value::as_str).unwrap_or_default();
        table.row(["sdep", text("type"), text("status"), text("reason"), text("message")]);
    }
    for deployment in &family.deployments {
        let conditions = deployment.status.as_ref().and_then(|it| it.conditions.as_ref());
        for condition in conditions.into_iter().flatten() {
            let reason = condition.reason.as_deref().unwrap_or_default();
            let message = condition.message.as_deref().unwrap_or_default();
            table.row(["deployment", &condition.type_, &condition.status, reason, message]);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphs_are_told_in_a_line() {
        let node =
            json!({"name": "t", "children": [{"name": "a"}, {"name": "b", "children": [{}]}]});
        assert_eq!(graph(&node), "t(a, b(?))");
    }

    #[test]
    fn the_state_of_a_pod_is_what_keeps_it() {
        let waiting = |reason: &str| {
            json!([{"name": "c", "ready": false, "restartCount": 0, "image": "",
            "imageID": "", "state": {"waiting": {"reason": reason}}}])
        };
        let done = json!([{"name": "c", "ready": true, "restartCount": 0, "image": "", "imageID": "",
            "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}]);
        let cases = [
            (json!({"phase": "Running"}), "Running"),
            (json!({"phase": "Failed", "reason": "Evicted"}), "Evicted"),
            (
                json!({"phase": "Pending", "containerStatuses": waiting("ImagePullBackOff")}),
                "ImagePullBackOff",
            ),
            (
                json!({"phase": "Pending", "initContainerStatuses": waiting("CrashLoopBackOff")}),
                "Init:CrashLoopBackOff",
            ),
            (json!({"phase": "Running", "initContainerStatuses": done}), "Running"),
        ];
        for (status, expected) in cases {
            let pod = serde_json::from_value(json!({"metadata": {}, "status": status})).unwrap();
            assert_eq!(state(&pod), expected);
        }
    }
}
