//! The places that commands are typed in: a folder with files, and a cluster or none.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::json;
use tempfile::TempDir;

use crate::api;
use crate::server::Server;

/// What is in each folder from the beginning.
const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/folder");
/// Where the program under test is.
const PROGRAM: &str = env!("CARGO_BIN_EXE_radiant-deploy");

/// A place that commands are typed in, one after the other.
pub(crate) struct World {
    folder: TempDir,
    /// Where the program is, with no server beside it.
    programs: TempDir,
    /// The cluster's address, as far as there is one.
    pub(crate) address: Option<String>,
}

impl World {
    /// The one that is called so.
    pub(crate) fn named(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(Path::new(FILES), folder.path());
        fs::write(folder.path().join("radiant"), program_head()).unwrap();
        let programs = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        fs::hard_link(PROGRAM, programs.path().join("radiant-deploy")).unwrap();
        let mut world = Self { folder, programs, address: None };
        // What is the matter with a cluster, the token tells it.
        let (token, has_fraud) = match name {
            "no cluster" => return world,
            "a cluster that is down" => {
                // Nobody listens at a port that is nobody's.
                world.connect(&api::start(), "127.0.0.1:1", "t");
                return world;
            }
            "a cluster" => ("t", false),
            "a cluster with fraud" => ("t", true),
            "a cluster of others" => ("stranger", true),
            "a cluster to look at" => ("viewer", true),
            "a cluster without any right" => ("nobody", true),
            "a cluster without Seldon" => ("no-operator", false),
            "a cluster where kubectl owns replicas" => ("contended", false),
            "a cluster whose webhook refuses" => ("denied", false),
            other => panic!("no place is called `{other}`"),
        };
        let server = api::start();
        let address = server.url().replace("http://", "");
        if has_fraud {
            world.connect(&server, &address, "t");
            let applied = world.run("radiant-deploy apply");
            assert!(applied.status.success(), "{applied:?}");
        }
        world.connect(&server, &address, token);
        world
    }

    /// Lets the kubeconfig name a server, at an address that may be another one's.
    fn connect(&mut self, server: &Server, address: &str, token: &str) {
        let config = server.kubeconfig(&json!({"token": token}));
        let config = config.replace(&server.url().replace("http://", ""), address);
        fs::write(self.folder.path().join("kubeconfig"), config).unwrap();
        self.address = Some(address.to_owned());
    }

    /// The folder's path.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Types a line into a shell that knows the program and nothing of who runs these tests.
    pub(crate) fn run(&self, line: &str) -> Output {
        let folder = self.programs.path().display();
        #[expect(clippy::disallowed_methods, reason = "the shell that users type into")]
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", line]).current_dir(self.folder.path()).stdin(Stdio::null());
        shell.env_clear().env("PATH", format!("{folder}:/usr/bin:/bin"));
        // Help is wrapped as wide as the terminal says that it is.
        shell.envs([("COLUMNS", "80"), ("NO_COLOR", "1"), ("HOME", "home")]);
        shell.env("KUBECONFIG", "kubeconfig");
        shell.output().unwrap()
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// No more than the head of a program, which says for which platform it is.
fn program_head() -> Vec<u8> {
    let mut head = vec![0_u8; 64];
    head[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    (head[16], head[18], head[20]) = (2, 62, 1);
    (head[52], head[54], head[58]) = (64, 56, 64);
    head
}
