//! The client of HTTP for the web and for registries, which are asked as users name them, and what its
//! answers and errors mean.

use std::error::Error;
use std::io;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, StatusCode, Url};

use crate::connect::install_crypto;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How often a server may send us on.
const REDIRECTS_MAX: usize = 10;

/// Makes a client that follows few redirects, never out of TLS, and takes no login with it to another
/// host. Without a byte for as long as `stall`, a connection counts as broken; `authorities` are
/// trusted beside those of the system.
///
/// # Errors
/// When there are no certificates to trust.
pub(crate) fn client(
    is_loopback: bool,
    stall: Option<Duration>,
    authorities: &[Certificate],
) -> Result<Client, reqwest::Error> {
    install_crypto();
    let builder = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("radiant/", env!("CARGO_PKG_VERSION")))
        // It would tell the next host a signature.
        .referer(false)
        .redirect(Policy::custom(|attempt| {
            match check_redirect(attempt.previous(), attempt.url()) {
                Ok(()) => attempt.follow(),
                Err(reason) => attempt.error(reason),
            }
        }));
    // A proxy cannot reach what is on this machine.
    let builder = if is_loopback { builder.no_proxy() } else { builder };
    let builder = match stall {
        Some(stall) => builder.read_timeout(stall),
        None => builder,
    };
    let builder = match authorities {
        [] => builder,
        more => builder.tls_certs_merge(more.iter().cloned()),
    };
    builder.build()
}

fn check_redirect(previous: &[Url], next: &Url) -> Result<(), &'static str> {
    if previous.len() > REDIRECTS_MAX {
        return Err("more than 10 redirects");
    }
    let was_safe = previous.last().is_some_and(|url| url.scheme() == "https");
    if was_safe && next.scheme() != "https" {
        return Err("a redirect from https to plain http");
    }
    if !matches!(next.scheme(), "http" | "https") {
        return Err("a redirect out of the web");
    }
    Ok(())
}

/// Whether the other side spoke TLS, but nobody vouches for it.
pub(crate) fn is_untrusted(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return matches!(tls, rustls::Error::InvalidCertificate(_));
        }
        // What an error of the system wraps is not its source, but the source of that is.
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = wrapped.map_or_else(|| cause.source(), |inner| Some(inner));
    }
    false
}

/// Whether asking again may help.
pub(crate) fn is_passing(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_are_few_and_stay_safe() {
        let url = |text: &str| Url::parse(text).unwrap();
        let (safe, plain) = (url("https://a/"), url("http://a/"));
        for (previous, next, is_right) in [
            (vec![plain.clone()], "https://b/", true),
            (vec![plain.clone()], "http://b/", true),
            (vec![safe.clone()], "https://b/", true),
            (vec![safe.clone()], "http://a/", false),
            (vec![plain.clone(), safe.clone()], "http://a/", false),
            (vec![plain.clone()], "file:///etc/passwd", false),
            (vec![safe.clone(); 10], "https://a/", true),
            (vec![safe.clone(); 11], "https://a/", false),
        ] {
            let checked = check_redirect(&previous, &url(next));
            assert_eq!(checked.is_ok(), is_right, "{previous:?} {next}: {checked:?}");
        }
    }

    #[test]
    fn a_certificate_that_is_not_trusted_is_known_however_deep_it_lies() {
        let unknown = || rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let within = |error| io::Error::other(io::Error::other(error));
        for (cause, expected) in [
            (Box::new(unknown()) as Box<dyn Error>, true),
            (Box::new(io::Error::other(unknown())), true),
            (Box::new(within(unknown())), true),
            (Box::new(within(rustls::Error::EncryptError)), false),
            (Box::new(io::Error::other("reset")), false),
        ] {
            assert_eq!(is_untrusted(&*cause), expected, "{cause}");
        }
    }
}
