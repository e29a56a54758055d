//! Models on the web: one file, or an archive of files, at an `http(s)` address.
//!
//! A server is asked for the first byte, which tells what it has and whether it can send parts. If it
//! can, the file is an object like those of other stores and comes in parallel ranges; else it comes
//! in one piece. What came is unpacked if it is an archive.

mod address;
mod answer;
mod client;
mod error;
mod name;
mod place;
mod store;
mod whole;

use std::path::Path;

use object_store::ObjectMeta;

use self::address::Address;
use self::answer::Answer;
use self::client::Client;
use self::place::Arrivals;
use self::store::Store;
use crate::progress::Progress;
use crate::transfer::{self, Item, Listing};
use crate::{Limits, Report};

pub use self::error::WebError;

/// What a download may cost and how it is done.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// For what comes, and again for what is unpacked of it.
    pub limits: Limits,
    /// How it comes.
    pub transfer: transfer::Options,
}

/// A file on the web, found but not downloaded.
#[derive(Debug)]
pub struct Resource {
    client: Client,
    options: Options,
    name: String,
    answer: Answer,
}

impl Resource {
    /// Asks the server what is at an address. A user and password in it are used for basic
    /// authentication, at this host only.
    ///
    /// # Errors
    /// [`WebError`]: the text is no address of the web, the server cannot be reached or refuses, or
    /// there is a page for people.
    pub async fn find(address: &str, options: &Options) -> Result<Self, WebError> {
        let client = Client::new(Address::parse(address)?, options.transfer.stall)?;
        let mut tries = transfer::Tries::new(options.transfer.retries);
        let answer = loop {
            let failed = match client.look().await {
                Ok(answer) => break answer,
                Err(failed) => failed,
            };
            let Some(wait) = tries.after(failed.failure()) else {
                return Err(failed.into_error(tries.count()));
            };
            let longest = options.transfer.retries.longest;
            let wanted = failed.retry_after().unwrap_or_default().min(longest);
            tokio::time::sleep(wait.max(wanted)).await;
        };
        answer.check(client.address())?;
        let name = name::of(answer.disposition.as_deref(), client.address().url());
        Ok(Self { client, options: *options, name, answer })
    }

    /// The file's name: what the server calls it, or the last part of the address.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file's size in bytes, if the server tells.
    pub fn bytes(&self) -> Option<u64> {
        self.answer.bytes
    }

    /// A text that is another one as soon as the file is: of its ETag, or else the time of its last
    /// change. `None` if the server tells neither, so that no change can be seen.
    pub fn fingerprint(&self) -> Option<String> {
        let Self { name, answer, .. } = self;
        let mark = match (&answer.e_tag, &answer.modified) {
            (Some(tag), _) => format!("etag {tag}"),
            (None, Some(time)) => format!("time {}", time.timestamp()),
            (None, None) => return None,
        };
        let bytes = answer.bytes.map(|bytes| bytes.to_string());
        Some(format!("{name} {} {mark}", bytes.as_deref().unwrap_or("-")))
    }

    /// Downloads the file into a folder, which is made if it is not there, and unpacks it if it is an
    /// archive: then the folder needs room for both at once. Files there that have one of the names are
    /// replaced, others stay.
    ///
    /// # Errors
    /// [`WebError`]: the server breaks off again and again, the file is beyond a limit or changes
    /// meanwhile, is an archive that is not unpacked, or the folder cannot be written. Then nothing
    /// in the folder has changed.
    pub async fn fetch(&self, folder: &Path, progress: &dyn Progress) -> Result<Report, WebError> {
        let arrivals = Arrivals::open(folder).await?;
        match self.answer.bytes {
            Some(bytes) if self.answer.is_marked() => {
                self.download(bytes, arrivals.path(), progress).await?;
            }
            _ => whole::download(self, &arrivals.path().join(&self.name), progress).await?,
        }
        arrivals.place(&self.name, &self.options.limits).await
    }

    /// Downloads a file of known size as an object.
    async fn download(
        &self,
        bytes: u64,
        folder: &Path,
        progress: &dyn Progress,
    ) -> Result<(), WebError> {
        let location = object_store::path::Path::from(self.name.as_str());
        let object = ObjectMeta { size: bytes, ..self.answer.meta(location.clone()) };
        let shown = self.client.address().to_string();
        let item = Item { object, name: self.name.clone() };
        let listing = Listing::new(&shown, vec![item], &self.options.limits)?;
        let mut options = self.options.transfer;
        if !self.answer.has_safe_parts() {
            options.range_bytes = u64::MAX;
            options.parallel = 1;
        }
        let store = Store::new(self.client.clone(), location);
        transfer::download(&store, &listing, folder, &options, progress).await?;
        Ok(())
    }

    fn check_limit(&self, bytes: u64) -> Result<(), WebError> {
        let limit = self.options.limits.file_bytes.min(self.options.limits.total_bytes);
        if bytes <= limit {
            return Ok(());
        }
        Err(WebError::Limit { limit, got: bytes })
    }
}

#[cfg(test)]
mod tests;
