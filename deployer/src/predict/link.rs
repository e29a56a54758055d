//! Connections to the address of a deployment, and what it means when there are none.

use std::error::Error as _;
use std::time::Duration;

use anyhow::anyhow;
use bytes::Bytes;
use http::HeaderMap;
use radiant_storage::connect::install_crypto;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Response, Url};

use crate::error::{Code, Failure};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How a deployment is reached by its address.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms<'a> {
    /// How long a request may take.
    pub(crate) timeout: Duration,
    /// Certificates in PEM that are trusted beside the system's.
    pub(crate) authorities: &'a [u8],
}

/// An address with connections that stay.
#[derive(Debug)]
pub(super) struct Link {
    client: Client,
    base: Url,
    timeout: Duration,
}

impl Link {
    /// What is below this address, by whichever version of HTTP the server chooses.
    ///
    /// # Errors
    /// When the address is none, or there are no certificates where some are expected.
    pub(super) fn any(base: &str, terms: Terms<'_>) -> Result<Self, Failure> {
        Self::new(base, terms, Client::builder())
    }

    /// The server at this address, by HTTP/2 alone.
    ///
    /// # Errors
    /// As above.
    pub(super) fn http2(base: &str, terms: Terms<'_>) -> Result<Self, Failure> {
        Self::new(base, terms, Client::builder().http2_prior_knowledge())
    }

    fn new(base: &str, terms: Terms<'_>, builder: reqwest::ClientBuilder) -> Result<Self, Failure> {
        let wrong = || {
            // A login could stand in it.
            let error = anyhow!("url: expected `http://` or `https://`, a host and no login");
            Failure::usage(error).hint("such as `https://models.example.com/seldon/NAMESPACE/NAME`")
        };
        let base = Url::parse(base).map_err(|_| wrong())?;
        let is_plain = base.username().is_empty() && base.password().is_none();
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() || !is_plain {
            return Err(wrong());
        }
        install_crypto();
        let is_loopback =
            base.host_str().is_some_and(|it| ["localhost", "127.0.0.1", "[::1]"].contains(&it));
        let builder = builder
            .user_agent(concat!("radiant-deploy/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(terms.timeout)
            // A login page is no answer.
            .redirect(Policy::none());
        let builder = match certificates(terms.authorities)? {
            more if more.is_empty() => builder,
            more => builder.tls_certs_merge(more),
        };
        // A proxy cannot reach what is on this machine.
        let builder = if is_loopback { builder.no_proxy() } else { builder };
        let client = builder.build().map_err(|error| {
            Failure::new(Code::Failed, anyhow!(error).context("cannot make a client of HTTP"))
        })?;
        Ok(Self { client, base, timeout: terms.timeout })
    }

    /// Posts below the address.
    ///
    /// # Errors
    /// When there is no answer.
    pub(super) async fn post(
        &self,
        path: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response, Failure> {
        let sent = self.client.post(self.url(path)).headers(headers).body(body).send().await;
        sent.map_err(|error| self.failed(error))
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url
    }

    /// The address, for messages.
    pub(super) fn shown(&self) -> String {
        self.base.as_str().trim_end_matches('/').to_owned()
    }

    /// What it means that there is no answer, or only a part of one.
    pub(super) fn failed(&self, error: reqwest::Error) -> Failure {
        let shown = self.shown();
        if error.is_timeout() && !error.is_connect() {
            let limit = self.timeout;
            let error = anyhow!("`{shown}`: expected an answer within {limit:?}, got none");
            return Failure::new(Code::Timeout, error)
                .hint("allow more by `--request-timeout`, or see `radiant-deploy logs NAME`");
        }
        let code = if error.is_connect() { Code::Unreachable } else { Code::Failed };
        let error = error.without_url();
        // The innermost reason is the one that says something.
        let mut reason = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            reason = inner.to_string();
            source = inner.source();
        }
        let error = anyhow!(reason).context(format!("cannot ask `{shown}`"));
        Failure::new(code, error).hint(
            "check the address, or go by the cluster: `--via proxy`; `radiant-deploy doctor` looks at the \
             route",
        )
    }

    /// What is said of an answer that goes on for too long.
    pub(super) fn too_long(&self, limit: usize) -> Failure {
        let shown = self.shown();
        Failure::new(
            Code::Failed,
            anyhow!("`{shown}`: expected an answer of at most {limit} bytes"),
        )
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, Failure> {
    if pem.is_empty() {
        return Ok(Vec::new());
    }
    let found = Certificate::from_pem_bundle(pem).unwrap_or_default();
    if found.is_empty() {
        let error = anyhow!("`--ca-certificates`: expected certificates in PEM, got none");
        return Err(Failure::usage(error));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(authorities: &[u8]) -> Terms<'_> {
        Terms { timeout: CONNECT_TIMEOUT, authorities }
    }

    #[test]
    fn paths_go_below_the_address() {
        for base in ["http://127.0.0.1:1/seldon/ml/fraud", "http://127.0.0.1:1/seldon/ml/fraud/"] {
            let link = Link::any(base, terms(b"")).unwrap();
            let url = link.url("/api/v1.0/predictions");
            assert_eq!(url.as_str(), "http://127.0.0.1:1/seldon/ml/fraud/api/v1.0/predictions");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_and_not_shown() {
        for base in ["", "host/path", "ftp://host", "http://user:hunter2@host", "http://"] {
            let text = Link::any(base, terms(b"")).unwrap_err().text();
            assert!(text.contains("expected `http://`") && !text.contains("hunter2"), "{text}");
        }
        let text = Link::http2("https://host", terms(b"hunter2")).unwrap_err().text();
        assert!(text.contains("certificates in PEM") && !text.contains("hunter2"), "{text}");
    }
}
