//! TLS for the REST and gRPC ports: one certificate for both, read again when its files change.
//!
//! TLS 1.2 and 1.3 by rustls with ring; with a file of authorities, clients must show a certificate
//! of one of them. A connection keeps what it began with, and sessions of before a change are not
//! resumed after it, so that a client of an authority that was taken away does not come back in.
//! Revocation lists are not read, and there is one certificate for all names.

#[cfg(test)]
mod file_tests;
mod files;
mod stream;
#[cfg(test)]
mod tests;
mod validity;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{RootCertStore, ServerConfig};
use tokio::time::MissedTickBehavior;
use tokio_rustls::TlsAcceptor;

use crate::config::TlsFiles;
use files::{Contents, File};

pub(crate) use files::TlsError;
pub(crate) use stream::{Stream, accept};

/// The protocol that a port speaks over TLS, which both sides agree on in the handshake (RFC 7301).
/// A client that names none of them gets it all the same; one that names others only is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alpn {
    /// `http/1.1`
    Http1,
    /// `h2`
    H2,
}

impl Alpn {
    const fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::Http1 => b"http/1.1",
            Self::H2 => b"h2",
        }
    }
}

/// What connections are accepted with now, and what it was read from.
pub(crate) struct Tls {
    files: TlsFiles,
    current: ArcSwap<Configs>,
    seen: Mutex<Seen>,
}

/// One change replaces both, so that the ports never differ.
struct Configs {
    http1: Arc<ServerConfig>,
    h2: Arc<ServerConfig>,
    /// When the certificate ends.
    not_after: Option<String>,
}

/// What was found last, good or bad: it is looked at once and told once.
struct Seen {
    contents: Contents,
    /// What stood in the way of reading the files.
    unreadable: Option<String>,
}

/// What came of looking at the files again.
#[derive(Debug)]
enum Reload {
    /// Nothing new.
    Unchanged,
    /// New connections get what the files hold now.
    Swapped,
    /// The files are new and bad.
    Refused(TlsError),
}

impl Tls {
    /// Reads the files. Blocks on the disk.
    ///
    /// # Errors
    /// Which file is wrong, what is expected in it and what is there; nothing of a key is told.
    pub(crate) fn load(files: TlsFiles) -> Result<Arc<Self>, TlsError> {
        let contents = Contents::read(&files)?;
        let configs = configs(&files, &contents)?;
        tracing::info!(
            certificate = %files.cert.display(),
            not_after = configs.not_after,
            client_authorities = files.client_ca.as_ref().map(|path| path.display().to_string()),
            "serving over TLS"
        );
        let current = ArcSwap::from_pointee(configs);
        let seen = Mutex::new(Seen { contents, unreadable: None });
        Ok(Arc::new(Self { files, current, seen }))
    }

    /// What the next connection of a port is accepted with.
    pub(crate) fn acceptor(&self, alpn: Alpn) -> TlsAcceptor {
        let configs = self.current.load();
        TlsAcceptor::from(Arc::clone(match alpn {
            Alpn::Http1 => &configs.http1,
            Alpn::H2 => &configs.h2,
        }))
    }

    /// Reads the files again, and takes what they hold if it is new and good. Blocks on the disk.
    ///
    /// What they hold is compared, for times do not tell: Kubernetes puts new contents in by turning
    /// a symbolic link. What is bad is warned of, once, and changes nothing.
    pub(crate) fn reload_if_changed(&self) {
        match self.reload() {
            Reload::Unchanged => {}
            Reload::Swapped => tracing::info!(
                certificate = %self.files.cert.display(),
                not_after = self.current.load().not_after,
                "TLS files changed"
            ),
            Reload::Refused(error) => {
                tracing::warn!(%error, "TLS files changed and are not taken; the old ones hold");
            }
        }
    }

    fn reload(&self) -> Reload {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let contents = match Contents::read(&self.files) {
            Ok(contents) => contents,
            Err(error) => {
                let text = error.to_string();
                let is_new = seen.unreadable.as_ref() != Some(&text);
                seen.unreadable = Some(text);
                return if is_new { Reload::Refused(error) } else { Reload::Unchanged };
            }
        };
        seen.unreadable = None;
        if contents == seen.contents {
            return Reload::Unchanged;
        }
        // While files are being replaced one may be old and another new, or half of it there. They
        // are looked at again later if they do not stay as they are.
        if !Contents::read(&self.files).is_ok_and(|again| again == contents) {
            return Reload::Unchanged;
        }
        let configs = configs(&self.files, &contents);
        seen.contents = contents;
        match configs {
            Ok(configs) => {
                self.current.store(Arc::new(configs));
                Reload::Swapped
            }
            Err(error) => Reload::Refused(error),
        }
    }

    /// Looks at the files in this interval, for ever; dropping it ends it.
    pub(crate) async fn watch(self: Arc<Self>, every: Duration) {
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick is at once.
        ticks.tick().await;
        loop {
            ticks.tick().await;
            let tls = Arc::clone(&self);
            if let Err(error) = tokio::task::spawn_blocking(move || tls.reload_if_changed()).await {
                tracing::error!(%error, "looking at the TLS files failed");
            }
        }
    }
}

impl fmt::Debug for Tls {
    /// The files' names; what they hold is secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

/// Checks what the files hold, and makes of it what connections are accepted with.
fn configs(files: &TlsFiles, contents: &Contents) -> Result<Configs, TlsError> {
    // Given here and not taken from the process: other parts of it may choose another.
    let provider = Arc::new(ring::default_provider());
    let pair = certified_key(files, contents, &provider)?;
    let not_after = pair.cert.first().and_then(|cert| validity::not_after(cert));
    let unusable = |error: &dyn fmt::Display| {
        File::Certificate.error(&files.cert, format!("cannot be used: {error}"))
    };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?;
    let builder = match (&files.client_ca, &contents.client_ca) {
        (Some(path), Some(pem)) => {
            let roots = Arc::new(authorities(path, pem)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
            let verifier = verifier.map_err(|error| {
                File::ClientAuthorities.error(path, format!("cannot be used: {error}"))
            })?;
            builder.with_client_cert_verifier(verifier)
        }
        _ => builder.with_no_client_auth(),
    };
    let base = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(pair)));
    let speaking = |alpn: Alpn| {
        let mut config = base.clone();
        config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
        Arc::new(config)
    };
    Ok(Configs { http1: speaking(Alpn::Http1), h2: speaking(Alpn::H2), not_after })
}

/// The certificate with its chain and its key, which belong together.
fn certified_key(
    files: &TlsFiles,
    contents: &Contents,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, TlsError> {
    let chain = files::certificates(File::Certificate, &files.cert, &contents.cert)?;
    let key = files::private_key(&files.key, &contents.key)?;
    let wrong_key = |message: String| File::Key.error(&files.key, message);
    let key = provider.key_provider.load_private_key(key).map_err(|_error| {
        let expected = "expected an RSA, ECDSA P-256, ECDSA P-384 or Ed25519 key, got another";
        wrong_key(expected.to_owned())
    })?;
    let pair = CertifiedKey::new(chain, key);
    match pair.keys_match() {
        Ok(()) => Ok(pair),
        Err(_) => Err(wrong_key(format!(
            "expected the key of the first certificate in `{}`, got another's",
            files.cert.display()
        ))),
    }
}

fn authorities(path: &Path, pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    let certificates = files::certificates(File::ClientAuthorities, path, pem)?;
    for (index, certificate) in certificates.into_iter().enumerate() {
        roots.add(certificate).map_err(|error| {
            let message = format!("certificate {}: cannot be used: {error}", index + 1);
            File::ClientAuthorities.error(path, message)
        })?;
    }
    Ok(roots)
}
