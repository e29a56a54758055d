//! What changes, as it changes: a watch that outlives connections.

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use kube::Error;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};

use super::objects::Namespaced;
use super::{Asked, Cluster, Selected};
use crate::error::Failure;

/// One change of what is watched.
#[derive(Debug, Clone)]
pub(crate) enum Change<K> {
    /// All there is: at the beginning, and again when it is not known what was missed.
    All(Vec<K>),
    /// An object is new, or not as it was.
    Applied(K),
    /// An object is gone.
    Deleted(K),
}

/// A watch of objects of one kind.
pub(crate) struct Watch<K> {
    events: BoxStream<'static, watcher::Result<Event<K>>>,
    listed: Vec<K>,
    has_begun: bool,
    asked: Asked,
    cluster: Cluster,
}

impl Cluster {
    /// Begins to watch; the first change is all there is.
    pub(crate) fn watch<K: Namespaced>(&self, which: &Selected) -> Watch<K> {
        let config = watcher::Config {
            label_selector: which.labels.clone(),
            field_selector: which.fields.clone(),
            ..watcher::Config::default()
        };
        let mut asked = self.asked::<K>("watch", None);
        if which.is_everywhere {
            asked.namespace = None;
        }
        let events = watcher(self.api::<K>(which.is_everywhere), config).default_backoff().boxed();
        Watch { events, listed: Vec::new(), has_begun: false, asked, cluster: self.clone() }
    }
}

impl<K: Namespaced> Watch<K> {
    /// Waits for the next change. Connections that break are made anew, with growing pauses.
    ///
    /// # Errors
    /// When it may not be watched, its kind is not known, or the cluster cannot be reached from the
    /// first.
    pub(crate) async fn next(&mut self) -> Result<Change<K>, Failure> {
        loop {
            match self.events.next().await {
                Some(Ok(Event::Init)) => self.listed.clear(),
                Some(Ok(Event::InitApply(object))) => self.listed.push(object),
                Some(Ok(Event::InitDone)) => {
                    self.has_begun = true;
                    return Ok(Change::All(std::mem::take(&mut self.listed)));
                }
                Some(Ok(Event::Apply(object))) => return Ok(Change::Applied(object)),
                Some(Ok(Event::Delete(object))) => return Ok(Change::Deleted(object)),
                Some(Err(error)) => self.judge(error)?,
                // Such streams have no end.
                None => return Err(Failure::from(anyhow::anyhow!("the watch has ended"))),
            }
        }
    }

    /// Passes over what may be better next time.
    fn judge(&self, error: watcher::Error) -> Result<(), Failure> {
        let error = match error {
            watcher::Error::InitialListFailed(error)
            | watcher::Error::WatchStartFailed(error)
            | watcher::Error::WatchFailed(error) => error,
            watcher::Error::WatchError(status) => Error::Api(status),
            watcher::Error::NoResourceVersion => return Ok(()),
        };
        let is_final = match &error {
            Error::Api(status) => matches!(status.code, 400..=409),
            Error::Auth(_) => true,
            _ => !self.has_begun,
        };
        if is_final {
            return Err(self.cluster.explain(&error, &self.asked));
        }
        tracing::info!(what = %self.asked, "the connection to the cluster was lost, trying again");
        Ok(())
    }
}
