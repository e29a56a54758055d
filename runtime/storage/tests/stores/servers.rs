//! Stores of these tests: how they start, how something gets into them, and what a user would set
//! and write to get it out.

pub(crate) mod archive;
mod azure;
mod local;
mod process;
mod registry;
mod s3;
mod web;

use std::net::SocketAddr;

use bytes::Bytes;

use crate::files::Files;

pub(crate) use azure::Azure;
pub(crate) use local::Local;
pub(crate) use registry::Registry;
pub(crate) use s3::{Gcs, S3};
pub(crate) use web::{PASSWORD, Page, Web};

/// What a user has who wants a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Right,
    Wrong,
    None,
}

/// What no message may hold.
pub(crate) const SECRETS: [&str; 3] = [s3::SECRET_KEY, azure::KEY, web::PASSWORD];

/// Variables of the environment.
pub(crate) type Variables = Vec<(&'static str, String)>;

/// A place that models come from.
pub(crate) trait Store: Sized {
    /// Starts it; `None` when the program for it is missing and may be.
    async fn start() -> Option<Self>;

    /// The place of something with this name.
    fn place(&self, name: &str) -> String {
        name.to_owned()
    }

    /// What is in the target of every request for the content of the file at `place`, and of no other.
    fn content_part(&self, place: &str) -> String {
        format!("/{place}")
    }

    /// Where it listens.
    fn address(&self) -> SocketAddr;

    /// Puts a folder at `place`, in the form that this kind of store has for folders.
    async fn put_folder(&self, place: &str, files: &Files);

    /// Puts one file at `place`; the last part of `place` is its name.
    fn put_file(&self, place: &str, content: Bytes) -> impl Future<Output = ()> + Send;

    /// The address of `place` for a user who finds the store at `at`.
    fn uri(&self, at: SocketAddr, place: &str) -> String;

    /// What a user sets who finds the store at `at`.
    fn env(&self, at: SocketAddr, key: Key) -> Variables;
}

/// Names who encrypts, without whom no client can be made, not even one that does not encrypt.
fn provide_tls() {
    // Only the first of a process is heard; they are all the same.
    drop(rustls::crypto::ring::default_provider().install_default());
}
