//! Azure Blob Storage: one server for all tests, as it takes long to start, and a container for each.

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use ::http::Request;
use bytes::Bytes;
use object_store::azure::{
    AzureAccessKey, AzureAuthorizer, AzureCredential, MicrosoftAzure, MicrosoftAzureBuilder,
};
use object_store::client::HttpRequestBody;
use tokio::io::BufReader;
use tokio::net::TcpStream;

use super::process::{Program, Server};
use super::s3::put;
use super::{Key, Store, Variables, provide_tls};
use crate::files::Files;
use crate::http::Head;

const AZURITE: Program = Program { name: "azurite-blob", install: "npm install azurite@3.37.0" };
const ARGS: [&str; 8] = [
    "--blobHost=127.0.0.1",
    "--blobPort=0",
    "--inMemoryPersistence",
    "--extentMemoryLimit=2000",
    "--silent",
    "--disableTelemetry",
    "--skipApiVersionCheck",
    "--disableProductStyleUrl",
];
/// The account that every such server has, and its key, which is no secret.
const ACCOUNT: &str = "devstoreaccount1";
pub(super) const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const OTHER_KEY: &str = "bm90LXRoZS1rZXk=";

static SERVER: LazyLock<Option<Server>> = LazyLock::new(|| AZURITE.start(&ARGS));

/// A container of a server that checks signatures.
#[derive(Debug)]
pub(crate) struct Azure {
    address: SocketAddr,
    container: String,
    objects: MicrosoftAzure,
}

impl Azure {
    /// Puts an empty object whose name ends with a slash.
    pub(crate) async fn put_mark(&self, place: &str) {
        let target = format!("/{ACCOUNT}/{}/{place}", self.container);
        put_empty(self.address, &target, &[("x-ms-blob-type", "BlockBlob")]).await;
    }
}

impl Store for Azure {
    async fn start() -> Option<Self> {
        static N_STARTED: AtomicUsize = AtomicUsize::new(0);
        let address = SERVER.as_ref()?.address;
        provide_tls();
        let container = format!("models-{}", N_STARTED.fetch_add(1, Ordering::Relaxed));
        put_empty(address, &format!("/{ACCOUNT}/{container}?restype=container"), &[]).await;
        let builder = MicrosoftAzureBuilder::new()
            .with_account(ACCOUNT)
            .with_access_key(KEY)
            .with_endpoint(format!("http://{address}/{ACCOUNT}"))
            .with_allow_http(true)
            .with_container_name(&container);
        let objects = builder.build().expect("settings are complete");
        Some(Self { address, container, objects })
    }

    fn address(&self) -> SocketAddr {
        self.address
    }

    async fn put_folder(&self, place: &str, files: &Files) {
        for (name, content) in files {
            self.put_file(&format!("{place}/{name}"), content.clone()).await;
        }
    }

    async fn put_file(&self, place: &str, content: Bytes) {
        put(&self.objects, place, content).await;
    }

    fn uri(&self, _at: SocketAddr, place: &str) -> String {
        format!("az://{}/{place}", self.container)
    }

    fn env(&self, at: SocketAddr, key: Key) -> Variables {
        let mut env = vec![
            ("RCLONE_CONFIG_AZ_TYPE", "azureblob".to_owned()),
            ("RCLONE_CONFIG_AZ_ACCOUNT", ACCOUNT.to_owned()),
            ("RCLONE_CONFIG_AZ_ENDPOINT", format!("http://{at}/{ACCOUNT}")),
        ];
        match key {
            Key::Right => env.push(("RCLONE_CONFIG_AZ_KEY", KEY.to_owned())),
            Key::Wrong => env.push(("RCLONE_CONFIG_AZ_KEY", OTHER_KEY.to_owned())),
            Key::None => {}
        }
        env
    }
}

/// Puts what has no content and no call of the client that puts objects, such as a container.
async fn put_empty(address: SocketAddr, target: &str, headers: &[(&'static str, &str)]) {
    let mut request = Request::put(format!("http://{address}{target}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(HttpRequestBody::empty()).expect("a request");
    let credential =
        AzureCredential::AccessKey(AzureAccessKey::try_new(KEY).expect("the key is base64"));
    let signed = AzureAuthorizer::new(&credential, ACCOUNT).try_authorize(&mut request);
    signed.expect("a request is signed");
    let mut head = Head { first: format!("PUT {target} HTTP/1.1"), headers: Vec::new() };
    for (name, value) in request.headers() {
        head = head.with(name.as_str(), value.to_str().expect("text"));
    }
    head = head.with("host", address).with("content-length", 0).with("connection", "close");
    let mut connection = BufReader::new(TcpStream::connect(address).await.expect("it listens"));
    head.write(&mut connection).await.expect("a request is sent");
    let answer = Head::read(&mut connection).await.expect("an answer").expect("an answer");
    assert_eq!(answer.word(1), "201", "{answer:?}");
}
