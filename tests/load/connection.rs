//! Connections to a server, in the clear or by TLS.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use rcgen::generate_simple_self_signed;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::tally::Lost;

/// The name in the certificate.
const NAME: &str = "localhost";

/// Where a server is, on 127.0.0.1, and how it is spoken to.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) port: u16,
    pub(crate) tls: Option<Arc<ClientConfig>>,
}

/// What bytes go through.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin {
    /// Has the system reset the connection when it is dropped, and forget what was on its way.
    fn reset_when_dropped(&self);
}

impl Duplex for TcpStream {
    fn reset_when_dropped(&self) {
        drop(self.set_zero_linger());
    }
}

impl Duplex for TlsStream<TcpStream> {
    fn reset_when_dropped(&self) {
        self.get_ref().0.reset_when_dropped();
    }
}

impl Place {
    /// Opens a connection that speaks `protocol`, by its name in ALPN.
    ///
    /// # Errors
    /// When nobody is there.
    pub(crate) async fn connect(&self, protocol: &str) -> Result<Box<dyn Duplex>, Lost> {
        let gone = |error: std::io::Error| Lost::Gone(error.to_string());
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.map_err(gone)?;
        stream.set_nodelay(true).map_err(gone)?;
        let Some(config) = &self.tls else { return Ok(Box::new(stream)) };
        let mut config = ClientConfig::clone(config);
        config.alpn_protocols = vec![protocol.into()];
        let name = ServerName::try_from(NAME).expect("a name");
        let connector = TlsConnector::from(Arc::new(config));
        Ok(Box::new(connector.connect(name, stream).await.map_err(gone)?))
    }
}

/// Makes a certificate: the server's options that name it, and clients that trust it alone.
pub(crate) fn certificate(folder: &Path) -> ([String; 4], Arc<ClientConfig>) {
    let identity = generate_simple_self_signed(vec![NAME.to_owned()]).expect("a certificate");
    let (cert, key) = (folder.join("server.crt"), folder.join("server.key"));
    fs::write(&cert, identity.cert.pem()).expect("a file");
    fs::write(&key, identity.signing_key.serialize_pem()).expect("a file");
    let path = |path: &Path| path.to_str().expect("test paths are UTF-8").to_owned();
    let options =
        ["--tls-cert-file".to_owned(), path(&cert), "--tls-key-file".to_owned(), path(&key)];
    let mut trusted = RootCertStore::empty();
    trusted.add(CertificateDer::from(identity.cert)).expect("a certificate");
    let config = ClientConfig::builder().with_root_certificates(trusted).with_no_client_auth();
    (options, Arc::new(config))
}
