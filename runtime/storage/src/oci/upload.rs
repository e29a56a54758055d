//! A blob on its way into a registry, in chunks (distribution specification 1.1, "Pushing a blob in
//! chunks"): what broke is asked after and goes on there.

mod place;
mod send;
mod source;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, RANGE};
use reqwest::{Method, Response, StatusCode};

use self::place::Place;
use self::send::Unsent;
use self::source::Source;
use super::digest::Digest;
use super::error::OciError;
use super::http;
use super::meter::Meter;
use super::session::{Ask, At, Session};
use crate::transfer::{Failure, Tries};

/// What a chunk is not made smaller than when something on the way refuses its size: proxies that
/// nobody has set up take a megabyte.
const CHUNK_BYTES_MIN: u64 = 512 * 1024;

/// The longest chunk that a registry may ask for.
const CHUNK_BYTES_LONGEST: u64 = 1 << 30;

/// How many bytes must have arrived to count as headway.
const HEADWAY_BYTES: u64 = 64 * 1024;

/// How an upload is sent whose registry does not take chunks.
const WHOLE: u64 = u64::MAX;

/// A blob to push.
#[derive(Debug, Clone)]
pub struct Pushed {
    /// Its name.
    pub digest: Digest,
    /// Its size.
    pub bytes: u64,
    /// Where it is.
    pub path: PathBuf,
    /// For errors: what it is, as `layer 2`.
    pub what: String,
}

/// How a blob came to be in the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It was there.
    Existing,
    /// The registry took it over from another of its repositories.
    Mounted,
    /// It was sent.
    Uploaded,
}

/// Begins an upload, unless the registry takes the blob over from another repository.
///
/// # Errors
/// [`OciError`].
pub(super) async fn push(
    session: &Session,
    blob: &Pushed,
    mount_from: Option<&str>,
    chunk_bytes: u64,
    meter: Arc<dyn Meter>,
) -> Result<Way, OciError> {
    let begun = match mount_from {
        Some(from) => begin_mount(session, blob, from).await?,
        None => Begun::Upload(begin(session, blob).await?),
    };
    let (place, chunk_min) = match begun {
        Begun::Mounted => return Ok(Way::Mounted),
        Begun::Upload((place, chunk_min)) => (place, chunk_min),
    };
    let source = open(blob).await?;
    meter.at(0);
    let mut upload = Upload {
        session,
        blob,
        meter,
        source: Some(source),
        place,
        at: 0,
        arrived: 0,
        chunk_bytes: chunk_bytes.max(chunk_min),
        chunk_min,
        is_ended: false,
        has_logged_in: false,
    };
    upload.run().await?;
    Ok(Way::Uploaded)
}

/// What a registry answers to the beginning of an upload.
enum Begun {
    Mounted,
    /// Where it goes on, and the shortest chunk.
    Upload((Place, u64)),
}

async fn begin(session: &Session, blob: &Pushed) -> Result<(Place, u64), OciError> {
    let ask = Ask::new(Method::POST, "blobs/uploads/".to_owned(), &blob.what);
    let response = session.answer(&ask).await?;
    match begun(session, blob, &response)? {
        Some(begun) => Ok(begun),
        None => Err(session.refusal(&blob.what, response, 1).await),
    }
}

/// Whoever may not read the other repository, or has another registry, uploads.
async fn begin_mount(session: &Session, blob: &Pushed, from: &str) -> Result<Begun, OciError> {
    let path = format!("blobs/uploads/?mount={}&from={from}", blob.digest);
    let response = session.answer(&Ask::new(Method::POST, path, &blob.what)).await?;
    if response.status() == StatusCode::CREATED {
        return Ok(Begun::Mounted);
    }
    match begun(session, blob, &response)? {
        Some(begun) => Ok(Begun::Upload(begun)),
        None => begin(session, blob).await.map(Begun::Upload),
    }
}

fn begun(
    session: &Session,
    blob: &Pushed,
    response: &Response,
) -> Result<Option<(Place, u64)>, OciError> {
    if response.status() != StatusCode::ACCEPTED {
        return Ok(None);
    }
    let shortest = http::header(response, "oci-chunk-min-length");
    let shortest = shortest.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    let place = Place::of(session, response, &blob.what)?;
    let place = place.ok_or_else(|| OciError::Elsewhere {
        reference: session.reference(),
        what: blob.what.clone(),
        expected: "an address in the header `Location`",
        got: "none".to_owned(),
    })?;
    Ok(Some((place, CHUNK_BYTES_LONGEST.min(shortest))))
}

async fn open(blob: &Pushed) -> Result<Source, OciError> {
    let (path, digest, bytes) = (blob.path.clone(), blob.digest.clone(), blob.bytes);
    let opened = tokio::task::spawn_blocking(move || Source::open(&path, &digest, bytes)).await;
    opened.map_err(|error| lost(blob, &error))?
}

fn lost(blob: &Pushed, error: &tokio::task::JoinError) -> OciError {
    OciError::Read { path: blob.path.clone(), reason: error.to_string() }
}

/// An upload that has begun.
struct Upload<'a> {
    session: &'a Session,
    blob: &'a Pushed,
    meter: Arc<dyn Meter>,
    /// Away while a part is read.
    source: Option<Source>,
    place: Place,
    /// How many bytes the registry has.
    at: u64,
    /// How many it had when something failed last.
    arrived: u64,
    chunk_bytes: u64,
    /// What the registry wants at least.
    chunk_min: u64,
    /// Whether the last byte has been sent.
    is_ended: bool,
    /// Whether the login was renewed since the last chunk.
    has_logged_in: bool,
}

/// How one request of an upload ended.
enum Step {
    /// The blob is in the registry.
    Done,
    /// A chunk is.
    On,
    /// It is to be done otherwise, at once.
    Again(After),
    /// It failed.
    Failed(Failure, After, Option<Duration>, OciError),
}

/// How it goes on after a failure.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    /// Where the registry says that it is.
    Ask,
    /// From the first byte.
    Anew,
}

impl Upload<'_> {
    async fn run(&mut self) -> Result<(), OciError> {
        let mut tries = Tries::new(self.session.retries());
        loop {
            let after = match self.step(tries.count() + 1).await? {
                Step::Done => return Ok(()),
                Step::On => {
                    tries.headway();
                    self.has_logged_in = false;
                    continue;
                }
                Step::Again(after) => after,
                Step::Failed(failure, after, theirs, error) => match tries.after(failure) {
                    Some(ours) => {
                        tokio::time::sleep(self.session.wait(ours, theirs)).await;
                        after
                    }
                    None => return Err(error),
                },
            };
            if self.recover(after).await? {
                return Ok(());
            }
            if self.at.saturating_sub(self.arrived) >= HEADWAY_BYTES {
                tries.headway();
            }
            self.arrived = self.at;
            self.meter.at(self.at);
        }
    }

    /// Sends the next chunk, or all, or the end.
    async fn step(&mut self, attempt: u32) -> Result<Step, OciError> {
        let left = self.blob.bytes.saturating_sub(self.at);
        // What is one chunk needs no chunks.
        let is_last = left == 0 || (self.at == 0 && left <= self.chunk_bytes);
        self.is_ended = is_last;
        let part = self.at..self.at + left.min(self.chunk_bytes);
        let (sent, used) = self.send(part.clone(), is_last).await?;
        let response = match sent {
            Ok(response) => response,
            Err(Unsent::Broken(reason)) => {
                return Ok(Step::Failed(
                    Failure::Passing,
                    After::Ask,
                    None,
                    self.broken(&reason, attempt),
                ));
            }
            Err(Unsent::Unreachable(error)) => {
                let is_lasting = http::is_untrusted(&error);
                let failure = if is_lasting { Failure::Lasting } else { Failure::Passing };
                let error = self.session.unreachable(error, attempt);
                return Ok(Step::Failed(failure, After::Ask, None, error));
            }
        };
        match response.status() {
            status if status.is_success() && is_last => {
                self.check_digest(&response)?;
                Ok(Step::Done)
            }
            StatusCode::ACCEPTED | StatusCode::NO_CONTENT | StatusCode::CREATED => {
                self.take_place(&response)?;
                let at = arrived(response.headers()).unwrap_or(part.end);
                let reason = match at {
                    at if at <= part.start => "the registry took none of it",
                    // A chunk that seemed lost came after all: the blob would not be the same. Some
                    // registries name the first byte that is missing, not the last that is there.
                    at if at > part.end + 1 => "the registry has more than was sent",
                    _ => {
                        self.at = at.min(part.end);
                        return Ok(Step::On);
                    }
                };
                let error = self.broken(reason, attempt);
                Ok(Step::Failed(Failure::Passing, After::Anew, None, error))
            }
            StatusCode::UNAUTHORIZED if !self.has_logged_in && self.place.is_registry => {
                self.has_logged_in = true;
                self.session.authorize(response, used.as_ref()).await?;
                Ok(Step::Again(After::Ask))
            }
            _ => Ok(self.refused(response, is_last, attempt).await),
        }
    }

    /// What to do about an answer that is none of those that were hoped for.
    async fn refused(&mut self, response: Response, is_last: bool, attempt: u32) -> Step {
        let status = response.status();
        let theirs = http::retry_after(&response);
        let said = http::said(response).await;
        let is_of_digest = ["DIGEST_INVALID", "SIZE_INVALID"].iter().any(|it| said.contains(it));
        let is_of_upload = said.contains("BLOB_UPLOAD_");
        let error = self.session.refused(&self.blob.what, status, said, attempt);
        let (failure, after) = match status {
            StatusCode::PAYLOAD_TOO_LARGE if self.can_be_smaller() => {
                self.chunk_bytes = self.chunk_bytes.min(self.blob.bytes) / 2;
                return Step::Again(After::Anew);
            }
            StatusCode::RANGE_NOT_SATISFIABLE => (Failure::Passing, After::Ask),
            status if http::is_passing(status) => (Failure::Passing, After::Ask),
            // Perhaps what was resumed is not what was there.
            _ if is_of_digest => (Failure::Refusal, After::Anew),
            // The registry has forgotten the upload, or ended it.
            StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST if is_of_upload => {
                (Failure::Passing, After::Anew)
            }
            // It takes no chunks.
            StatusCode::NOT_FOUND
            | StatusCode::BAD_REQUEST
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::LENGTH_REQUIRED
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::NOT_IMPLEMENTED
                if !is_last && self.at == 0 =>
            {
                self.chunk_bytes = WHOLE;
                return Step::Again(After::Anew);
            }
            StatusCode::NOT_FOUND => (Failure::Passing, After::Anew),
            _ => (Failure::Lasting, After::Ask),
        };
        Step::Failed(failure, after, theirs, error)
    }

    /// Whether chunks can be halved: what is on the way may refuse them by their size.
    fn can_be_smaller(&self) -> bool {
        let half = self.chunk_bytes.min(self.blob.bytes) / 2;
        self.chunk_bytes != WHOLE && half >= self.chunk_min.max(CHUNK_BYTES_MIN)
    }

    /// Finds out where to go on; true if nothing is left to do.
    async fn recover(&mut self, after: After) -> Result<bool, OciError> {
        // What failed may have been the answer alone.
        let is_there = super::repository::has_blob(self.session, &self.blob.digest);
        if self.is_ended && is_there.await? {
            return Ok(true);
        }
        if after == After::Ask && self.ask_where().await? {
            return Ok(false);
        }
        let (place, chunk_min) = begin(self.session, self.blob).await?;
        self.chunk_bytes = self.chunk_bytes.max(chunk_min);
        (self.place, self.at, self.chunk_min) = (place, 0, chunk_min);
        Ok(false)
    }

    /// Asks the registry how much it has; false if it knows nothing of the upload.
    async fn ask_where(&mut self) -> Result<bool, OciError> {
        // Elsewhere there is nobody to ask.
        if !self.place.is_registry || self.chunk_bytes == WHOLE {
            return Ok(false);
        }
        let ask = Ask::new(Method::GET, String::new(), &self.blob.what);
        let ask = Ask { at: At::There(&self.place.url), ..ask };
        let response = self.session.answer(&ask).await?;
        if response.status() != StatusCode::NO_CONTENT {
            return Ok(false);
        }
        self.take_place(&response)?;
        let at = arrived(response.headers()).unwrap_or(0);
        self.at = at;
        Ok(at <= self.blob.bytes)
    }

    fn take_place(&mut self, response: &Response) -> Result<(), OciError> {
        if let Some(place) = Place::of(self.session, response, &self.blob.what)? {
            self.place = place;
        }
        Ok(())
    }

    fn check_digest(&self, response: &Response) -> Result<(), OciError> {
        let stated = http::header(response, super::DIGEST_HEADER).and_then(Digest::parse);
        match stated {
            // One of another kind says nothing of ours.
            Some(got) if got.is_like(&self.blob.digest) && got != self.blob.digest => {
                Err(OciError::Digest {
                    reference: self.session.reference().into(),
                    what: self.blob.what.as_str().into(),
                    expected: self.blob.digest.to_string().into(),
                    got: got.to_string().into(),
                })
            }
            _ => Ok(()),
        }
    }

    fn broken(&self, reason: &str, attempt: u32) -> OciError {
        let Pushed { bytes, what, .. } = self.blob;
        let got = format!("`{reason}` after {} of {bytes} bytes (attempt {attempt})", self.at);
        let (reference, what) = (self.session.reference(), what.clone());
        OciError::Blob { reference, what, expected: "all of it to be taken", got }
    }
}

/// How many bytes the header `Range` says are there. `0-0` is what registries say of none too.
fn arrived(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(RANGE)?.to_str().ok()?.trim();
    let range = range.strip_prefix("bytes=").unwrap_or(range);
    let (first, last) = range.split_once('-')?;
    let (first, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    match (first, last) {
        (0, 0) => Some(0),
        (0, last) => last.checked_add(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn the_range_that_arrived_is_read() {
        for (text, expected) in [
            ("0-0", Some(0)),
            ("0-9", Some(10)),
            ("bytes=0-9", Some(10)),
            ("5-9", None),
            ("0-18446744073709551615", None),
            ("", None),
            ("a-b", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RANGE, HeaderValue::from_str(text).unwrap());
            assert_eq!(arrived(&headers), expected, "{text}");
        }
        assert_eq!(arrived(&HeaderMap::new()), None);
    }
}
