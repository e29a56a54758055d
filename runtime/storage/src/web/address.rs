//! An address on the web, apart from what is secret in it.

use std::fmt;

use percent_encoding::percent_decode_str;
use reqwest::Url;

use super::WebError;
use crate::ModelUri;

/// An address and a login. Shows neither the login nor the query, which may be a signature.
#[derive(Clone)]
pub(super) struct Address {
    url: Url,
    login: Option<Login>,
    shown: String,
}

/// What basic authentication needs.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: String,
}

impl Address {
    /// Reads an address of the web.
    pub(super) fn parse(text: &str) -> Result<Self, WebError> {
        let shown = ModelUri::parse(text).map(|uri| uri.to_string()).unwrap_or_default();
        let bad = |reason: &'static str| WebError::Address { reason };
        let mut url = Url::parse(text)
            .map_err(|_| bad("a host, and in the path no other characters than addresses have"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad("`http://` or `https://` before it"));
        }
        let login = login(&url).map_err(|()| bad("a user and password in UTF-8"))?;
        // Neither fails where there is a host, and addresses of the web have one.
        if url.set_username("").and_then(|()| url.set_password(None)).is_err() {
            return Err(bad("a host"));
        }
        url.set_fragment(None);
        Ok(Self { url, login, shown })
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    pub(super) fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// Whether the server is on this machine.
    pub(super) fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        }
    }
}

fn login(url: &Url) -> Result<Option<Login>, ()> {
    let decode = |text: &str| {
        let decoded = percent_decode_str(text).decode_utf8().map_err(|_| ());
        decoded.map(std::borrow::Cow::into_owned)
    };
    let password = url.password().unwrap_or_default();
    if url.username().is_empty() && password.is_empty() {
        return Ok(None);
    }
    Ok(Some(Login { user: decode(url.username())?, password: decode(password)? }))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_taken_out_and_never_shown() {
        let text = "https://us%40er:SEC%2FRET@Host:8443/a%20b.onnx?sig=SECRET#SECRET";
        let address = Address::parse(text).unwrap();
        assert_eq!(address.url().as_str(), "https://host:8443/a%20b.onnx?sig=SECRET");
        let login = address.login().unwrap();
        assert_eq!((login.user.as_str(), login.password.as_str()), ("us@er", "SEC/RET"));
        for shown in [address.to_string(), format!("{address:?}")] {
            assert!(!shown.contains("SEC"), "{shown}");
        }
        assert!(Address::parse("http://host/a").unwrap().login().is_none());
    }

    #[test]
    fn what_is_no_address_of_the_web_is_refused_without_secrets() {
        for text in ["", "https://", "ftp://u:SECRET@host/a", "http://u:SECRET@/a?SECRET", "/a"] {
            let error = Address::parse(text).unwrap_err().to_string();
            assert!(error.contains("expected") && !error.contains("SECRET"), "{text}: {error}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (text, expected) in [
            ("http://127.0.0.1:1/a", true),
            ("http://[::1]/a", true),
            ("http://localhost/a", true),
            ("http://localhost.example/a", false),
            ("http://10.0.0.1/a", false),
        ] {
            assert_eq!(Address::parse(text).unwrap().is_loopback(), expected, "{text}");
        }
    }
}
