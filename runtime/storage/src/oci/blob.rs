//! Blobs: streamed into a file, taken up again where a connection broke, compared with their digest.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use reqwest::{Method, Response, StatusCode, header};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::digest::{Digest, Hasher};
use super::error::OciError;
use super::http;
use super::session::{Ask, Session};
use crate::WriteError;
use crate::progress::Progress;
use crate::staging::write_error;
use crate::transfer::{Failure, Tries};

/// How many chunks may wait for the disk.
const CHUNKS_MAX: usize = 16;

/// How many bytes a connection must bring to count as headway: less could go on for ever.
const HEADWAY_BYTES: u64 = 64 * 1024;

/// A blob that is wanted, and where it is put.
pub(super) struct Wanted<'a> {
    pub digest: &'a Digest,
    pub bytes: u64,
    /// For errors.
    pub what: String,
    pub to: PathBuf,
}

/// Downloads a blob into a new file.
///
/// # Errors
/// [`OciError`]: the registry fails for longer than retries go on, what comes is not what the
/// manifest says, or the file cannot be written.
pub(super) async fn download(
    session: &Session,
    wanted: &Wanted<'_>,
    progress: &dyn Progress,
) -> Result<(), OciError> {
    let (chunks, written) = start_writing(wanted)?;
    let received = receive(session, wanted, progress, &chunks).await;
    drop(chunks);
    // The writer's error comes first: when it ends early, the receiver has seen no more than that.
    let written = written.await.map_err(|error| write_error(&wanted.to)(io::Error::other(error)));
    let digest = written??;
    received?;
    if digest == *wanted.digest {
        return Ok(());
    }
    Err(OciError::Digest {
        reference: session.reference().into(),
        what: wanted.what.as_str().into(),
        expected: wanted.digest.to_string().into(),
        got: digest.to_string().into(),
    })
}

type Writing = JoinHandle<Result<Digest, WriteError>>;

/// Starts a thread that writes chunks and computes their digest.
fn start_writing(wanted: &Wanted<'_>) -> Result<(mpsc::Sender<Bytes>, Writing), OciError> {
    let mut file = File::create_new(&wanted.to).map_err(write_error(&wanted.to))?;
    let mut hasher = Hasher::like(wanted.digest);
    let path = wanted.to.clone();
    let (sender, mut chunks) = mpsc::channel::<Bytes>(CHUNKS_MAX);
    let writing = tokio::task::spawn_blocking(move || {
        while let Some(chunk) = chunks.blocking_recv() {
            hasher.update(&chunk);
            file.write_all(&chunk).map_err(write_error(&path))?;
        }
        file.sync_data().map_err(write_error(&path))?;
        Ok(hasher.finish())
    });
    Ok((sender, writing))
}

/// Asks for what is missing until all of it came.
async fn receive(
    session: &Session,
    wanted: &Wanted<'_>,
    progress: &dyn Progress,
    chunks: &mpsc::Sender<Bytes>,
) -> Result<(), OciError> {
    let Wanted { digest, bytes, what, .. } = wanted;
    let what = format!("{what} (`{digest}`)");
    let mut body = Body { at: 0, expected: *bytes, chunks, progress };
    let mut tries = Tries::new(session.retries());
    while body.at < *bytes {
        let ask = Ask::new(Method::GET, format!("blobs/{digest}"), &what);
        let ask = Ask { from: body.at, ..ask };
        let response = session.ask(&ask).await?;
        let before = body.at;
        let ended = body.take(response).await;
        if body.at.saturating_sub(before) >= HEADWAY_BYTES {
            tries.headway();
        }
        let failure = match ended {
            Ended::Whole => break,
            // The writer says why.
            Ended::NoWriter => return Ok(()),
            Ended::TooLong | Ended::WrongRange => Failure::Lasting,
            Ended::Broken(_) => Failure::Passing,
        };
        match tries.after(failure) {
            Some(wait) => tokio::time::sleep(wait).await,
            None => return Err(too_short_or_long(session, wanted, &ended, body.at, tries.count())),
        }
    }
    Ok(())
}

fn too_short_or_long(
    session: &Session,
    wanted: &Wanted<'_>,
    ended: &Ended,
    at: u64,
    attempts: u32,
) -> OciError {
    let (reference, what, expected) = (session.reference(), wanted.what.clone(), wanted.bytes);
    match ended {
        Ended::Broken(Some(reason)) => {
            let got = format!("`{reason}` after {at} of {expected} bytes (attempt {attempts})");
            OciError::Blob { reference, what, expected: "all of it", got }
        }
        Ended::WrongRange => {
            let (expected, got) = ("the range that was asked for", "another one".to_owned());
            OciError::Blob { reference, what, expected, got }
        }
        Ended::TooLong => OciError::Length {
            reference,
            what,
            expected,
            got: expected.saturating_add(1),
            attempts,
        },
        Ended::Broken(None) | Ended::Whole | Ended::NoWriter => {
            OciError::Length { reference, what, expected, got: at, attempts }
        }
    }
}

/// What has come of a blob.
struct Body<'a> {
    at: u64,
    expected: u64,
    chunks: &'a mpsc::Sender<Bytes>,
    progress: &'a dyn Progress,
}

/// How one answer ended.
enum Ended {
    /// All bytes are there.
    Whole,
    /// There are more than there should be.
    TooLong,
    /// It is another part of the blob than was asked for.
    WrongRange,
    /// It ended early, perhaps with an error.
    Broken(Option<String>),
    /// Nobody writes any more.
    NoWriter,
}

impl Body<'_> {
    async fn take(&mut self, mut response: Response) -> Ended {
        let start = match response.status() {
            // Without ranges, everything comes again.
            StatusCode::OK => 0,
            _ => match range_start(&response) {
                Some(start) if start == self.at => start,
                _ => return Ended::WrongRange,
            },
        };
        let mut passed = start;
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    let known = self.at.saturating_sub(passed).min(chunk.len() as u64);
                    passed = passed.saturating_add(chunk.len() as u64);
                    if passed > self.expected {
                        return Ended::TooLong;
                    }
                    let new = chunk.slice(usize::try_from(known).unwrap_or(chunk.len())..);
                    let n_new = new.len() as u64;
                    if n_new > 0 && self.chunks.send(new).await.is_err() {
                        return Ended::NoWriter;
                    }
                    self.at += n_new;
                    self.progress.received(n_new);
                }
                Ok(None) if self.at == self.expected => return Ended::Whole,
                Ok(None) => return Ended::Broken(None),
                Err(error) => return Ended::Broken(Some(http::reason(error))),
            }
        }
    }
}

/// Where the part of a partial answer begins.
fn range_start(response: &Response) -> Option<u64> {
    let range = http::header(response, header::CONTENT_RANGE)?;
    let (start, _) = range.trim().strip_prefix("bytes ")?.split_once('-')?;
    start.trim().parse().ok()
}

/// Copies a blob that several layers share.
///
/// # Errors
/// [`WriteError`].
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), WriteError> {
    let copied = File::open(from).and_then(|mut reader| {
        let mut writer = File::create_new(to)?;
        io::copy(&mut reader, &mut writer)?;
        writer.sync_data()
    });
    copied.map_err(write_error(to))
}
