//! Where a registry wants contents sent: the header `Location`, which is checked.

use reqwest::header::LOCATION;
use reqwest::{Response, Url};

use super::super::error::OciError;
use super::super::http;
use super::super::session::Session;

/// Where the next request of an upload goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub url: Url,
    /// Whether it is the registry itself, which may see the login.
    pub is_registry: bool,
}

impl Place {
    /// Reads where an answer leads; `None` if it does not say.
    ///
    /// # Errors
    /// [`OciError::Elsewhere`].
    pub(super) fn of(
        session: &Session,
        response: &Response,
        what: &str,
    ) -> Result<Option<Self>, OciError> {
        let Some(location) = http::header(response, LOCATION) else { return Ok(None) };
        let url = response.url().join(location);
        let url = url.map_err(|_| session.elsewhere(what, "no address".to_owned()))?;
        session.place(url, what).map(Some)
    }

    /// The same with the digest that ends an upload.
    pub(super) fn with_digest(&self, digest: &str) -> Url {
        let mut url = self.url.clone();
        url.query_pairs_mut().append_pair("digest", digest);
        url
    }
}

impl Session {
    fn place(&self, mut url: Url, what: &str) -> Result<Place, OciError> {
        let registry = format!("{}://{}/", self.scheme, self.reference.api_host());
        let registry = registry.parse::<Url>().ok();
        let is_host = registry.as_ref().and_then(Url::host) == url.host();
        let has_port = registry.as_ref().and_then(Url::port_or_known_default);
        let is_port = url.port_or_known_default() == has_port
            || (url.port().is_none() && registry.as_ref().is_some_and(|it| it.port().is_none()));
        if is_host && is_port && matches!(url.scheme(), "http" | "https") {
            // Registries behind a proxy for TLS do not always know that they are. The port stays the
            // one that is asked.
            let set = url.set_scheme(self.scheme);
            return match set {
                Ok(()) => Ok(Place { url, is_registry: true }),
                Err(()) => Err(self.elsewhere(what, shown(&url))),
            };
        }
        let is_safe = url.scheme() == "https" || url.scheme() == self.scheme;
        let host = authority(&url);
        if is_safe && self.upload_hosts.contains(&host) {
            return Ok(Place { url, is_registry: false });
        }
        Err(self.elsewhere(what, shown(&url)))
    }

    fn elsewhere(&self, what: &str, got: String) -> OciError {
        OciError::Elsewhere {
            reference: self.reference(),
            what: what.to_owned(),
            expected: "an address of the registry itself, or of a host that `--upload-host` allows",
            got,
        }
    }
}

/// Host and port; the rest of an address may be signed.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn shown(url: &Url) -> String {
    format!("`{}://{}`", url.scheme(), http::cut(&authority(url)))
}

#[cfg(test)]
mod tests {
    use super::super::super::access::{Access, Purpose};
    use super::super::super::auth::Login;
    use super::super::super::reference::Reference;
    use super::*;

    async fn place(registry: &str, is_plain: bool, url: &str) -> Result<Place, String> {
        let plain_http = if is_plain { vec![registry.to_owned()] } else { Vec::new() };
        let upload_hosts = vec!["store.io".to_owned()];
        let access = Access { plain_http, upload_hosts, ..Access::default() };
        let login = Login { credential: None, story: String::new() };
        let reference = Reference::parse(&format!("{registry}/a/b")).unwrap();
        let purpose = Purpose::Push { mount_from: Vec::new() };
        let session = Session::open(&reference, purpose, login, &access).await.unwrap();
        session.place(url.parse().unwrap(), "layer 1").map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn contents_go_to_the_registry_or_where_that_is_allowed() {
        for (registry, is_plain, url, expected, is_registry) in [
            ("host.io", false, "https://host.io/u?s=1", "https://host.io/u?s=1", true),
            ("host.io", false, "http://host.io/u", "https://host.io/u", true),
            ("host.io:5000", true, "http://host.io:5000/u", "http://host.io:5000/u", true),
            ("host.io", false, "https://store.io/u", "https://store.io/u", false),
        ] {
            let url: Url = url.parse().unwrap();
            let found = place(registry, is_plain, url.as_str()).await.unwrap();
            assert_eq!((found.url.as_str(), found.is_registry), (expected, is_registry), "{url}");
        }
        for (url, got) in [
            ("https://other.io/u?sig=SECRET", "`https://other.io`"),
            ("https://host.io:444/u", "`https://host.io:444`"),
            ("http://store.io/u", "`http://store.io`"),
            ("ftp://host.io/u", "`ftp://host.io`"),
        ] {
            let error = place("host.io", false, url).await.unwrap_err();
            assert!(error.contains(got) && error.contains("--upload-host"), "{error}");
            assert!(!error.contains("SECRET"), "{error}");
        }
    }
}
