//! Requests to one repository of a registry: logging in, asking, asking again.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, RANGE, WWW_AUTHENTICATE};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use url::form_urlencoded;

use super::auth::{Credential, Login};
use super::challenge::{self, Challenge};
use super::error::OciError;
use super::http;
use super::reference::Reference;
use crate::transfer::{Failure, Retries, Tries};

/// The longest answer of a token service.
const TOKEN_BYTES_MAX: u64 = 1024 * 1024;

/// A repository, and how to be let into it.
pub(super) struct Session {
    client: Client,
    scheme: &'static str,
    reference: Reference,
    login: Login,
    retries: Retries,
    authorization: Mutex<Option<HeaderValue>>,
}

/// One thing to ask a registry for.
pub(super) struct Ask<'a> {
    pub method: Method,
    /// Below the repository.
    pub path: String,
    /// Types that are understood.
    pub accept: Option<&'a str>,
    /// The first byte that is wanted.
    pub from: u64,
    /// For errors: what it is.
    pub what: &'a str,
}

impl Session {
    /// Prepares a session; a registry on this machine is asked whether it speaks TLS, any other does
    /// unless it is listed.
    ///
    /// # Errors
    /// [`OciError::Client`].
    pub(super) async fn open(
        reference: &Reference,
        login: Login,
        plain_http: &[String],
        retries: Retries,
    ) -> Result<Self, OciError> {
        let is_loopback = reference.is_loopback();
        let client = http::client(is_loopback)?;
        let is_listed = plain_http.iter().any(|registry| registry == reference.registry());
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
        let reference = reference.clone();
        let authorization = Mutex::new(None);
        Ok(Self { client, scheme, reference, login, retries, authorization })
    }

    pub(super) fn reference(&self) -> String {
        self.reference.to_string()
    }

    pub(super) fn retries(&self) -> Retries {
        self.retries
    }

    /// Asks, logs in if the registry wants that, and asks again what fails by chance.
    ///
    /// # Errors
    /// [`OciError`]: the registry cannot be reached, does not let us in, or has no such thing.
    pub(super) async fn ask(&self, ask: &Ask<'_>) -> Result<Response, OciError> {
        let mut response = self.patiently(ask.what, || self.request(ask)).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            self.authorize(response).await?;
            response = self.patiently(ask.what, || self.request(ask)).await?;
        }
        if matches!(response.status(), StatusCode::OK | StatusCode::PARTIAL_CONTENT) {
            return Ok(response);
        }
        Err(self.refusal(ask.what, response, 1).await)
    }

    fn request(&self, ask: &Ask<'_>) -> RequestBuilder {
        let (host, repository) = (self.reference.api_host(), self.reference.repository());
        let url = format!("{}://{host}/v2/{repository}/{}", self.scheme, ask.path);
        let mut request = self.client.request(ask.method.clone(), url);
        if let Some(accept) = ask.accept {
            request = request.header(ACCEPT, accept);
        }
        if ask.from > 0 {
            request = request.header(RANGE, format!("bytes={}-", ask.from));
        }
        match self.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            Some(value) => request.header(AUTHORIZATION, value),
            None => request,
        }
    }

    /// Sends a request until it is answered with something that will not pass.
    async fn patiently(
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
    fn wait(&self, ours: Duration, theirs: Option<Duration>) -> Duration {
        ours.max(theirs.unwrap_or_default().min(self.retries.longest))
    }

    pub(super) fn unreachable(&self, error: reqwest::Error, attempts: u32) -> OciError {
        let registry = self.reference.registry().to_owned();
        let (is_tls, is_untrusted) = (self.scheme == "https", http::is_untrusted(&error));
        let mut reason = http::reason(error);
        if is_untrusted {
            reason += ": name a file with the certificate's authority in `SSL_CERT_FILE`";
        }
        // What rustls says when the first bytes are not TLS.
        if is_tls && reason.contains("InvalidContentType") {
            reason = format!(
                "it speaks plain http, not TLS: list `{registry}` in `RADIANT_OCI_PLAIN_HTTP` if \
                 that is meant"
            );
        }
        OciError::Connect { registry, attempts, reason }
    }

    async fn refusal(&self, what: &str, response: Response, attempts: u32) -> OciError {
        let (reference, what) = (self.reference.to_string(), what.to_owned());
        let status = response.status();
        let said = http::said(response).await;
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let mut login = self.login.story.clone();
                if self.login.credential.is_none() {
                    // So registries answer for repositories that they do not show, or do not have.
                    login += ", unless the repository's name is wrong";
                }
                OciError::Refused { reference, status: status.as_u16(), said, login }
            }
            StatusCode::NOT_FOUND => OciError::NotFound { reference, what, said },
            _ => OciError::Status { reference, what, status: status.as_u16(), said, attempts },
        }
    }

    /// Does what the registry wants to see before it answers.
    async fn authorize(&self, response: Response) -> Result<(), OciError> {
        let headers = response.headers().get_all(WWW_AUTHENTICATE);
        let wanted = challenge::parse(headers.iter().filter_map(|value| value.to_str().ok()));
        let has_basic = wanted.contains(&Challenge::Basic);
        let bearer = wanted.into_iter().find_map(|challenge| match challenge {
            Challenge::Bearer { realm, service } => Some((realm, service)),
            Challenge::Basic => None,
        });
        let value = match (&self.login.credential, bearer) {
            (Some(Credential::Bearer(token)), _) => format!("Bearer {token}"),
            (_, Some((realm, service))) => {
                format!("Bearer {}", self.token(&realm, service.as_deref()).await?)
            }
            (Some(Credential::Basic(user, password)), None) if has_basic => basic(user, password),
            (Some(Credential::Identity(_)), None) if has_basic => {
                let expected = "a registry that takes tokens, as the auth file has one";
                return Err(self.no_login(expected, "one that takes passwords only".to_owned()));
            }
            _ => return Err(self.refusal("access", response, 1).await),
        };
        let mut value = HeaderValue::from_str(&value).map_err(|_| {
            self.no_login("a token that can be sent", "one with letters that cannot".to_owned())
        })?;
        value.set_sensitive(true);
        *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        Ok(())
    }

    fn no_login(&self, expected: &'static str, got: String) -> OciError {
        OciError::Login { reference: self.reference.to_string(), expected, got }
    }

    /// Gets a token for pulling from the repository.
    async fn token(&self, realm: &str, service: Option<&str>) -> Result<String, OciError> {
        let realm = self.check_realm(realm)?;
        let request = || self.token_request(&realm, service);
        let response = self.patiently("a token", request).await?;
        if response.status() != StatusCode::OK {
            return Err(self.refusal("a token", response, 1).await);
        }
        let expected = "a token in JSON";
        let body = http::body(response, TOKEN_BYTES_MAX).await;
        let body = body.map_err(|error| self.unreachable(error, 1))?.unwrap_or_default();
        let token: Token = serde_json::from_slice(&body)
            .map_err(|_| self.no_login(expected, "something else".to_owned()))?;
        let token = [token.token, token.access_token].into_iter().flatten();
        let token = token.into_iter().find(|token| !token.is_empty());
        token.ok_or_else(|| self.no_login(expected, "none".to_owned()))
    }

    /// A registry behind TLS must not make us send passwords without it.
    fn check_realm(&self, realm: &str) -> Result<Url, OciError> {
        let expected = "a token service at an `https` address";
        let url = realm.parse::<Url>();
        let url = url.map_err(|_| self.no_login(expected, format!("`{}`", http::cut(realm))))?;
        let is_as_safe = url.scheme() == "https" || url.scheme() == self.scheme;
        if is_as_safe {
            return Ok(url);
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        Err(self.no_login(expected, format!("`{}://{}`", url.scheme(), http::cut(&host))))
    }

    fn token_request(&self, realm: &Url, service: Option<&str>) -> RequestBuilder {
        let scope = format!("repository:{}:pull", self.reference.repository());
        let service = service.map(|service| ("service", service));
        if let Some(Credential::Identity(token)) = &self.login.credential {
            let form = form_urlencoded::Serializer::new(String::new())
                .append_pair("grant_type", "refresh_token")
                .append_pair("client_id", "radiant")
                .append_pair("refresh_token", token)
                .append_pair("scope", &scope)
                .extend_pairs(service)
                .finish();
            let kind = "application/x-www-form-urlencoded";
            return self.client.post(realm.clone()).header(CONTENT_TYPE, kind).body(form);
        }
        let mut url = realm.clone();
        url.query_pairs_mut().append_pair("scope", &scope).extend_pairs(service);
        let request = self.client.get(url);
        match &self.login.credential {
            Some(Credential::Basic(user, password)) => request.basic_auth(user, Some(password)),
            _ => request,
        }
    }
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn session(address: &str, plain_http: &[&str]) -> Session {
        let login = Login { credential: None, story: String::new() };
        let plain_http: Vec<String> = plain_http.iter().map(|name| (*name).to_owned()).collect();
        let reference = Reference::parse(address).unwrap();
        Session::open(&reference, login, &plain_http, Retries::default()).await.unwrap()
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
