//! Requests to one repository of a registry: logging in, asking, asking again.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RANGE};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use tokio::sync::Semaphore;

use super::access::{Access, Purpose};
use super::auth::Login;
use super::error::OciError;
use super::http;
use super::reference::Reference;
use crate::transfer::{Failure, Retries, Tries};

/// A repository, and how to be let into it.
pub(super) struct Session {
    pub(super) client: Client,
    /// For contents that are sent, which may take any time: it watches no clock.
    pub(super) sender: Client,
    pub(super) scheme: &'static str,
    pub(super) reference: Reference,
    pub(super) purpose: Purpose,
    pub(super) login: Login,
    pub(super) upload_hosts: Vec<String>,
    pub(super) stall: Duration,
    retries: Retries,
    authorization: Mutex<Option<HeaderValue>>,
    /// Who holds it logs in; requests that are refused together need one token.
    pub(super) logging_in: Semaphore,
}

/// One thing to ask a registry for.
pub(super) struct Ask<'a> {
    pub method: Method,
    pub at: At<'a>,
    /// Types that are understood.
    pub accept: Option<&'a str>,
    /// The first byte that is wanted.
    pub from: u64,
    /// What is sent, and its type.
    pub body: Option<(&'a str, Bytes)>,
    /// For errors: what it is.
    pub what: &'a str,
}

/// Where something is asked for.
pub(super) enum At<'a> {
    /// Below the repository.
    Below(String),
    /// Where the registry said, which is the registry itself.
    There(&'a Url),
}

impl<'a> Ask<'a> {
    /// To ask for something below the repository.
    pub(super) fn new(method: Method, path: String, what: &'a str) -> Self {
        Self { method, at: At::Below(path), accept: None, from: 0, body: None, what }
    }
}

impl Session {
    /// Prepares a session; a registry on this machine is asked whether it speaks TLS, any other does
    /// unless it is listed.
    ///
    /// # Errors
    /// [`OciError::Client`], [`OciError::Authorities`].
    pub(super) async fn open(
        reference: &Reference,
        purpose: Purpose,
        login: Login,
        access: &Access,
    ) -> Result<Self, OciError> {
        let is_loopback = reference.is_loopback();
        let authorities = http::authorities(access.authorities.as_deref()).await?;
        let client = http::client(is_loopback, Some(access.stall), &authorities)?;
        let sender = match purpose {
            Purpose::Pull => client.clone(),
            Purpose::Push { .. } => http::client(is_loopback, None, &authorities)?,
        };
        let is_listed = access.plain_http.iter().any(|registry| registry == reference.registry());
        let scheme = match (is_listed, is_loopback) {
            (true, _) => "http",
            (false, false) => "https",
            (false, true) => {
                let probe = client.get(format!("https://{}/v2/", reference.api_host())).send();
                match probe.await {
                    Err(error) if !http::is_untrusted(&error) => "http",
                    _ => "https",
                }
            }
        };
        Ok(Self {
            client,
            sender,
            scheme,
            reference: reference.clone(),
            purpose,
            login,
            upload_hosts: access.upload_hosts.clone(),
            stall: access.stall,
            retries: access.retries,
            authorization: Mutex::new(None),
            logging_in: Semaphore::new(1),
        })
    }

    pub(super) fn reference(&self) -> String {
        self.reference.to_string()
    }

    pub(super) fn retries(&self) -> Retries {
        self.retries
    }

    /// Asks for something that must be there.
    ///
    /// # Errors
    /// [`OciError`]: the registry cannot be reached, does not let us in, or has no such thing.
    pub(super) async fn ask(&self, ask: &Ask<'_>) -> Result<Response, OciError> {
        let response = self.answer(ask).await?;
        if matches!(response.status(), StatusCode::OK | StatusCode::PARTIAL_CONTENT) {
            return Ok(response);
        }
        Err(self.refusal(ask.what, response, 1).await)
    }

    /// Asks, logs in if the registry wants that, and asks again what fails by chance.
    ///
    /// # Errors
    /// [`OciError`]: the registry cannot be reached, or there is no way to log in.
    pub(super) async fn answer(&self, ask: &Ask<'_>) -> Result<Response, OciError> {
        let used = self.authorization();
        let response = self.patiently(ask.what, || self.request(ask)).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        self.authorize(response, used.as_ref()).await?;
        self.patiently(ask.what, || self.request(ask)).await
    }

    fn request(&self, ask: &Ask<'_>) -> RequestBuilder {
        let mut request = match &ask.at {
            At::Below(path) => self.client.request(ask.method.clone(), self.url(path)),
            At::There(url) => self.client.request(ask.method.clone(), (*url).clone()),
        };
        if let Some(accept) = ask.accept {
            request = request.header(ACCEPT, accept);
        }
        if ask.from > 0 {
            request = request.header(RANGE, format!("bytes={}-", ask.from));
        }
        if let Some((kind, body)) = &ask.body {
            request = request.header(CONTENT_TYPE, *kind).body(body.clone());
        } else if ask.method == Method::POST {
            // Some servers want to be told that nothing follows.
            request = request.header(CONTENT_LENGTH, 0);
        }
        self.authorized(request)
    }

    fn url(&self, path: &str) -> String {
        let (host, repository) = (self.reference.api_host(), self.reference.repository());
        format!("{}://{host}/v2/{repository}/{path}", self.scheme)
    }

    /// Shows the registry what proves who asks. Requests to others must not go through here.
    pub(super) fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match self.authorization() {
            Some(value) => request.header(AUTHORIZATION, value),
            None => request,
        }
    }

    /// What proves who asks, once it is known.
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        self.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_authorization(&self, value: HeaderValue) {
        *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
    }

    /// Sends a request until it is answered with something that will not pass.
    pub(super) async fn patiently(
        &self,
        what: &str,
        build: impl Fn() -> RequestBuilder,
    ) -> Result<Response, OciError> {
        let mut tries = Tries::new(self.retries);
        loop {
            let (failure, after, outcome) = match build().send().await {
                Ok(response) if !http::is_passing(response.status()) => return Ok(response),
                Ok(response) => (Failure::Passing, http::retry_after(&response), Ok(response)),
                Err(error) => {
                    let is_lasting = error.is_redirect() || http::is_untrusted(&error);
                    let failure = if is_lasting { Failure::Lasting } else { Failure::Passing };
                    (failure, None, Err(error))
                }
            };
            match (tries.after(failure), outcome) {
                (Some(wait), _) => tokio::time::sleep(self.wait(wait, after)).await,
                (None, Ok(response)) => {
                    return Err(self.refusal(what, response, tries.count()).await);
                }
                (None, Err(error)) => return Err(self.unreachable(error, tries.count())),
            }
        }
    }

    /// The longer of our wait and the server's, which is no reason to wait for hours.
    pub(super) fn wait(&self, ours: Duration, theirs: Option<Duration>) -> Duration {
        ours.max(theirs.unwrap_or_default().min(self.retries.longest))
    }

    pub(super) fn unreachable(&self, error: reqwest::Error, attempts: u32) -> OciError {
        let registry = self.reference.registry().to_owned();
        let (is_tls, is_untrusted) = (self.scheme == "https", http::is_untrusted(&error));
        let mut reason = http::reason(error);
        if is_untrusted {
            reason += ": name a file with the certificate's authority in `SSL_CERT_FILE`, or by \
                       `--registry-ca` where there is that flag";
        }
        // What rustls says when the first bytes are not TLS.
        if is_tls && reason.contains("InvalidContentType") {
            reason = format!(
                "it speaks plain http, not TLS: list `{registry}` in `RADIANT_OCI_PLAIN_HTTP`, or \
                 by `--plain-http` where there is that flag, if that is meant"
            );
        }
        OciError::Connect { registry, attempts, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn session(address: &str, plain_http: &[&str]) -> Session {
        let login = Login { credential: None, story: String::new() };
        let plain_http: Vec<String> = plain_http.iter().map(|name| (*name).to_owned()).collect();
        let access = Access { plain_http, ..Access::default() };
        let reference = Reference::parse(address).unwrap();
        Session::open(&reference, Purpose::Pull, login, &access).await.unwrap()
    }

    #[tokio::test]
    async fn tls_is_left_out_on_this_machine_and_where_that_is_listed() {
        for (address, listed, scheme) in [
            ("host.io/a", &[][..], "https"),
            ("host.io:5000/a", &["host.io"], "https"),
            ("host.io:5000/a", &["other", "host.io:5000"], "http"),
            // Nobody listens there.
            ("127.0.0.1:1/a", &[], "http"),
        ] {
            assert_eq!(session(address, listed).await.scheme, scheme, "{address} {listed:?}");
        }
    }

    #[tokio::test]
    async fn a_registry_with_tls_cannot_send_passwords_out_of_it() {
        let safe = session("host.io/a", &[]).await;
        assert!(safe.check_realm("https://auth.host.io/token").is_ok());
        let error = safe.check_realm("http://auth.host.io/token").unwrap_err();
        assert!(error.to_string().contains("got `http://auth.host.io`"), "{error}");
        let plain = session("host.io/a", &["host.io"]).await;
        assert!(plain.check_realm("http://auth.host.io/token").is_ok());
        assert!(plain.check_realm("file:///token").is_err());
    }
}
