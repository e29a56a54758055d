//! Events: what they are about, when they were last seen, and how often.

use k8s_openapi::api::core::v1::Event;
use k8s_openapi::jiff::Timestamp;

/// An object that events may be about.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) kind: &'a str,
    pub(super) name: &'a str,
    /// Empty where it is not known.
    pub(super) uid: &'a str,
}

/// Events about one object, the newest first.
pub(super) fn about<'a>(events: &'a [Event], object: About<'_>) -> Vec<&'a Event> {
    let mut found: Vec<_> = events.iter().filter(|event| is_about(event, object)).collect();
    found.sort_by_key(|event| std::cmp::Reverse(last(event)));
    found
}

/// An object that was made anew has another uid: what was said of the former one is not about it.
fn is_about(event: &Event, object: About<'_>) -> bool {
    let involved = &event.involved_object;
    let is_named = involved.kind.as_deref() == Some(object.kind)
        && involved.name.as_deref() == Some(object.name);
    let uid = involved.uid.as_deref().unwrap_or_default();
    is_named && (uid.is_empty() || object.uid.is_empty() || uid == object.uid)
}

/// When it was last seen. A series says so itself; an event of the older form counts up in place.
pub(super) fn last(event: &Event) -> Option<Timestamp> {
    let series = event.series.as_ref().and_then(|series| series.last_observed_time.as_ref());
    series
        .map(|time| time.0)
        .or_else(|| event.last_timestamp.as_ref().map(|time| time.0))
        .or_else(|| event.event_time.as_ref().map(|time| time.0))
        .or_else(|| event.metadata.creation_timestamp.as_ref().map(|time| time.0))
}

/// When it was first seen.
pub(super) fn first(event: &Event) -> Option<Timestamp> {
    event
        .first_timestamp
        .as_ref()
        .map(|time| time.0)
        .or_else(|| event.event_time.as_ref().map(|time| time.0))
        .or_else(|| last(event))
}

pub(super) fn is_warning(event: &Event) -> bool {
    event.type_.as_deref() == Some("Warning")
}

pub(super) fn reason(event: &Event) -> &str {
    event.reason.as_deref().unwrap_or_default()
}

pub(super) fn message(event: &Event) -> &str {
    event.message.as_deref().unwrap_or_default()
}

/// Whether it is about a container, by the place that it names: `spec.containers{model}`.
pub(super) fn is_of_container(event: &Event, container: &str) -> bool {
    let place = event.involved_object.field_path.as_deref().unwrap_or_default();
    place.is_empty() || place.ends_with(&format!("{{{container}}}"))
}

/// Whether it was seen at or after `time`; what has no time counts.
pub(super) fn is_since(event: &Event, time: Option<Timestamp>) -> bool {
    match (last(event), time) {
        (Some(last), Some(time)) => last >= time,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(value: &serde_json::Value) -> Event {
        let mut whole =
            json!({"metadata": {}, "involvedObject": {"kind": "Pod", "name": "p", "uid": "1"}});
        whole
            .as_object_mut()
            .expect("it is an object")
            .extend(value.as_object().expect("it is an object").clone());
        serde_json::from_value(whole).expect("it is an event")
    }

    #[test]
    fn the_last_time_is_the_series_or_the_count_or_the_only_one() {
        let cases = [
            json!({"series": {"count": 3, "lastObservedTime": "2026-10-01T10:00:00.000000Z"},
                   "eventTime": "2026-10-01T09:00:00.000000Z"}),
            json!({"count": 3, "lastTimestamp": "2026-10-01T10:00:00Z", "firstTimestamp": "2026-10-01T09:00:00Z"}),
            json!({"eventTime": "2026-10-01T10:00:00.000000Z"}),
            json!({"metadata": {"creationTimestamp": "2026-10-01T10:00:00Z"}}),
        ];
        for case in cases {
            let last = last(&event(&case)).map(|time| time.to_string());
            assert_eq!(last.as_deref(), Some("2026-10-01T10:00:00Z"), "{case}");
        }
        assert_eq!(last(&event(&json!({}))), None);
    }

    #[test]
    fn an_event_of_a_former_object_of_that_name_is_not_about_it() {
        let events = [event(&json!({}))];
        let of = |uid| about(&events, About { kind: "Pod", name: "p", uid }).len();
        assert_eq!((of("1"), of("2"), of("")), (1, 0, 1));
    }
}
