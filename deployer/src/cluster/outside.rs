//! Whether something answers at an address that is not the API server's: the ingress of a cluster.

use anyhow::anyhow;
use http::header::HOST;
use http::{HeaderValue, Request, Uri};
use kube::client::Body;
use kube::{Client, Config};
use radiant_contract::ProcessEnv;

use super::{Asked, Cluster, Place, proxy, refusal};
use crate::error::Failure;

impl Cluster {
    /// Asks for a URL as anybody may, without any of the credentials for the cluster, and gives the status.
    ///
    /// # Errors
    /// When the URL is none, or nothing answers.
    pub(crate) async fn probe(&self, url: &str, host: Option<&str>) -> Result<u16, Failure> {
        let wrong = |error: String| {
            Failure::usage(
                anyhow!(error).context(format!("`{url}`: expected an http or https URL")),
            )
        };
        let uri: Uri =
            url.parse().map_err(|error: http::uri::InvalidUri| wrong(error.to_string()))?;
        let root = Uri::builder()
            .scheme(uri.scheme_str().unwrap_or_default())
            .authority(uri.authority().map_or("", |it| it.as_str()))
            .path_and_query("/")
            .build()
            .map_err(|error| wrong(error.to_string()))?;
        let mut config = Config::new(root.clone());
        config.default_retry = false;
        config.connect_timeout = Some(self.request_timeout);
        config.proxy_url = proxy::choose(&root, None, &ProcessEnv)?;
        let place = Place { server: url.to_owned(), context: None, plugin: None };
        let client =
            Client::try_from(config).map_err(|error| refusal::of_client(&error, &place))?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request =
            Request::get(path).body(Body::empty()).map_err(|it| wrong(it.to_string()))?;
        if let Some(host) = host.map(HeaderValue::from_str).transpose().ok().flatten() {
            request.headers_mut().insert(HOST, host);
        }
        let asked = Asked { verb: "get", resource: url.to_owned(), name: None, namespace: None };
        let limit = self.request_timeout;
        let answer = tokio::time::timeout(limit, client.send(request)).await;
        let answer = answer.map_err(|_| refusal::timed_out(&asked, &place, limit))?;
        let answer = answer.map_err(|error| refusal::of_client(&error, &place))?;
        Ok(answer.status().as_u16())
    }
}
