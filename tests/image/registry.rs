//! Debian's registry with TLS and a password, and the files with which others come in.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use crate::model::put;
use crate::parts::{folder, text};
use crate::process::{Program, Server};
use crate::tls::Authority;

const REGISTRY: Program =
    Program { name: "docker-registry", install: "apt-get install docker-registry" };

pub(crate) const USER: &str = "pusher";
pub(crate) const PASSWORD: &str = "open-sesame";
/// Both, as `htpasswd -nbB` writes them.
const HTPASSWD: &str = "pusher:$2y$05$vo6wvY/Xk7SVP0bwt8VqUugIb/aHjkFhwp4RoTumDuP9..XILpgJm\n";

/// A registry that lets in who has the password and trusts its authority.
pub(crate) struct Registry {
    server: Server,
    folder: TempDir,
}

impl Registry {
    pub(crate) fn start() -> Self {
        let folder = folder();
        let authority = Authority::new();
        authority.write(&folder.path().join("trust"));
        authority.issue("127.0.0.1").write(folder.path());
        put(folder.path(), "htpasswd", HTPASSWD.as_bytes());
        let config = folder.path().join("config.yml");
        fs::write(&config, settings(folder.path())).expect("our own folder");
        let server = REGISTRY.start(&["serve", text(&config)]).expect("it is in `PATH`");
        Self { server, folder }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// The name of an image in it.
    pub(crate) fn name(&self, repository: &str) -> String {
        format!("{}/{repository}", self.address())
    }

    /// The folder with its authority's certificate, as skopeo and podman want it.
    pub(crate) fn trust(&self) -> PathBuf {
        self.folder.path().join("trust")
    }

    /// A file of logins as `docker login` writes it, with this password.
    pub(crate) fn logins(&self, password: &str) -> PathBuf {
        let login = STANDARD.encode(format!("{USER}:{password}"));
        let content = format!(r#"{{"auths":{{"{}":{{"auth":"{login}"}}}}}}"#, self.address());
        put(self.folder.path(), "login.json", content.as_bytes());
        self.folder.path().join("login.json")
    }
}

fn settings(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "version: 0.1
storage:
  inmemory: {{}}
auth:
  htpasswd:
    realm: radiant
    path: {folder}/htpasswd
http:
  addr: 127.0.0.1:0
  tls:
    certificate: {folder}/server.crt
    key: {folder}/server.key
"
    )
}
