//! An OCI registry: one server for all tests, and a repository for each.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use oci_client::client::{ClientConfig, ClientProtocol, Config, ImageLayer};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};

use super::archive::tar_gz;
use super::process::{Program, Server};
use super::{Key, Store, Variables, provide_tls};
use crate::files::Files;

const REGISTRY: Program =
    Program { name: "docker-registry", install: "apt-get install docker-registry" };
const CONFIG: &str = "version: 0.1\nstorage:\n  inmemory: {}\nhttp:\n  addr: 127.0.0.1:0\n";
/// Where the name of the file is that a layer is.
const TITLE: &str = "org.opencontainers.image.title";
const FILE: &str = "application/octet-stream";
const FOLDER: &str = "application/vnd.example.model.layer.v1.tar+gzip";

static SERVER: LazyLock<Option<Server>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder is made");
    let config = folder.path().join("config.yml");
    fs::write(&config, CONFIG).expect("a file is written");
    // It has read the file when it listens.
    REGISTRY.start(&["serve", config.to_str().expect("UTF-8")])
});

/// A repository of a registry that anybody may read.
#[derive(Debug)]
pub(crate) struct Registry {
    address: SocketAddr,
    repository: String,
}

impl Registry {
    /// Pushes an artifact; a place is `name:tag`.
    async fn push(&self, place: &str, layers: &[ImageLayer]) {
        provide_tls();
        let config = ClientConfig { protocol: ClientProtocol::Http, ..ClientConfig::default() };
        let reference = format!("{}/{}/{place}", self.address, self.repository);
        let reference: Reference = reference.parse().expect("a reference");
        let empty = Config::new("{}", "application/vnd.oci.empty.v1+json".to_owned(), None);
        let client = Client::new(config);
        let pushed = client.push(&reference, layers, empty, &RegistryAuth::Anonymous, None).await;
        pushed.expect("an artifact is pushed");
    }
}

impl Store for Registry {
    async fn start() -> Option<Self> {
        static N_STARTED: AtomicUsize = AtomicUsize::new(0);
        let address = SERVER.as_ref()?.address;
        let repository = format!("test-{}", N_STARTED.fetch_add(1, Ordering::Relaxed));
        Some(Self { address, repository })
    }

    /// A place is a repository with a tag.
    fn place(&self, name: &str) -> String {
        format!("{name}:v1")
    }

    /// The registry names contents by their digests.
    fn content_part(&self, place: &str) -> String {
        let name = place.split(':').next().unwrap_or_default();
        format!("/{}/{name}/blobs/", self.repository)
    }

    fn address(&self) -> SocketAddr {
        self.address
    }

    async fn put_folder(&self, place: &str, files: &Files) {
        self.push(place, &[ImageLayer::new(tar_gz(files), FOLDER.to_owned(), None)]).await;
    }

    async fn put_file(&self, place: &str, content: Bytes) {
        let (place, name) = place.rsplit_once('/').expect("a folder and a name");
        let title = BTreeMap::from([(TITLE.to_owned(), name.to_owned())]);
        self.push(place, &[ImageLayer::new(content, FILE.to_owned(), Some(title))]).await;
    }

    fn uri(&self, at: SocketAddr, place: &str) -> String {
        // The name of a file is in the artifact, not in its address.
        let place = place.split_once('/').map_or(place, |(place, _)| place);
        format!("oci://{at}/{}/{place}", self.repository)
    }

    fn env(&self, _at: SocketAddr, _key: Key) -> Variables {
        Vec::new()
    }
}
