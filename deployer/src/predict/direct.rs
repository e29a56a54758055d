//! A deployment by its URL.

use std::error::Error as _;
use std::time::Duration;

use anyhow::anyhow;
use bytes::BytesMut;
use radiant_storage::connect::install_crypto;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Url};

use super::caller::REPLY_BYTES_MAX;
use super::{Call, Caller, Reply};
use crate::error::{Code, Failure};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A deployment by its URL, with connections that stay.
#[derive(Debug)]
pub(crate) struct Direct {
    client: Client,
    base: Url,
    timeout: Duration,
}

impl Direct {
    /// A deployment below this address, each request of which may take so long. Certificates in
    /// `authorities`, in PEM, are trusted beside the system's.
    ///
    /// # Errors
    /// When the address is none, or there are no certificates where some are expected.
    pub(crate) fn new(base: &str, timeout: Duration, authorities: &[u8]) -> Result<Self, Failure> {
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
        let builder = Client::builder()
            .user_agent(concat!("radiant-deploy/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(timeout)
            // A login page is no answer.
            .redirect(Policy::none());
        let builder = match certificates(authorities)? {
            more if more.is_empty() => builder,
            more => builder.tls_certs_merge(more),
        };
        // A proxy cannot reach what is on this machine.
        let builder = if is_loopback { builder.no_proxy() } else { builder };
        let client = builder.build().map_err(|error| {
            Failure::new(Code::Failed, anyhow!(error).context("cannot make a client of HTTP"))
        })?;
        Ok(Self { client, base, timeout })
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url
    }

    fn failed(&self, error: reqwest::Error) -> Failure {
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

impl Caller for Direct {
    fn shown(&self) -> String {
        self.base.as_str().trim_end_matches('/').to_owned()
    }

    async fn call(&self, call: &Call) -> Result<Reply, Failure> {
        let request = self.client.post(self.url(&call.path)).headers(call.headers.clone());
        let sent = request.body(call.body.clone()).send().await;
        let mut response = sent.map_err(|error| self.failed(error))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failed(error))? {
            if body.len().saturating_add(chunk.len()) > REPLY_BYTES_MAX {
                let error = anyhow!(
                    "`{}`: expected an answer of at most {REPLY_BYTES_MAX} bytes",
                    self.shown()
                );
                return Err(Failure::new(Code::Failed, error));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status, headers, body: body.freeze() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_go_below_the_address() {
        for base in ["http://127.0.0.1:1/seldon/ml/fraud", "http://127.0.0.1:1/seldon/ml/fraud/"] {
            let direct = Direct::new(base, CONNECT_TIMEOUT, b"").unwrap();
            let url = direct.url("/api/v1.0/predictions");
            assert_eq!(url.as_str(), "http://127.0.0.1:1/seldon/ml/fraud/api/v1.0/predictions");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_and_not_shown() {
        for base in ["", "host/path", "ftp://host", "http://user:hunter2@host", "http://"] {
            let text = Direct::new(base, CONNECT_TIMEOUT, b"").unwrap_err().text();
            assert!(text.contains("expected `http://`") && !text.contains("hunter2"), "{text}");
        }
        let text = Direct::new("https://host", CONNECT_TIMEOUT, b"hunter2").unwrap_err().text();
        assert!(text.contains("certificates in PEM") && !text.contains("hunter2"), "{text}");
    }
}
