//! Names and certificates from inside the image, which has no resolver and no tools of its own.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::container::Launch;
use crate::dns;
use crate::model::{iris_bytes, put};
use crate::parts::{Outcome, folder};
use crate::support::files::Files;
use crate::tls::Authority;

/// A service of a cluster, as its pods call it and as its name server knows it.
const SERVICE: &str = "storage.models";
const FULL_NAME: &str = "storage.models.svc.cluster.test";

/// A web server with the model, behind a certificate for this name.
struct Site {
    authority: Authority,
    port: u16,
    folder: TempDir,
}

impl Site {
    fn start(name: &str) -> Self {
        let files = Files::new();
        files.put("/model.onnx", iris_bytes());
        let address = files.url("");
        let port = address.rsplit(':').next().expect("an address has a port");
        let authority = Authority::new();
        let port = authority.issue(name).serve(port.parse().expect("a number"));
        Self { authority, port, folder: folder() }
    }

    /// Fetches the model by this name.
    fn fetch(&self, name: &str, with: impl FnOnce(Launch) -> Launch) -> Outcome {
        let volume = self.folder.path();
        let launch = Launch::new().mount_writable(volume, "/mnt/models");
        let uri = format!("https://{name}:{}/model.onnx", self.port);
        let (_, outcome) = with(launch).args([&*uri, "/mnt/models"]).run();
        outcome
    }

    /// Whom to trust besides the authorities of the image.
    fn trusted(&self, launch: Launch, trust: &Path) -> Launch {
        let file = self.authority.write(trust);
        launch.mount(&file, "/trust/ca.crt").env("SSL_CERT_FILE", "/trust/ca.crt")
    }

    fn has_fetched(&self) -> bool {
        let file = self.folder.path().join("model.onnx");
        fs::read(file).is_ok_and(|bytes| bytes == iris_bytes())
    }
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn a_name_of_the_hosts_file_is_resolved_and_its_certificate_verified() {
    let (site, trust) = (Site::start(FULL_NAME), folder());
    let outcome = site.fetch(FULL_NAME, |launch| {
        let launch = launch.option(&format!("--add-host={FULL_NAME}:127.0.0.1"));
        site.trusted(launch, trust.path())
    });
    outcome.ok();
    assert!(site.has_fetched());
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn a_name_of_the_cluster_is_asked_of_its_name_server() {
    dns::serve(FULL_NAME);
    let trust = folder();
    // What a kubelet writes for a pod of the namespace `ml`.
    let address = dns::ADDRESS;
    let search = "ml.svc.cluster.test svc.cluster.test cluster.test";
    let settings = format!("search {search}\nnameserver {address}\noptions ndots:5\n");
    put(trust.path(), "resolv.conf", settings.as_bytes());
    let settings = trust.path().join("resolv.conf");
    for name in [SERVICE, FULL_NAME] {
        let site = Site::start(name);
        let outcome = site.fetch(name, |launch| {
            site.trusted(launch.mount(&settings, "/etc/resolv.conf"), trust.path())
        });
        outcome.ok();
        assert!(site.has_fetched(), "{name}");
    }
    let site = Site::start("nobody.test");
    let outcome = site.fetch("nobody.test", |launch| launch.mount(&settings, "/etc/resolv.conf"));
    outcome.says(1, &["nobody.test"]);
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn nobody_is_trusted_whom_the_image_does_not_know() {
    let (site, trust) = (Site::start(FULL_NAME), folder());
    let host = format!("--add-host={FULL_NAME}:127.0.0.1");
    let outcome = site.fetch(FULL_NAME, |launch| launch.option(&host));
    outcome.says(1, &[FULL_NAME, "certificate", "SSL_CERT_FILE"]);

    // The right authority, and the name of another.
    let site = Site::start("other.test");
    let outcome = site.fetch(FULL_NAME, |launch| site.trusted(launch.option(&host), trust.path()));
    outcome.says(1, &[FULL_NAME, "certificate"]);
    assert!(!site.has_fetched());
}
