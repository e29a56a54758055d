//! A file as the body of requests: read on a thread for that, in parts, its digest compared.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream;
use reqwest::Body;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use super::super::digest::{Digest, Hasher};
use super::super::error::OciError;
use super::super::meter::Meter;

/// How much is read at once.
const PIECE_BYTES: usize = 64 * 1024;

/// How many pieces may wait for the network.
const PIECES_MAX: usize = 4;

/// A file that is being sent, and the digest of what was read of it so far.
pub(super) struct Source {
    path: PathBuf,
    file: File,
    digest: Digest,
    bytes: u64,
    hasher: Hasher,
    /// How many bytes from the beginning the hasher has seen.
    hashed: u64,
}

/// A part on its way: ends with the source, for the next part.
pub(super) type Reading = JoinHandle<(Source, Result<(), OciError>)>;

/// How far a part is on its way, for who watches that it goes on, and may end it.
#[derive(Debug)]
pub(super) struct Pulse {
    beat: Notify,
    left: AtomicU64,
    /// `None` once it is ended.
    pieces: Mutex<Option<Pieces>>,
}

type Pieces = mpsc::Receiver<io::Result<Bytes>>;

impl Pulse {
    /// Waits until something more has gone.
    pub(super) async fn beat(&self) {
        self.beat.notified().await;
    }

    /// Lets nothing more go: who still sends gets an error, who still reads ends.
    pub(super) fn end(&self) {
        drop(self.pieces.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(pieces) = pieces.as_mut() else {
            return Poll::Ready(Some(Err(io::Error::other("ended early"))));
        };
        let piece = pieces.poll_recv(context);
        if let Poll::Ready(Some(Ok(piece))) = &piece {
            self.left.fetch_sub(piece.len() as u64, Ordering::AcqRel);
            self.beat.notify_one();
        }
        piece
    }

    /// Whether all of the part has gone.
    pub(super) fn is_over(&self) -> bool {
        self.left.load(Ordering::Acquire) == 0
    }
}

impl Source {
    /// Opens a file. Blocks.
    ///
    /// # Errors
    /// [`OciError::Read`], or [`OciError::Source`] if its size is another.
    pub(super) fn open(path: &Path, digest: &Digest, bytes: u64) -> Result<Self, OciError> {
        let file = File::open(path).map_err(unreadable(path))?;
        let length = file.metadata().map_err(unreadable(path))?.len();
        if length != bytes {
            return Err(changed(path, bytes, length));
        }
        let (hasher, digest) = (Hasher::like(digest), digest.clone());
        Ok(Self { path: path.to_owned(), file, digest, bytes, hasher, hashed: 0 })
    }

    /// Sends a part of the file as a body of just this length.
    pub(super) fn send(
        self,
        part: Range<u64>,
        meter: Arc<dyn Meter>,
    ) -> (Body, Arc<Pulse>, Reading) {
        let (sender, pieces) = mpsc::channel(PIECES_MAX);
        let pulse = Arc::new(Pulse {
            beat: Notify::new(),
            left: AtomicU64::new(part.end.saturating_sub(part.start)),
            pieces: Mutex::new(Some(pieces)),
        });
        let (polled, mut at) = (Arc::clone(&pulse), part.start);
        let pieces = stream::poll_fn(move |context| {
            let piece = polled.poll(context);
            if let Poll::Ready(Some(Ok(piece))) = &piece {
                at += piece.len() as u64;
                meter.at(at);
            }
            piece
        });
        let reading = tokio::task::spawn_blocking(move || {
            let mut source = self;
            let read = source.read(&part, &sender);
            if let Err(error) = &read {
                // The body must not end as if it were whole.
                drop(sender.blocking_send(Err(io::Error::other(error.to_string()))));
            }
            (source, read)
        });
        (Body::wrap_stream(pieces), pulse, reading)
    }

    /// Reads what was not read before and what is to be sent; ends early, and well, when nobody takes it.
    fn read(
        &mut self,
        part: &Range<u64>,
        sender: &mpsc::Sender<io::Result<Bytes>>,
    ) -> Result<(), OciError> {
        let mut at = self.hashed.min(part.start);
        self.file.seek(SeekFrom::Start(at)).map_err(unreadable(&self.path))?;
        while at < part.end {
            let wanted = (part.end - at).min(PIECE_BYTES as u64);
            let mut piece = Vec::new();
            let read = (&self.file).take(wanted).read_to_end(&mut piece);
            let n_bytes = read.map_err(unreadable(&self.path))? as u64;
            if n_bytes == 0 {
                return Err(changed(&self.path, self.bytes, at));
            }
            let piece = Bytes::from(piece);
            self.hash(at, &piece)?;
            let unsent = piece.slice(cut(part.start.saturating_sub(at), piece.len())..);
            at += n_bytes;
            if !unsent.is_empty() && sender.blocking_send(Ok(unsent)).is_err() {
                return Ok(());
            }
        }
        self.hash(at, &[])
    }

    /// Adds what is new to the digest; with the last byte the digest must be right.
    fn hash(&mut self, at: u64, piece: &[u8]) -> Result<(), OciError> {
        let new = piece.get(cut(self.hashed.saturating_sub(at), piece.len())..).unwrap_or_default();
        self.hasher.update(new);
        self.hashed += new.len() as u64;
        if self.hashed < self.bytes {
            return Ok(());
        }
        let got = self.hasher.clone().finish();
        if got == self.digest {
            return Ok(());
        }
        let (expected, got) = (format!("digest `{}`", self.digest), format!("`{got}`"));
        Err(OciError::Source { path: self.path.clone(), expected, got })
    }
}

fn cut(at: u64, length: usize) -> usize {
    usize::try_from(at).unwrap_or(length).min(length)
}

fn changed(path: &Path, expected: u64, got: u64) -> OciError {
    let expected = format!("{expected} bytes");
    OciError::Source { path: path.to_owned(), expected, got: got.to_string() }
}

fn unreadable(path: &Path) -> impl Fn(io::Error) -> OciError + '_ {
    |error| OciError::Read { path: path.to_owned(), reason: crate::error::reason(&error) }
}
