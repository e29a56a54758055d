//! S3, and Google Cloud Storage, whose interface for reading is nearly the same.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use tempfile::TempDir;

use super::process::{Program, Server};
use super::{Key, Store, Variables, provide_tls};
use crate::files::Files;

const S3S_FS: Program = Program {
    name: "s3s-fs",
    install: "cargo install --locked s3s-fs --version 0.14.1 --features binary",
};
const ACCESS_KEY: &str = "AKEXAMPLE";
pub(super) const SECRET_KEY: &str = "SKEXAMPLE";

/// The bucket that is there.
pub(crate) const BUCKET: &str = "models";

/// An S3 server that checks signatures.
#[derive(Debug)]
pub(crate) struct S3 {
    server: Server,
    objects: Arc<dyn ObjectStore>,
    // A bucket is a folder in it.
    _root: TempDir,
}

/// What Google Cloud Storage answers to those who read without a key.
#[derive(Debug)]
pub(crate) struct Gcs(S3);

impl S3 {
    fn with_keys(keys: &[&str]) -> Option<Self> {
        let root = tempfile::tempdir().expect("a folder is made");
        std::fs::create_dir(root.path().join(BUCKET)).expect("a folder is made");
        let folder = root.path().to_str().expect("UTF-8");
        let args = [&["--host", "127.0.0.1", "--port", "0"], keys, &[folder]].concat();
        let server = S3S_FS.start(&args)?;
        provide_tls();
        let builder = AmazonS3Builder::new()
            .with_endpoint(format!("http://{}", server.address))
            .with_allow_http(true)
            .with_region("us-east-1")
            .with_bucket_name(BUCKET)
            .with_skip_signature(keys.is_empty())
            .with_access_key_id(ACCESS_KEY)
            .with_secret_access_key(SECRET_KEY);
        let objects = Arc::new(builder.build().expect("settings are complete"));
        Some(Self { server, objects, _root: root })
    }

    async fn put(&self, name: &str, content: Bytes) {
        put(&*self.objects, name, content).await;
    }
}

/// Puts an object under this name, character by character.
pub(super) async fn put(objects: &dyn ObjectStore, name: &str, content: Bytes) {
    let path = Path::parse(name).expect("a name that a store can have");
    objects.put(&path, content.into()).await.expect("an object is put");
}

impl Store for S3 {
    async fn start() -> Option<Self> {
        Self::with_keys(&["--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY])
    }

    fn address(&self) -> SocketAddr {
        self.server.address
    }

    async fn put_folder(&self, place: &str, files: &Files) {
        for (name, content) in files {
            self.put(&format!("{place}/{name}"), content.clone()).await;
        }
    }

    async fn put_file(&self, place: &str, content: Bytes) {
        self.put(place, content).await;
    }

    fn uri(&self, _at: SocketAddr, place: &str) -> String {
        format!("s3://{BUCKET}/{place}")
    }

    fn env(&self, at: SocketAddr, key: Key) -> Variables {
        let mut env = vec![
            ("AWS_ENDPOINT_URL", format!("http://{at}")),
            ("AWS_REGION", "us-east-1".to_owned()),
            // Nobody is asked for credentials who is not on this machine.
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ];
        let secret = match key {
            Key::Right => SECRET_KEY,
            Key::Wrong => "not-the-secret",
            Key::None => return env,
        };
        env.push(("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()));
        env.push(("AWS_SECRET_ACCESS_KEY", secret.to_owned()));
        env
    }
}

impl Store for Gcs {
    async fn start() -> Option<Self> {
        S3::with_keys(&[]).map(Self)
    }

    fn address(&self) -> SocketAddr {
        self.0.address()
    }

    async fn put_folder(&self, place: &str, files: &Files) {
        self.0.put_folder(place, files).await;
    }

    async fn put_file(&self, place: &str, content: Bytes) {
        self.0.put_file(place, content).await;
    }

    fn uri(&self, _at: SocketAddr, place: &str) -> String {
        format!("gs://{BUCKET}/{place}")
    }

    /// It knows no keys.
    fn env(&self, at: SocketAddr, _key: Key) -> Variables {
        vec![
            ("RCLONE_CONFIG_GS_TYPE", "google cloud storage".to_owned()),
            ("RCLONE_CONFIG_GS_ANONYMOUS", "true".to_owned()),
            ("RCLONE_CONFIG_GS_ENDPOINT", format!("http://{at}")),
        ]
    }
}
