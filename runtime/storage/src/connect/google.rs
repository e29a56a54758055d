//! Tokens of Google that the library has no source for: of people who signed in, by the address
//! that their application has, and of the metadata server, at the host that variables name.

use std::sync::Arc;
use std::time::{Duration, Instant};

use object_store::CredentialProvider;
use object_store::gcp::GcpCredential;
use radiant_contract::credentials::GoogleRefresh;
use tokio::sync::Mutex;

use super::ConnectError;
use super::http::{Http, ask};

/// Where Google renews tokens.
const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";
/// Where the metadata server has tokens of the machine's, or the pod's, service account.
const METADATA_PATH: &str = "computeMetadata/v1/instance/service-accounts/default/token";
/// How long before its end a token is renewed. The metadata server hands out the old one until
/// four minutes before.
const RENEWED_BEFORE: Duration = Duration::from_secs(200);

/// Where tokens are from.
pub(super) enum TokenSource {
    /// Somebody who signed in.
    Refresh(GoogleRefresh),
    /// The metadata server.
    Metadata {
        /// Its host.
        host: String,
    },
}

/// Tokens of one source, each kept while it is good.
pub(super) struct Tokens {
    source: TokenSource,
    client: reqwest::Client,
    retries_max: usize,
    backoff: Duration,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    credential: Arc<GcpCredential>,
    until: Instant,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let source = match self.source {
            TokenSource::Refresh(_) => "refresh",
            TokenSource::Metadata { .. } => "metadata",
        };
        f.debug_struct("Tokens").field("source", &source).finish_non_exhaustive()
    }
}

impl Tokens {
    pub(super) fn new(source: TokenSource, client: reqwest::Client, http: &Http) -> Self {
        let (retries_max, backoff) = (http.retries_max, http.backoff_first);
        Self { source, client, retries_max, backoff, kept: Mutex::new(None) }
    }

    /// Gets the first token, asking once.
    ///
    /// # Errors
    /// When there is none.
    pub(super) async fn try_once(&self) -> Result<(), String> {
        let kept = self.fetch().await.map_err(|failure| failure.reason)?;
        *self.kept.lock().await = Some(kept);
        Ok(())
    }

    const fn what(&self) -> &'static str {
        match self.source {
            TokenSource::Refresh(_) => "google's token service",
            TokenSource::Metadata { .. } => "google's metadata server",
        }
    }

    fn request(&self) -> reqwest::RequestBuilder {
        match &self.source {
            TokenSource::Refresh(refresh) => {
                let form = url::form_urlencoded::Serializer::new(String::new())
                    .append_pair("grant_type", "refresh_token")
                    .append_pair("client_id", &refresh.client_id)
                    .append_pair("client_secret", refresh.client_secret.expose())
                    .append_pair("refresh_token", refresh.token.expose())
                    .finish();
                let url = refresh.token_url.as_deref().unwrap_or(TOKEN_URL);
                let kind = "application/x-www-form-urlencoded";
                self.client.post(url).header(reqwest::header::CONTENT_TYPE, kind).body(form)
            }
            TokenSource::Metadata { host } => {
                let url = format!("http://{host}/{METADATA_PATH}");
                self.client.get(url).header("metadata-flavor", "Google")
            }
        }
    }

    async fn fetch(&self) -> Result<Kept, Failure> {
        let (status, body) = ask(self.request(), self.what()).await.map_err(|error| {
            let reason = match error {
                ConnectError::Token { reason, .. } => reason,
                other => other.to_string(),
            };
            Failure { reason, is_passing: true }
        })?;
        let json: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        if !status.is_success() {
            // A word such as `invalid_grant`.
            let word = json.get("error").and_then(serde_json::Value::as_str).unwrap_or_default();
            let is_word = |c: char| c.is_ascii_lowercase() || c == '_';
            let word = Some(word).filter(|word| !word.is_empty() && word.chars().all(is_word));
            let word = word.map(|word| format!(" (`{word}`)")).unwrap_or_default();
            let is_passing = status.is_server_error() || status.as_u16() == 429;
            return Err(Failure { reason: format!("it answered {status}{word}"), is_passing });
        }
        let token = json.get("access_token").and_then(serde_json::Value::as_str);
        let token = token.filter(|it| !it.is_empty() && it.chars().all(|c| c.is_ascii_graphic()));
        let Some(token) = token else {
            let reason = "expected JSON with a text `access_token`, got something else".to_owned();
            return Err(Failure { reason, is_passing: false });
        };
        let seconds = json.get("expires_in").and_then(serde_json::Value::as_u64).unwrap_or(0);
        let until = Instant::now()
            .checked_add(Duration::from_secs(seconds).saturating_sub(RENEWED_BEFORE))
            .unwrap_or_else(Instant::now);
        let credential = Arc::new(GcpCredential { bearer: token.to_owned() });
        Ok(Kept { credential, until })
    }

    async fn fetch_persistently(&self) -> Result<Kept, Failure> {
        let mut pause = self.backoff;
        for _ in 0..self.retries_max {
            match self.fetch().await {
                Err(failure) if failure.is_passing => {
                    tokio::time::sleep(pause).await;
                    pause = pause.saturating_mul(2);
                }
                result => return result,
            }
        }
        self.fetch().await
    }
}

/// Why there is no token, and whether there may be one soon.
struct Failure {
    reason: String,
    is_passing: bool,
}

#[async_trait::async_trait]
impl CredentialProvider for Tokens {
    type Credential = GcpCredential;

    /// Requests that come while a token is renewed wait for it.
    async fn get_credential(&self) -> object_store::Result<Arc<GcpCredential>> {
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| kept.until > Instant::now()) {
            return Ok(Arc::clone(&kept.credential));
        }
        let fetched = self.fetch_persistently().await.map_err(|failure| {
            let error = ConnectError::Token { what: self.what(), reason: failure.reason };
            object_store::Error::Generic { store: "GCS", source: Box::new(error) }
        })?;
        let credential = Arc::clone(&fetched.credential);
        *kept = Some(fetched);
        Ok(credential)
    }
}
