//! Clients of HTTP, and who may be asked in plain text.

use std::sync::Once;
use std::time::Duration;

use object_store::client::{HttpClient, HttpConnector};
use object_store::{BackoffConfig, ClientConfigKey, ClientOptions, RetryConfig};
use radiant_contract::credentials::Tls;
use reqwest::redirect::Policy;

use super::ConnectError;

/// How long a service on the machine itself or beside the container may take to answer at all: one
/// that is not there says nothing.
const METADATA_CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How long the whole of such an answer may take.
const METADATA_TIMEOUT: Duration = Duration::from_secs(5);
/// How large an answer with a token may be.
const ANSWER_BYTES_MAX: usize = 256 << 10;

/// How stores are asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Http {
    /// How long a connection may take to come about.
    pub connect_timeout: Duration,
    /// How long a store may say nothing, before an answer or within one.
    pub silence_timeout: Duration,
    /// How often a request is made again that failed for no reason of its own.
    pub retries_max: usize,
    /// How long requests are made again at all.
    pub retry_timeout: Duration,
    /// The pause before the first of these; each next one may be twice as long.
    pub backoff_first: Duration,
    /// The longest pause.
    pub backoff_max: Duration,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            silence_timeout: Duration::from_secs(30),
            retries_max: 4,
            retry_timeout: Duration::from_mins(1),
            backoff_first: Duration::from_millis(100),
            backoff_max: Duration::from_secs(5),
        }
    }
}

impl Http {
    pub(super) fn retry(&self) -> RetryConfig {
        RetryConfig {
            backoff: BackoffConfig {
                init_backoff: self.backoff_first,
                max_backoff: self.backoff_max,
                base: 2.0,
            },
            max_retries: self.retries_max,
            retry_timeout: self.retry_timeout,
        }
    }
}

/// Makes ring the provider of cryptography of this process, unless it has one.
pub fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if rustls::crypto::ring::default_provider().install_default().is_err() {
            tracing::debug!("another provider of cryptography is installed");
        }
    });
}

/// What makes the clients of a store: one for its objects, others for tokens.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    http: Http,
    verify: bool,
    authorities: Vec<reqwest::Certificate>,
    headers: reqwest::header::HeaderMap,
    /// Whether the store itself is asked in plain text, so that no authorities are needed.
    is_plain: bool,
    /// Whether where tokens are from is asked in plain text: on this machine only.
    is_token_plain: bool,
}

impl Connector {
    /// Reads the file of authorities, if there is one.
    ///
    /// # Errors
    /// When it cannot be read, or holds no certificates.
    pub(super) async fn new(
        http: &Http,
        tls: &Tls,
        endpoint: Option<&str>,
    ) -> Result<Self, ConnectError> {
        install_crypto();
        let mut authorities = Vec::new();
        if let Some(path) = &tls.ca_file {
            let pem = super::read_file("file of authorities", path).await?;
            let bad = |got: &str| ConnectError::File {
                what: "file of authorities",
                path: path.into(),
                expected: "certificates in PEM",
                got: got.to_owned(),
            };
            authorities = reqwest::Certificate::from_pem_bundle(pem.as_bytes())
                .map_err(|_| bad("something else"))?;
            if authorities.is_empty() {
                return Err(bad("no certificate"));
            }
        }
        Ok(Self {
            http: http.clone(),
            verify: tls.verify,
            authorities,
            headers: reqwest::header::HeaderMap::new(),
            is_plain: endpoint.is_some_and(is_plain),
            is_token_plain: false,
        })
    }

    /// Adds a header to every request.
    pub(super) fn with_header(
        mut self,
        name: &'static str,
        value: &str,
    ) -> Result<Self, ConnectError> {
        let value = reqwest::header::HeaderValue::from_str(value).map_err(|_| {
            ConnectError::Setting { what: name, expected: "a value without line ends" }
        })?;
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Lets tokens come from this address in plain text, if it is on this machine.
    pub(super) fn with_tokens_from(mut self, address: Option<&str>) -> Self {
        self.is_token_plain = address.is_some_and(|it| is_plain(it) && is_loopback(it));
        self
    }

    /// Whether the store is asked in plain text.
    pub(super) const fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// A client for tokens that are to be had in the wide world.
    ///
    /// # Errors
    /// When there are no authorities to trust.
    pub(super) fn token_client(&self) -> Result<reqwest::Client, ConnectError> {
        let builder = self.builder(self.is_token_plain).https_only(!self.is_token_plain);
        let builder = builder.connect_timeout(self.http.connect_timeout);
        builder.timeout(self.http.silence_timeout).build().map_err(|error| no_client(&error))
    }

    /// A client for services on the machine or beside the container, which no proxy reaches.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn metadata_client(&self) -> Result<reqwest::Client, ConnectError> {
        let builder = self.builder(true).no_proxy().connect_timeout(METADATA_CONNECT_TIMEOUT);
        builder.timeout(METADATA_TIMEOUT).build().map_err(|error| no_client(&error))
    }

    /// A client that speaks HTTP/1.1, follows nobody elsewhere, and unpacks nothing.
    ///
    /// Where only plain text is spoken, the system's authorities are not read: an image without
    /// them is good enough, and reading them takes longer than all else.
    fn builder(&self, is_plain: bool) -> reqwest::ClientBuilder {
        let builder = reqwest::Client::builder()
            .user_agent(concat!("radiant/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .http1_only()
            .danger_accept_invalid_certs(!self.verify);
        let authorities = self.authorities.iter().cloned();
        if is_plain {
            builder.tls_certs_only(authorities)
        } else {
            builder.tls_certs_merge(authorities)
        }
    }
}

impl HttpConnector for Connector {
    /// A client for what the library wants to ask: it says only whether that may be plain.
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let allows_plain = options.get_config_value(&ClientConfigKey::AllowHttp);
        let allows_plain = allows_plain.as_deref() == Some("true") || self.is_token_plain;
        let mut builder = self
            .builder(allows_plain && self.is_plain)
            .default_headers(self.headers.clone())
            .https_only(!allows_plain)
            .connect_timeout(self.http.connect_timeout)
            .read_timeout(self.http.silence_timeout);
        // The library asks in plain text although the store is not: a service of the machine.
        if allows_plain && !self.is_plain {
            builder = builder.no_proxy().connect_timeout(METADATA_CONNECT_TIMEOUT);
        }
        let client = builder.build().map_err(|error| object_store::Error::Generic {
            store: "HTTP",
            source: Box::new(no_client(&error)),
        })?;
        Ok(HttpClient::new(client))
    }
}

fn no_client(error: &reqwest::Error) -> ConnectError {
    let mut reason = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        reason = inner.to_string();
        source = inner.source();
    }
    ConnectError::Client { reason }
}

/// Whether an address is asked in plain text.
pub(super) fn is_plain(address: &str) -> bool {
    address.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"))
}

/// Whether an address is on this machine.
fn is_loopback(address: &str) -> bool {
    match url::Url::parse(address).ok().and_then(|url| url.host().map(|host| host.to_owned())) {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// The body of an answer with a token, and its status.
///
/// # Errors
/// When nobody answers, or far too much comes. Messages hold no address, as some have secrets.
pub(super) async fn ask(
    request: reqwest::RequestBuilder,
    what: &'static str,
) -> Result<(reqwest::StatusCode, Vec<u8>), ConnectError> {
    let failed = |error: reqwest::Error| {
        let reason = root_cause(&error.without_url());
        ConnectError::Token { what, reason }
    };
    let mut response = request.send().await.map_err(failed)?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len().saturating_add(chunk.len()) > ANSWER_BYTES_MAX {
            let reason = format!("an answer of more than {ANSWER_BYTES_MAX} bytes");
            return Err(ConnectError::Token { what, reason });
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, body))
}

/// The innermost reason, which is the one that says something.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(inner) = last.source() {
        last = inner;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_told_by_the_scheme_and_this_machine_by_the_host() {
        assert!(is_plain("http://host") && is_plain("HTTP://host"));
        assert!(!is_plain("https://host") && !is_plain("host"));
        for address in ["http://127.0.0.1:80", "http://[::1]/x", "http://localhost"] {
            assert!(is_loopback(address), "{address}");
        }
        assert!(!is_loopback("http://127.0.0.1.example") && !is_loopback("x"));
    }
}
