//! Handshakes over loopback, and what files do that change.

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWrite as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsConnector, client};

use super::stream::Stream;
use super::*;

const PATIENCE: Duration = Duration::from_mins(1);

/// Somebody who issues certificates.
pub(super) struct Authority {
    pub(super) certificate: Certificate,
    pub(super) issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key.
pub(super) struct Identity {
    pub(super) certificate: Certificate,
    pub(super) key: KeyPair,
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.self_signed(&key).expect("a certificate");
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    pub(super) fn issue(&self, name: &str) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.not_after = date_time_ymd(2048, 2, 29);
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Identity { certificate, key }
    }
}

/// The files of a server.
pub(super) struct Folder(TempDir);

impl Folder {
    pub(super) fn new(identity: &Identity) -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        folder.put(identity);
        folder
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).expect("the file is written");
    }

    fn put(&self, identity: &Identity) {
        self.write("tls.crt", identity.certificate.pem());
        self.write("tls.key", identity.key.serialize_pem());
    }

    pub(super) fn files(&self) -> TlsFiles {
        TlsFiles { cert: self.path("tls.crt"), key: self.path("tls.key"), client_ca: None }
    }

    pub(super) fn files_with_authorities(&self, authorities: &[&Authority]) -> TlsFiles {
        let pem: String = authorities.iter().map(|one| one.certificate.pem()).collect();
        self.write("ca.crt", pem);
        TlsFiles { client_ca: Some(self.path("ca.crt")), ..self.files() }
    }

    /// What is told when the server's files are these texts.
    pub(super) fn error(&self, files: &TlsFiles) -> String {
        let error = Tls::load(files.clone()).expect_err("the files are wrong");
        error.to_string().replace(&format!("{}/", self.0.path().display()), "")
    }
}

pub(super) fn load(files: TlsFiles) -> Arc<Tls> {
    Tls::load(files).expect("the files are good")
}

/// A client that trusts `authority`.
fn client(
    authority: &Authority,
    versions: &[&'static SupportedProtocolVersion],
    identity: Option<&Identity>,
    alpn: &[&[u8]],
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate.der().clone()).expect("an authority");
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .expect("the versions are known")
        .with_root_certificates(roots);
    let mut config = match identity {
        Some(identity) => {
            let key = PrivateKeyDer::try_from(identity.key.serialize_der()).expect("a key");
            let chain = vec![identity.certificate.der().clone()];
            builder.with_client_auth_cert(chain, key).expect("the key fits")
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Arc::new(config)
}

fn trusting(authority: &Authority) -> Arc<ClientConfig> {
    client(authority, &[&TLS13], None, &[])
}

/// Two ends of a connection.
async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (accepted, connected) = tokio::join!(listener.accept(), TcpStream::connect(address));
    (accepted.expect("it is accepted").0, connected.expect("it connects"))
}

/// What both ends make of a handshake.
async fn handshake(
    tls: &Tls,
    alpn: Alpn,
    config: &Arc<ClientConfig>,
) -> (io::Result<Stream>, io::Result<client::TlsStream<TcpStream>>) {
    let (server, client) = pair().await;
    let name = ServerName::try_from("localhost").expect("a name");
    let connector = TlsConnector::from(Arc::clone(config));
    tokio::join!(accept(Some(tls), alpn, server, PATIENCE), connector.connect(name, client))
}

/// The certificate that a new connection is shown.
async fn served(tls: &Tls, config: &Arc<ClientConfig>) -> CertificateDer<'static> {
    let (server, client) = handshake(tls, Alpn::Http1, config).await;
    server.expect("the server is content");
    let client = client.expect("the client is content");
    let shown = client.get_ref().1.peer_certificates().expect("a certificate");
    shown.first().expect("a certificate").clone().into_owned()
}

/// Why the server refuses a client.
async fn refusal(tls: &Tls, alpn: Alpn, config: &Arc<ClientConfig>) -> String {
    let (server, _) = handshake(tls, alpn, config).await;
    server.expect_err("the client is refused").to_string()
}

async fn echo(server: &mut Stream, client: &mut client::TlsStream<TcpStream>) {
    let parts = [io::IoSlice::new(b"to the "), io::IoSlice::new(b"client")];
    assert!(server.is_write_vectored());
    let n = server.write_vectored(&parts).await.expect("it is sent");
    assert_eq!(n, 13);
    server.flush().await.expect("it is sent");
    let mut text = [0; 13];
    client.read_exact(&mut text).await.expect("it arrives");
    assert_eq!(&text, b"to the client");
    client.write_all(b"back").await.expect("it is sent");
    client.flush().await.expect("it is sent");
    let mut text = [0; 4];
    server.read_exact(&mut text).await.expect("it arrives");
    assert_eq!(&text, b"back");
}

#[tokio::test]
async fn both_versions_of_tls_carry_bytes_for_both_protocols() {
    let authority = Authority::new("ours");
    let folder = Folder::new(&authority.issue("localhost"));
    let tls = load(folder.files());
    for version in [&TLS12, &TLS13] {
        for (alpn, name) in [(Alpn::Http1, &b"http/1.1"[..]), (Alpn::H2, b"h2")] {
            let config = client(&authority, &[version], None, &[b"other", name]);
            let (server, client) = handshake(&tls, alpn, &config).await;
            let (mut server, mut client) = (server.expect("accepted"), client.expect("connected"));
            let session = client.get_ref().1;
            assert_eq!(session.alpn_protocol(), Some(name));
            assert_eq!(session.protocol_version(), Some(version.version));
            echo(&mut server, &mut client).await;

            let end = async {
                server.shutdown().await.expect("the end is sent");
                let mut rest = Vec::new();
                client.read_to_end(&mut rest).await.expect("it is a whole end");
                assert_eq!(rest, b"");
            };
            end.await;
        }
    }
}

#[tokio::test]
async fn a_client_that_speaks_other_protocols_only_is_refused() {
    let authority = Authority::new("ours");
    let folder = Folder::new(&authority.issue("localhost"));
    let tls = load(folder.files());
    let config = client(&authority, &[&TLS13], None, &[b"h2"]);
    assert_eq!(
        refusal(&tls, Alpn::Http1, &config).await,
        "peer doesn't support any known protocol"
    );
    let (server, _) = handshake(&tls, Alpn::H2, &trusting(&authority)).await;
    assert!(server.is_ok(), "one that names none is not");
}

#[tokio::test]
async fn with_authorities_clients_must_show_a_certificate_of_theirs() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let third = Authority::new("third");
    let folder = Folder::new(&ours.issue("localhost"));
    let tls = load(folder.files_with_authorities(&[&theirs, &third]));
    for version in [&TLS12, &TLS13] {
        let as_client = |identity: Option<&Identity>| client(&ours, &[version], identity, &[]);
        for authority in [&theirs, &third] {
            let config = as_client(Some(&authority.issue("client")));
            let (server, client) = handshake(&tls, Alpn::H2, &config).await;
            let (mut server, mut client) = (server.expect("accepted"), client.expect("connected"));
            echo(&mut server, &mut client).await;
        }
        let nobody = refusal(&tls, Alpn::H2, &as_client(None)).await;
        assert_eq!(nobody, "peer sent no certificates");
        let stranger = as_client(Some(&ours.issue("client")));
        // A client without a certificate that fits shows none.
        let stranger = refusal(&tls, Alpn::Http1, &stranger).await;
        assert!(
            ["peer sent no certificates", "invalid peer certificate: UnknownIssuer"]
                .contains(&stranger.as_str()),
            "{stranger}"
        );
    }
}

#[tokio::test]
async fn new_files_are_served_to_new_connections() {
    let authority = Authority::new("ours");
    let (first, second) = (authority.issue("localhost"), authority.issue("localhost"));
    let folder = Folder::new(&first);
    let tls = load(folder.files());
    let config = trusting(&authority);
    let (server, client) = handshake(&tls, Alpn::H2, &config).await;
    let (mut server, mut client) = (server.expect("accepted"), client.expect("connected"));

    tls.reload_if_changed();
    assert_eq!(served(&tls, &config).await, *first.certificate.der());
    folder.put(&second);
    assert_eq!(served(&tls, &config).await, *first.certificate.der(), "nobody has looked yet");
    tls.reload_if_changed();
    assert_eq!(served(&tls, &config).await, *second.certificate.der());
    echo(&mut server, &mut client).await;
}

/// Kubernetes mounts links to a link to a folder, and turns the one in the middle.
#[test]
fn a_turned_link_is_a_change() {
    use std::os::unix::fs::symlink;
    let authority = Authority::new("ours");
    let folder = Folder(tempfile::tempdir().expect("a folder"));
    let second = authority.issue("localhost");
    for (version, identity) in [("1", authority.issue("localhost")), ("2", second)] {
        fs::create_dir(folder.path(version)).expect("a folder");
        folder.write(&format!("{version}/tls.crt"), identity.certificate.pem());
        folder.write(&format!("{version}/tls.key"), identity.key.serialize_pem());
    }
    symlink("1", folder.path("data")).expect("a link");
    for name in ["tls.crt", "tls.key"] {
        symlink(format!("data/{name}"), folder.path(name)).expect("a link");
    }
    let tls = load(folder.files());
    assert!(matches!(tls.reload(), Reload::Unchanged));
    symlink("2", folder.path("data.new")).expect("a link");
    fs::rename(folder.path("data.new"), folder.path("data")).expect("it is turned");
    assert!(matches!(tls.reload(), Reload::Swapped));
    assert!(matches!(tls.reload(), Reload::Unchanged));
}

#[tokio::test]
async fn a_client_of_an_authority_that_is_gone_does_not_come_back() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    for version in [&TLS12, &TLS13] {
        let folder = Folder::new(&ours.issue("localhost"));
        let tls = load(folder.files_with_authorities(&[&theirs]));
        let config = client(&ours, &[version], Some(&theirs.issue("client")), &[]);
        for _ in 0..2 {
            let (server, client) = handshake(&tls, Alpn::H2, &config).await;
            let (mut server, mut client) = (server.expect("accepted"), client.expect("connected"));
            echo(&mut server, &mut client).await;
        }
        folder.files_with_authorities(&[&ours]);
        tls.reload_if_changed();
        let why = refusal(&tls, Alpn::H2, &config).await;
        assert!(why == "peer sent no certificates" || why.ends_with("UnknownIssuer"), "{why}");
    }
}

#[tokio::test]
async fn bad_new_files_are_told_once_and_change_nothing() {
    let authority = Authority::new("ours");
    let (first, second) = (authority.issue("localhost"), authority.issue("localhost"));
    let folder = Folder::new(&first);
    let tls = load(folder.files());
    let config = trusting(&authority);
    let refused = |tls: &Tls| match tls.reload() {
        Reload::Refused(error) => error.to_string(),
        other => panic!("expected a refusal, got {other:?}"),
    };
    // The new certificate has come and its key has not.
    folder.write("tls.crt", second.certificate.pem());
    let message = refused(&tls);
    assert!(message.contains("expected the key of the first certificate in"), "{message}");
    assert!(matches!(tls.reload(), Reload::Unchanged), "it was told");
    assert_eq!(served(&tls, &config).await, *first.certificate.der());

    folder.write("tls.crt", "");
    assert!(refused(&tls).ends_with("expected a certificate in PEM, got an empty file"));
    fs::remove_file(folder.path("tls.key")).expect("it is removed");
    let gone = refused(&tls);
    assert!(gone.ends_with("cannot be read: No such file or directory (os error 2)"), "{gone}");
    assert!(matches!(tls.reload(), Reload::Unchanged), "it was told");
    assert_eq!(served(&tls, &config).await, *first.certificate.der());

    folder.put(&second);
    assert!(matches!(tls.reload(), Reload::Swapped));
    assert_eq!(served(&tls, &config).await, *second.certificate.der());
}

#[tokio::test]
async fn the_watch_finds_new_files_by_itself() {
    let authority = Authority::new("ours");
    let (first, second) = (authority.issue("localhost"), authority.issue("localhost"));
    let folder = Folder::new(&first);
    let tls = load(folder.files());
    let config = trusting(&authority);
    let watch = tokio::spawn(Arc::clone(&tls).watch(Duration::from_millis(1)));
    folder.put(&second);
    let until_new = async { while served(&tls, &config).await != *second.certificate.der() {} };
    tokio::time::timeout(PATIENCE, until_new).await.expect("the new certificate is served");
    watch.abort();
}

#[tokio::test]
async fn who_does_not_speak_tls_is_refused() {
    let authority = Authority::new("ours");
    let folder = Folder::new(&authority.issue("localhost"));
    let tls = load(folder.files());

    let (server, mut client) = pair().await;
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("it is sent");
    let error = accept(Some(&tls), Alpn::Http1, server, PATIENCE).await.expect_err("no TLS");
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);

    let (server, client) = pair().await;
    let short = Duration::from_millis(1);
    let error = accept(Some(&tls), Alpn::Http1, server, short).await.expect_err("it is silent");
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(error.to_string(), "the TLS handshake did not end within 0.001 s");
    drop(client);

    let (server, client) = pair().await;
    drop(client);
    let error = accept(Some(&tls), Alpn::Http1, server, PATIENCE).await.expect_err("it is gone");
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn without_tls_a_connection_stays_as_it_is() {
    let (server, mut client) = pair().await;
    let mut server = accept(None, Alpn::Http1, server, Duration::ZERO).await.expect("plain");
    assert!(server.is_write_vectored());
    server.write_all(b"hello").await.expect("it is sent");
    server.shutdown().await.expect("it is ended");
    let mut text = String::new();
    client.read_to_string(&mut text).await.expect("it arrives");
    assert_eq!(text, "hello");
    client.write_all(b"hi").await.expect("it is sent");
    let mut text = [0; 2];
    server.read_exact(&mut text).await.expect("it arrives");
    assert_eq!(&text, b"hi");
}
