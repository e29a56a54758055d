//! Registries: one that anybody may use, and one with TLS and a password.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use crate::process::{Program, Server};

const REGISTRY: Program =
    Program { name: "docker-registry", install: "apt-get install docker-registry" };

/// Who may use the second one.
pub(crate) const USER: &str = "user";
pub(crate) const PASSWORD: &str = "secret";

/// The same as `htpasswd -B` writes it.
const HTPASSWD: &str = "user:$2y$04$QjKBqQPYbVp8zCFZEU3wKeZkjhw4O/Ib5pi0jSdnp3ilwUTt6CvHi\n";

const PLAIN: &str = "version: 0.1\nstorage:\n  inmemory: {}\nhttp:\n  addr: 127.0.0.1:0\n";

static OPEN: LazyLock<Option<Server>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder is made");
    start(&folder, PLAIN)
});

static CLOSED: LazyLock<Option<(Server, TempDir)>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder is made");
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file is written");
        path.display().to_string()
    };
    let certificate = write("ca.pem", &own.cert.pem());
    let key = write("key.pem", &own.signing_key.serialize_pem());
    let users = write("htpasswd", HTPASSWD);
    let config = format!(
        "{PLAIN}  tls:\n    certificate: {certificate}\n    key: {key}\nauth:\n  htpasswd:\n    \
         realm: tests\n    path: {users}\n"
    );
    Some((start(&folder, &config)?, folder))
});

fn start(folder: &TempDir, config: &str) -> Option<Server> {
    let path = folder.path().join("config.yml");
    fs::write(&path, config).expect("a file is written");
    // It has read the file when it listens.
    REGISTRY.start(&["serve", path.to_str().expect("UTF-8")])
}

/// The registry that anybody may use; `None` when it is missing and may be.
pub(crate) fn open() -> Option<SocketAddr> {
    OPEN.as_ref().map(|server| server.address)
}

/// The one with TLS and a password, and the file with its certificate.
pub(crate) fn closed() -> Option<(SocketAddr, PathBuf)> {
    CLOSED.as_ref().map(|(server, folder)| (server.address, folder.path().join("ca.pem")))
}

/// A repository that no other test has.
pub(crate) fn repository() -> String {
    static N_REPOSITORIES: AtomicUsize = AtomicUsize::new(0);
    format!("test-{}", N_REPOSITORIES.fetch_add(1, Ordering::Relaxed))
}
