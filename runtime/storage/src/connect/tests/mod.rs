//! Stores that are opened: what they ask, whom, and as whom.

mod azure;
mod gcs;
mod s3;
mod server;

use std::sync::Arc;
use std::time::Duration;

use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use radiant_contract::credentials::{Azure, AzureAuth, S3, Settings, Tls};

use super::{ConnectError, Http, Opened, open};

/// What no message may hold; every secret of these tests holds it.
const SECRET: &str = "hunter2";

/// Nothing is tried again for long.
fn quick() -> Http {
    Http { retries_max: 1, backoff_first: Duration::from_millis(1), ..Http::default() }
}

async fn opened(settings: &Settings) -> Result<Opened, ConnectError> {
    let opened = open(settings, "models", &quick()).await;
    if let Err(error) = &opened {
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(SECRET), "{shown}");
    }
    opened
}

/// Asks for an object, of which nobody expects anything.
async fn ask(store: &Arc<dyn ObjectStore>) {
    let error = store.get(&Path::from("a/b")).await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(SECRET), "{shown}");
}

#[tokio::test]
async fn names_that_no_bucket_has_are_refused() {
    let s3 = Settings::S3(S3::default());
    let azure = Settings::Azure(Azure {
        auth: AzureAuth::Anonymous,
        account: "acc".to_owned(),
        endpoint: None,
        container: None,
        tls: Tls::default(),
    });
    for (settings, bucket) in [
        (&s3, ""),
        (&s3, ".."),
        (&s3, "a/b"),
        (&s3, "a b"),
        (&s3, "a?b"),
        (&s3, "$root"),
        (&azure, "$"),
        (&azure, "a{"),
    ] {
        let error = open(settings, bucket, &quick()).await.unwrap_err();
        assert!(matches!(error, ConnectError::Bucket { .. }), "{bucket}: {error}");
    }
    assert!(open(&azure, "$root", &quick()).await.is_ok());
}

#[tokio::test]
async fn a_file_of_authorities_must_be_there_and_hold_some() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem").display().to_string();
    let settings = |path: &str| {
        let tls = Tls { ca_file: Some(path.to_owned()), verify: true };
        Settings::S3(S3 { endpoint: Some("https://localhost:1".to_owned()), tls, ..S3::default() })
    };
    let message = |error: ConnectError| error.to_string().replace(&path, "CA");
    let error = message(opened(&settings(&path)).await.unwrap_err());
    assert!(error.starts_with("file of authorities `CA`: expected a file that can be"), "{error}");
    std::fs::write(&path, "nothing").unwrap();
    let error = message(opened(&settings(&path)).await.unwrap_err());
    assert_eq!(error, "file of authorities `CA`: expected certificates in PEM, got no certificate");
}
