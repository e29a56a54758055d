//! One range of one object into its place in a file, however often it breaks off.

use std::fs::File;
use std::io;
use std::mem;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStore};
use tracing::warn;

use super::listing::bare_tag;
use super::retry::{Failure, Tries};
use super::{Item, Options, TransferError};
use crate::progress::Progress;
use crate::staging::{WriteError, write_error};

/// What is collected before it is written: a hand-over to a blocking thread costs as much as writing
/// some ten kilobytes.
const BUFFER_BYTES: usize = 512 << 10;

/// What must come before earlier failures are forgotten: a store that sends a byte and breaks off
/// must not be asked for ever.
const HEADWAY_BYTES: u64 = 64 << 10;

/// A difference in times that comes of rounding.
const ROUNDING_S: u64 = 1;

/// Where bytes come from and where they go.
#[derive(Clone, Copy)]
pub(super) struct Route<'a> {
    pub(super) store: &'a dyn ObjectStore,
    pub(super) options: &'a Options,
    pub(super) progress: &'a dyn Progress,
    pub(super) item: &'a Item,
    pub(super) file: &'a Arc<File>,
    /// The file's name, for errors.
    pub(super) path: &'a Path,
}

/// Why one attempt ended early.
enum Broken {
    /// It makes no sense to go on.
    End(TransferError),
    Store(object_store::Error),
    /// The body ended as if it were whole.
    Short,
    Stalled,
}

impl From<TransferError> for Broken {
    fn from(error: TransferError) -> Self {
        Self::End(error)
    }
}

impl From<WriteError> for Broken {
    fn from(error: WriteError) -> Self {
        Self::End(error.into())
    }
}

impl Route<'_> {
    /// Fetches a range, going on from where it broke off.
    pub(super) async fn fetch(self, range: Range<u64>) -> Result<(), TransferError> {
        let mut tries = Tries::new(self.options.retries);
        let mut at = range.start;
        while at < range.end {
            let before = at;
            let Err(broken) = self.attempt(&mut at, range.end).await else {
                return Ok(());
            };
            // Whatever broke after the last byte took nothing away.
            if at >= range.end && !matches!(broken, Broken::End(_)) {
                return Ok(());
            }
            if at - before >= HEADWAY_BYTES {
                tries.headway();
            }
            let failure = match &broken {
                Broken::End(_) => Failure::Lasting,
                Broken::Store(error) => Failure::of(error),
                Broken::Short | Broken::Stalled => Failure::Passing,
            };
            let Some(wait) = tries.after(failure) else {
                return Err(self.error(broken, at, range.end, tries.count()));
            };
            let (object, reached) = (self.item.object.location.as_ref(), at);
            warn!(object, reached, end = range.end, attempt = tries.count(), "download broke off");
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    /// Fetches from `at` to `end`. Whatever the outcome, `at` is behind the last byte written.
    async fn attempt(&self, at: &mut u64, end: u64) -> Result<(), Broken> {
        let ObjectMeta { location, .. } = &self.item.object;
        let result = self.store.get_opts(location, self.request(*at..end)).await;
        let result = result.map_err(Broken::Store)?;
        self.check_unchanged(&result.meta)?;
        let mut sink = Sink { route: self, at: *at, pending: Vec::new() };
        let drained = self.drain(result.into_stream(), &mut sink, end).await;
        let flushed = sink.flush().await;
        *at = sink.at;
        flushed?;
        drained
    }

    fn request(&self, range: Range<u64>) -> GetOptions {
        let ObjectMeta { e_tag, version, size, .. } = &self.item.object;
        let is_whole = range == (0..*size);
        GetOptions {
            // A tag that is weak never matches, and some interfaces list tags in another form than
            // they compare them in; the answer's tag is looked at in any case.
            if_match: e_tag.clone().filter(|tag| tag.starts_with('"')),
            version: version.clone(),
            range: (!is_whole).then_some(GetRange::Bounded(range)),
            ..GetOptions::default()
        }
    }

    /// Reads a body to its end into the sink.
    async fn drain(
        &self,
        mut body: BoxStream<'static, object_store::Result<Bytes>>,
        sink: &mut Sink<'_>,
        end: u64,
    ) -> Result<(), Broken> {
        while let Some(bytes) = self.next(&mut body).await? {
            if sink.end().saturating_add(bytes.len() as u64) > end {
                return Err(self.changed("more bytes came than were asked for").into());
            }
            sink.push(&bytes).await?;
            self.progress.received(bytes.len() as u64);
        }
        if sink.end() < end { Err(Broken::Short) } else { Ok(()) }
    }

    async fn next(
        &self,
        body: &mut (impl Stream<Item = object_store::Result<Bytes>> + Unpin),
    ) -> Result<Option<Bytes>, Broken> {
        let next = tokio::time::timeout(self.options.stall, body.next()).await;
        next.map_err(|_| Broken::Stalled)?.transpose().map_err(Broken::Store)
    }

    /// Compares what is sent with what was listed.
    pub(super) fn check_unchanged(&self, sent: &ObjectMeta) -> Result<(), TransferError> {
        let listed = &self.item.object;
        if sent.size != listed.size {
            return Err(self.changed("its size is another one"));
        }
        let is_same = match (&sent.e_tag, &listed.e_tag) {
            (Some(sent), Some(listed)) => bare_tag(sent) == bare_tag(listed),
            (None, None) => {
                let (sent, listed) =
                    (sent.last_modified.timestamp(), listed.last_modified.timestamp());
                // Zero is how an interface without times fills them in.
                sent == 0 || listed == 0 || sent.abs_diff(listed) <= ROUNDING_S
            }
            // Some list none and send one, or the other way round.
            (Some(_), None) | (None, Some(_)) => true,
        };
        if is_same { Ok(()) } else { Err(self.changed("it was written again")) }
    }

    fn changed(&self, what: &'static str) -> TransferError {
        TransferError::Changed { name: self.item.object.location.to_string(), what }
    }

    /// What to say at the end.
    fn error(&self, broken: Broken, at: u64, end: u64, attempts: u32) -> TransferError {
        let name = self.item.object.location.to_string();
        match broken {
            Broken::End(error) => error,
            Broken::Short => TransferError::Length { name, expected: end, got: at, attempts },
            Broken::Stalled => {
                TransferError::Stalled { name, seconds: self.options.stall.as_secs(), attempts }
            }
            Broken::Store(object_store::Error::Precondition { .. }) => {
                self.changed("it was written again")
            }
            Broken::Store(object_store::Error::NotFound { .. }) => self.changed("it is gone"),
            Broken::Store(source) if super::status(&source) == Some(416) => {
                self.changed("it is shorter now")
            }
            Broken::Store(source) => {
                TransferError::Store { action: "read", name, attempts, source }
            }
        }
    }
}

/// Collects bytes and writes them at their place.
struct Sink<'a> {
    route: &'a Route<'a>,
    /// Where what is pending belongs.
    at: u64,
    pending: Vec<u8>,
}

impl Sink<'_> {
    /// Where the next byte belongs.
    fn end(&self) -> u64 {
        self.at.saturating_add(self.pending.len() as u64)
    }

    async fn push(&mut self, mut bytes: &[u8]) -> Result<(), WriteError> {
        while !bytes.is_empty() {
            let room = BUFFER_BYTES.saturating_sub(self.pending.len());
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.pending.extend_from_slice(now);
            bytes = later;
            if self.pending.len() >= BUFFER_BYTES {
                self.flush().await?;
            }
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), WriteError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let (file, at) = (Arc::clone(self.route.file), self.at);
        let mut buffer = mem::take(&mut self.pending);
        let written = tokio::task::spawn_blocking(move || {
            let written = file.write_all_at(&buffer, at);
            written.map(|()| buffer)
        });
        let written = written.await.map_err(io::Error::other).and_then(|written| written);
        buffer = written.map_err(write_error(self.route.path))?;
        self.at = self.end_of(&buffer);
        buffer.clear();
        self.pending = buffer;
        Ok(())
    }

    fn end_of(&self, written: &[u8]) -> u64 {
        self.at.saturating_add(written.len() as u64)
    }
}
