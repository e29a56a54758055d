//! The objects of one kind, as a watch of theirs brings them.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Event;
use kube::runtime::watcher;
use kube::{Error, Resource, ResourceExt as _};

use super::super::event::last;
use crate::cluster::{Asked, Cluster};
use crate::error::Failure;

/// What a change came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Something is not as it was.
    Changed,
    /// Nothing that matters.
    Nothing,
    /// These objects are not to be seen.
    Refused,
    /// The connection broke.
    Lost,
}

/// The objects of one kind.
pub(super) struct Store<K> {
    pub(super) objects: BTreeMap<String, K>,
    /// Those of a list that is not complete yet.
    listing: BTreeMap<String, K>,
    pub(super) is_listed: bool,
    is_refused: bool,
}

impl<K> Default for Store<K> {
    fn default() -> Self {
        let (objects, listing) = (BTreeMap::new(), BTreeMap::new());
        Self { objects, listing, is_listed: false, is_refused: false }
    }
}

impl<K: Resource<DynamicType = ()>> Store<K> {
    pub(super) fn take(&mut self, event: watcher::Event<K>) -> Told {
        self.take_if(event, |_| true)
    }

    pub(super) fn take_if(
        &mut self,
        event: watcher::Event<K>,
        is_wanted: impl Fn(&K) -> bool,
    ) -> Told {
        match event {
            watcher::Event::Init => self.listing.clear(),
            watcher::Event::InitApply(object) => {
                if is_wanted(&object) {
                    self.listing.insert(object.name_any(), object);
                }
            }
            watcher::Event::InitDone => {
                self.objects = std::mem::take(&mut self.listing);
                self.is_listed = true;
                return Told::Changed;
            }
            watcher::Event::Apply(object) => {
                if is_wanted(&object) {
                    self.objects.insert(object.name_any(), object);
                    return Told::Changed;
                }
            }
            watcher::Event::Delete(object) => {
                if self.objects.remove(&object.name_any()).is_some() {
                    return Told::Changed;
                }
            }
        }
        Told::Nothing
    }

    /// What an error means: the end, or that it is tried again.
    pub(super) fn judge(
        &mut self,
        cluster: &Cluster,
        error: watcher::Error,
        is_needed: bool,
    ) -> Result<Told, Failure> {
        let asked = |verb| -> Asked { cluster.asked::<K>(verb, None) };
        let (error, asked) = match error {
            watcher::Error::InitialListFailed(error) => (error, asked("list")),
            watcher::Error::WatchStartFailed(error) | watcher::Error::WatchFailed(error) => {
                (error, asked("watch"))
            }
            watcher::Error::WatchError(status) => (Error::Api(status), asked("watch")),
            watcher::Error::NoResourceVersion => return Ok(Told::Lost),
        };
        let code = if let Error::Api(status) = &error { status.code } else { 0 };
        if code == 403 && !is_needed {
            if !self.is_refused {
                tracing::warn!("may not {asked}: some causes cannot be told");
            }
            (self.is_refused, self.is_listed) = (true, true);
            return Ok(Told::Refused);
        }
        let is_final = match &error {
            // 410 only means that too much was missed.
            Error::Api(_) => (400..410).contains(&code),
            Error::Auth(_) => true,
            _ => !self.is_listed,
        };
        if is_final { Err(cluster.explain(&error, &asked)) } else { Ok(Told::Lost) }
    }
}

impl Store<Event> {
    /// Forgets the oldest of too many.
    pub(super) fn keep_newest(&mut self, n_max: usize) {
        while self.objects.len() > n_max {
            let oldest = self.objects.iter().min_by_key(|(_, event)| last(event));
            let Some(name) = oldest.map(|(name, _)| name.clone()) else { return };
            self.objects.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::fixture::of;
    use super::*;

    fn event(name: &str, about: &str, at: &str) -> Event {
        of(json!({
            "metadata": {"name": name}, "involvedObject": {"kind": "Pod", "name": about}, "lastTimestamp": at,
        }))
    }

    #[test]
    fn a_list_takes_the_place_of_all_before_it() {
        let mut store = Store::<Event>::default();
        let of = |name| event(name, "fraud-a", "2026-10-01T10:00:00Z");
        assert_eq!(store.take(watcher::Event::Apply(of("a"))), Told::Changed);
        store.take(watcher::Event::Init);
        store.take(watcher::Event::InitApply(of("b")));
        assert!(store.objects.contains_key("a"), "half a list is none");
        assert_eq!(store.take(watcher::Event::InitDone), Told::Changed);
        assert_eq!(store.objects.keys().collect::<Vec<_>>(), ["b"]);
        assert_eq!(store.take(watcher::Event::Delete(of("a"))), Told::Nothing);
    }

    #[test]
    fn the_oldest_of_too_many_events_are_forgotten() {
        let mut store = Store::<Event>::default();
        for (name, at) in [
            ("a", "2026-10-01T10:00:02Z"),
            ("b", "2026-10-01T10:00:01Z"),
            ("c", "2026-10-01T10:00:03Z"),
        ] {
            store.take(watcher::Event::Apply(event(name, "fraud", at)));
        }
        store.keep_newest(2);
        assert_eq!(store.objects.keys().collect::<Vec<_>>(), ["a", "c"]);
    }
}
