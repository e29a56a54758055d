//! `radiant-deploy events`: what happened to a deployment and all that was made of it, in order.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{Event, Pod};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;
use serde_json::Value;

use super::family::Family;
use super::get::update;
use crate::cli::EventsArgs;
use crate::cluster::seldon::selector;
use crate::cluster::{Change, Cluster, Selected};
use crate::error::{Code, Failure};
use crate::output::{self, Listing, OutputFormat, Printer, Table, age};

pub(super) async fn run(args: &EventsArgs, printer: &Printer) -> Result<(), Failure> {
    let cluster = Cluster::connect(&args.cluster, None).await?;
    let mut family = family(args, printer, &cluster).await?;
    let events = std::mem::take(&mut family.events);
    let wanted: Vec<Event> = events.into_iter().filter(|event| is_wanted(args, event)).collect();
    let sorted = sorted(&wanted);
    let shown = table(&sorted, Timestamp::now());
    let listing = Listing {
        resource: "event".to_owned(),
        items: sorted.iter().map(|event| value(event)).collect(),
        is_single: false,
        table: shown.clone(),
    };
    if sorted.is_empty() && matches!(printer.format, OutputFormat::Text | OutputFormat::Wide) {
        printer.tell("no events: the cluster keeps them for an hour\n");
    }
    printer.listing(listing)?;
    if args.watch { follow(args, printer, &cluster, (family, wanted, shown)).await } else { Ok(()) }
}

/// The deployment with all that was made of it, also where only events are left of it.
async fn family(
    args: &EventsArgs,
    printer: &Printer,
    cluster: &Cluster,
) -> Result<Family, Failure> {
    let failure = match Family::read(cluster, &args.name).await {
        Err(failure) if failure.code() == Some(Code::NotFound) => failure,
        read => return read,
    };
    match Family::gone(cluster, &args.name).await? {
        Some(family) => {
            printer.tell(&format!("`{}` is gone: these events outlive it\n", args.name));
            Ok(family)
        }
        None => Err(failure),
    }
}

fn is_wanted(args: &EventsArgs, event: &Event) -> bool {
    !args.warnings || event.type_.as_deref() == Some("Warning")
}

/// Events by the last time that they happened.
pub(super) fn sorted(events: &[Event]) -> Vec<&Event> {
    let mut sorted: Vec<&Event> = events.iter().collect();
    sorted.sort_by_key(|event| last_seen(event));
    sorted
}

/// When it happened last, whichever of the ways of saying it was taken.
fn last_seen(event: &Event) -> Option<Timestamp> {
    let series = event.series.as_ref().and_then(|it| it.last_observed_time.as_ref());
    let last = event.last_timestamp.as_ref().map(|time| time.0);
    let first = event.first_timestamp.as_ref().map(|time| time.0);
    let created = event.metadata.creation_timestamp.as_ref().map(|time| time.0);
    let times =
        [series.map(|time| time.0), last, event.event_time.as_ref().map(|time| time.0), first];
    times.into_iter().flatten().max().or(created)
}

fn n_times(event: &Event) -> i32 {
    let series = event.series.as_ref().and_then(|it| it.count);
    series.or(event.count).unwrap_or(1).max(1)
}

pub(super) fn table(events: &[&Event], now: Timestamp) -> Table {
    let mut table = Table::of(&["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]);
    for event in events {
        let object = &event.involved_object;
        let kind = object.kind.as_deref().unwrap_or("?").to_lowercase();
        let seen = age(last_seen(event), now);
        let n_times = n_times(event);
        table.row([
            if n_times > 1 { format!("{seen} (x{n_times})") } else { seen },
            event.type_.clone().unwrap_or_default(),
            event.reason.clone().unwrap_or_default(),
            format!("{kind}/{}", object.name.as_deref().unwrap_or("?")),
            event.message.clone().unwrap_or_default(),
        ]);
    }
    table
}

fn value(event: &Event) -> Value {
    // Objects of Kubernetes always are JSON.
    serde_json::to_value(event).unwrap_or_default()
}

/// Prints events as they come; those of objects that are new are known by watching these too.
async fn follow(
    args: &EventsArgs,
    printer: &Printer,
    cluster: &Cluster,
    shown: (Family, Vec<Event>, Table),
) -> Result<(), Failure> {
    let (mut family, events, mut table) = shown;
    let key = |event: &Event| event.uid().unwrap_or_else(|| event.name_any());
    let mut told: BTreeMap<String, i32> = events.iter().map(|it| (key(it), n_times(it))).collect();
    let made = Selected::labels(selector(&args.name));
    let mut deployments = cluster.watch::<Deployment>(&made);
    let mut replica_sets = cluster.watch::<ReplicaSet>(&made);
    let mut pods = cluster.watch::<Pod>(&made);
    let mut changes = cluster.watch::<Event>(&Selected::default());
    loop {
        let came: Vec<Event> = tokio::select! {
            change = deployments.next() => { update(&mut family.deployments, change?); continue }
            change = replica_sets.next() => { update(&mut family.replica_sets, change?); continue }
            change = pods.next() => { update(&mut family.pods, change?); continue }
            change = changes.next() => match change? {
                Change::All(all) => all,
                Change::Applied(event) => vec![event],
                Change::Deleted(_) => Vec::new(),
            },
        };
        let news: Vec<Event> = came
            .into_iter()
            .filter(|event| family.is_own(event) && is_wanted(args, event))
            .filter(|event| told.insert(key(event), n_times(event)) != Some(n_times(event)))
            .collect();
        if news.is_empty() {
            continue;
        }
        let news = sorted(&news);
        let mut next = table.continued();
        for event in &news {
            next.append(&self::table(&[event], Timestamp::now()));
        }
        match printer.format {
            OutputFormat::Text | OutputFormat::Wide => output::write(&next.text(true))?,
            _ => {
                let items = news.iter().map(|event| value(event)).collect();
                let (resource, table) = ("event".to_owned(), next.clone());
                printer.listing(Listing { resource, items, is_single: false, table })?;
            }
        }
        table = next;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_are_in_order_however_they_say_their_time() {
        let event = |name: &str, time: Value| {
            let mut event =
                json!({"metadata": {"name": name}, "involvedObject": {"kind": "Pod", "name": "p"}});
            for (key, value) in time.as_object().unwrap() {
                event[key] = value.clone();
            }
            serde_json::from_value::<Event>(event).unwrap()
        };
        let events = [
            event("c", json!({"lastTimestamp": "2026-01-01T00:00:03Z", "count": 7})),
            event("a", json!({"eventTime": "2026-01-01T00:00:01.000000Z"})),
            event(
                "d",
                json!({"firstTimestamp": "2026-01-01T00:00:00Z", "series":
                {"count": 2, "lastObservedTime": "2026-01-01T00:00:04.000000Z"}}),
            ),
            event("b", json!({"firstTimestamp": "2026-01-01T00:00:02Z"})),
        ];
        let sorted = sorted(&events);
        let names: Vec<String> = sorted.iter().map(|it| it.name_any()).collect();
        assert_eq!(names, ["a", "b", "c", "d"]);
        let text = table(&sorted, "2026-01-01T00:00:10Z".parse().unwrap()).text(true);
        assert!(
            text.contains("7s (x7)") && text.contains("6s (x2)") && text.contains("pod/p"),
            "{text}"
        );
    }
}
