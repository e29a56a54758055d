//! A real registry, filled by somebody else's client.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use oci_client::client::{ClientConfig, ClientProtocol, Config, ImageLayer};
use oci_client::manifest::OciImageManifest;
use oci_client::secrets::RegistryAuth;
use radiant_contract::{EnvSource as _, ProcessEnv};

use super::super::tree::tests::{tar, tar_gz};
use super::*;

const IMAGE_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const IMAGE_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const ARTIFACT_CONFIG: &str = "application/vnd.unknown.config.v1+json";
const TITLE: &str = "org.opencontainers.image.title";

/// The password `secret` of the user `rad`, as the registry keeps it.
const HTPASSWD: &str = "rad:$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n";

/// How a registry lets people in.
#[derive(Clone, Copy)]
enum Door {
    Open,
    /// With a user and a password.
    Login,
    /// By TLS, with a certificate of its own.
    Tls,
}

/// A registry's process; it ends with this.
struct Registry {
    process: Child,
    host: String,
    _folder: TempDir,
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Registry {
    /// Starts one; `None`, and why, where the program is missing and nobody insists.
    fn start(door: Door) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let mut config = json!({
            "version": "0.1",
            "storage": {"filesystem": {"rootdirectory": path("data")}},
            "http": {"addr": "127.0.0.1:0"},
        });
        match door {
            Door::Open => {}
            Door::Login => {
                std::fs::write(path("htpasswd"), HTPASSWD).unwrap();
                config["auth"] = json!({"htpasswd": {"realm": "rad", "path": path("htpasswd")}});
            }
            Door::Tls => {
                let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
                std::fs::write(path("cert"), own.cert.pem()).unwrap();
                std::fs::write(path("key"), own.signing_key.serialize_pem()).unwrap();
                config["http"]["tls"] = json!({"certificate": path("cert"), "key": path("key")});
            }
        }
        std::fs::write(path("config.yml"), config.to_string()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "the server under test starts no program")]
        let mut command = Command::new("docker-registry");
        command.args(["serve", &path("config.yml")]);
        let started = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let Ok(mut process) = started else {
            let missing = "docker-registry is missing: apt-get install docker-registry";
            assert_ne!(ProcessEnv.get("RADIANT_TEST_STORES").as_deref(), Some("1"), "{missing}");
            eprintln!("skipped: {missing}");
            return None;
        };
        let mut lines =
            BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
        let host = lines.find_map(|line| {
            let (_, after) = line.split_once("listening on ")?;
            Some(after.split(['"', ' ', ',']).next()?.to_owned())
        });
        // What it says afterwards must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let host = host.expect("the registry says where it listens");
        Some(Self { process, host, _folder: folder })
    }

    fn address(&self, rest: &str) -> String {
        format!("oci://{}/{rest}", self.host)
    }

    /// Pushes layers; returns the manifest's digest.
    async fn push(&self, rest: &str, config: &str, layers: &[ImageLayer]) -> String {
        // Installs the provider of TLS that this client insists on.
        drop(super::super::http::client(true, None, &[]).unwrap());
        let settings = ClientConfig { protocol: ClientProtocol::Http, ..ClientConfig::default() };
        let client = oci_client::Client::new(settings);
        let reference = format!("{}/{rest}", self.host).parse().unwrap();
        let config = Config::new(b"{}".to_vec(), config.to_owned(), None);
        let manifest = OciImageManifest::build(layers, &config, None);
        let login = RegistryAuth::Basic("rad".to_owned(), "secret".to_owned());
        let pushed = client.push(&reference, layers, config, &login, Some(manifest)).await.unwrap();
        assert!(pushed.manifest_url.contains("manifests"), "{}", pushed.manifest_url);
        client.fetch_manifest_digest(&reference, &login).await.unwrap()
    }
}

fn layer(kind: &str, body: &[u8], title: Option<&str>) -> ImageLayer {
    let annotations = title.map(|title| [(TITLE.to_owned(), title.to_owned())].into());
    ImageLayer::new(body.to_vec(), kind.to_owned(), annotations)
}

#[tokio::test]
async fn files_that_were_pushed_are_pulled_by_tag_and_by_digest() {
    let Some(registry) = Registry::start(Door::Open) else { return };
    let kind = "application/octet-stream";
    let layers = [
        layer(kind, &vec![b'm'; 1_000_000], Some("model.onnx")),
        layer(kind, b"{}", Some("notes/metadata.json")),
        layer(kind, b"{}", Some("notes/again.json")),
    ];
    let digest = registry.push("team/iris:1", ARTIFACT_CONFIG, &layers).await;
    let expected = "model.onnx=mmmmmmmmmmmmmmmmmmmm notes/again.json={} notes/metadata.json={}";
    for rest in ["team/iris:1".to_owned(), format!("team/iris@{digest}")] {
        let address = registry.address(&rest);
        let pulled = pull(&address, &Logins::none(), &options()).await;
        assert_eq!(pulled.as_deref(), Ok(expected), "{rest}");
        let found = fingerprint(&address, &options(), &Logins::none().env).await.unwrap();
        assert_eq!(found.to_string(), digest);
    }
    let error = pull(&registry.address("team/iris:2"), &Logins::none(), &options()).await;
    let error = error.unwrap_err();
    assert!(error.contains("the registry has none") && error.contains("check name"), "{error}");
}

#[tokio::test]
async fn an_image_with_a_model_is_pulled() {
    let Some(registry) = Registry::start(Door::Open) else { return };
    let layers = [
        layer(IMAGE_LAYER, &tar_gz(&[("bin/sh", "x"), ("bin/ls -> sh", "")]), None),
        layer(IMAGE_LAYER, &tar_gz(&[("models/old", "o"), ("models/model.onnx", "1")]), None),
        layer(IMAGE_LAYER, &tar_gz(&[("models/.wh.old", ""), ("models/model.onnx", "2")]), None),
    ];
    registry.push("car:1", IMAGE_CONFIG, &layers).await;
    let pulled = pull(&registry.address("car:1"), &Logins::none(), &options()).await;
    assert_eq!(pulled.as_deref(), Ok("model.onnx=2"));
    registry.push("car:2", IMAGE_CONFIG, &layers[..1]).await;
    let error = pull(&registry.address("car:2"), &Logins::none(), &options()).await.unwrap_err();
    assert!(error.contains("without files below `/models`"), "{error}");
}

#[tokio::test]
async fn packed_folders_are_unpacked() {
    let Some(registry) = Registry::start(Door::Open) else { return };
    let kind = "application/vnd.kitops.modelkit.model.v1.tar";
    let layers = [layer(kind, &tar(&[("a/model.onnx", "M"), ("a/b", "B")]), None)];
    registry.push("kit:1", "application/vnd.kitops.modelkit.config.v1+json", &layers).await;
    let pulled = pull(&registry.address("kit:1"), &Logins::none(), &options()).await;
    assert_eq!(pulled.as_deref(), Ok("a/b=B a/model.onnx=M"));
}

#[tokio::test]
async fn a_login_is_needed_where_the_registry_wants_one() {
    let Some(registry) = Registry::start(Door::Login) else { return };
    let layers = [layer("application/octet-stream", b"M", Some("model.onnx"))];
    registry.push("iris:1", ARTIFACT_CONFIG, &layers).await;
    let address = registry.address("iris:1");
    // `rad:secret`.
    let known = Logins::one(&registry.host, &json!({"auth": "cmFkOnNlY3JldA=="}));
    assert_eq!(pull(&address, &known, &options()).await.as_deref(), Ok("model.onnx=M"));
    let wrong = Logins::one(&registry.host, &json!({"username": "rad", "password": "SECRET"}));
    for (logins, words) in [(wrong, "the login is from"), (Logins::none(), "has no login for")] {
        let error = pull(&address, &logins, &options()).await.unwrap_err();
        assert!(error.contains("401") && error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_named() {
    let Some(registry) = Registry::start(Door::Tls) else { return };
    let error = pull(&registry.address("iris:1"), &Logins::none(), &options()).await.unwrap_err();
    for words in ["cannot reach registry", "(attempt 1)", "certificate", "SSL_CERT_FILE"] {
        assert!(error.contains(words), "`{words}` in: {error}");
    }
}
