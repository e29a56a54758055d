//! Logging in: what a registry wants to see, and the tokens of its token service.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use url::form_urlencoded;

use super::access::Purpose;
use super::auth::Credential;
use super::challenge::{self, Challenge};
use super::error::OciError;
use super::http;
use super::session::Session;

/// The longest answer of a token service.
const TOKEN_BYTES_MAX: u64 = 1024 * 1024;

impl Session {
    /// Does what the registry wants to see before it answers.
    ///
    /// `used` is what the refused request showed: if there is something newer, that will do.
    ///
    /// # Errors
    /// [`OciError`]: there is no way in, or none that we may take.
    pub(super) async fn authorize(
        &self,
        response: Response,
        used: Option<&HeaderValue>,
    ) -> Result<(), OciError> {
        // Nobody closes it, and nothing is lost where two log in.
        let _turn = self.logging_in.acquire().await;
        if self.authorization().as_ref() != used {
            return Ok(());
        }
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
        self.set_authorization(value);
        Ok(())
    }

    fn no_login(&self, expected: &'static str, got: String) -> OciError {
        OciError::Login { reference: self.reference.to_string(), expected, got }
    }

    /// Gets a token for what the repository was opened for.
    async fn token(&self, realm: &str, service: Option<&str>) -> Result<String, OciError> {
        let realm = self.check_realm(realm)?;
        let scopes = self.scopes();
        let (own, others) = scopes.split_at(1);
        let request = || self.token_request(&realm, service, &scopes);
        let mut response = self.patiently("a token", request).await?;
        // Some services give nothing at all where one of the others is not for us.
        if !others.is_empty() && response.status().is_client_error() {
            let request = || self.token_request(&realm, service, own);
            response = self.patiently("a token", request).await?;
        }
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
    pub(super) fn check_realm(&self, realm: &str) -> Result<Url, OciError> {
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

    /// What tokens are asked for: the repository first, then those that blobs are taken over from.
    fn scopes(&self) -> Vec<String> {
        let own = |actions| format!("repository:{}:{actions}", self.reference.repository());
        match &self.purpose {
            Purpose::Pull => vec![own("pull")],
            Purpose::Push { mount_from } => {
                let others = mount_from.iter().map(|name| format!("repository:{name}:pull"));
                std::iter::once(own("pull,push")).chain(others).collect()
            }
        }
    }

    fn token_request(
        &self,
        realm: &Url,
        service: Option<&str>,
        scopes: &[String],
    ) -> RequestBuilder {
        let service = service.map(|service| ("service", service));
        if let Some(Credential::Identity(token)) = &self.login.credential {
            let form = form_urlencoded::Serializer::new(String::new())
                .append_pair("grant_type", "refresh_token")
                .append_pair("client_id", "radiant")
                .append_pair("refresh_token", token)
                .append_pair("scope", &scopes.join(" "))
                .extend_pairs(service)
                .finish();
            let kind = "application/x-www-form-urlencoded";
            return self.client.post(realm.clone()).header(CONTENT_TYPE, kind).body(form);
        }
        let mut url = realm.clone();
        let pairs = scopes.iter().map(|scope| ("scope", scope.as_str()));
        url.query_pairs_mut().extend_pairs(pairs).extend_pairs(service);
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
