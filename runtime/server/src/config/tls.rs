//! The files of TLS: all that it needs, or none.

use std::path::PathBuf;

use radiant_contract::env::{
    RADIANT_TLS_CERT_FILE, RADIANT_TLS_CLIENT_CA_FILE, RADIANT_TLS_KEY_FILE,
};

use super::Flags;
use super::resolve::Resolver;
use super::value::FILE;

/// Where the PEM files are that the REST and gRPC ports speak TLS with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate and those that lead to its authority.
    pub cert: PathBuf,
    /// The certificate's private key.
    pub key: PathBuf,
    /// The authorities that clients' certificates must come from; absent, clients need none.
    pub client_ca: Option<PathBuf>,
}

pub(super) fn files(resolver: &mut Resolver<'_>, flags: &Flags) -> Option<TlsFiles> {
    let cert = resolver
        .option("tls_cert_file")
        .flag(flags.tls_cert_file.as_ref())
        .env(&[&RADIANT_TLS_CERT_FILE])
        .optional(&FILE);
    let key = resolver
        .option("tls_key_file")
        .flag(flags.tls_key_file.as_ref())
        .env(&[&RADIANT_TLS_KEY_FILE])
        .optional(&FILE);
    let client_ca = resolver
        .option("tls_client_ca_file")
        .flag(flags.tls_client_ca_file.as_ref())
        .env(&[&RADIANT_TLS_CLIENT_CA_FILE])
        .optional(&FILE);
    let (given, missing) = match (cert, key, &client_ca) {
        (Some(cert), Some(key), _) => return Some(TlsFiles { cert, key, client_ca }),
        (Some(_), None, _) => ("tls_cert_file", "`tls_key_file`"),
        (None, Some(_), _) => ("tls_key_file", "`tls_cert_file`"),
        (None, None, Some(_)) => ("tls_client_ca_file", "`tls_cert_file` and `tls_key_file`"),
        (None, None, None) => return None,
    };
    let message = format!("expected {missing} to be set too, got none");
    resolver.problem(given, resolver.source_of(given), message);
    None
}

#[cfg(test)]
mod tests {
    use radiant_contract::MapEnv;

    use super::super::{Config, ConfigErrors};
    use super::*;

    fn build(cert: &str, key: &str, client_ca: &str) -> Result<Config, ConfigErrors> {
        let typed = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let flags = Flags {
            tls_cert_file: typed(cert),
            tls_client_ca_file: typed(client_ca),
            ..Flags::default()
        };
        let env: MapEnv = [("RADIANT_TLS_KEY_FILE", key)].into_iter().collect();
        Config::build(&flags, &env, None)
    }

    #[test]
    fn tls_takes_a_certificate_with_its_key_and_perhaps_authorities() {
        assert_eq!(build("", "", "").expect("no TLS is fine").tls, None);
        let tls = |ca| build("c.pem", "k.pem", ca).expect("the pair is whole").tls;
        let files = TlsFiles { cert: "c.pem".into(), key: "k.pem".into(), client_ca: None };
        assert_eq!(tls(""), Some(files.clone()));
        assert_eq!(tls("ca.pem"), Some(TlsFiles { client_ca: Some("ca.pem".into()), ..files }));
    }

    #[test]
    fn half_of_tls_is_a_mistake() {
        let message = |cert, key, ca| build(cert, key, ca).expect_err("half is there").to_string();
        let no_key = "`tls_cert_file` from flag --tls-cert-file: expected `tls_key_file` to be set \
                      too, got none";
        assert_eq!(message("c.pem", "", ""), no_key);
        assert_eq!(message("c.pem", "", "ca.pem"), no_key);
        assert_eq!(
            message("", "k.pem", ""),
            "`tls_key_file` from environment variable RADIANT_TLS_KEY_FILE: expected \
             `tls_cert_file` to be set too, got none"
        );
        assert_eq!(
            message("", "", "ca.pem"),
            "`tls_client_ca_file` from flag --tls-client-ca-file: expected `tls_cert_file` and \
             `tls_key_file` to be set too, got none"
        );
        let flags = Flags { tls_cert_file: Some(String::new()), ..Flags::default() };
        let errors = Config::build(&flags, &MapEnv::default(), None).expect_err("it names nothing");
        assert_eq!(
            errors.to_string(),
            "`tls_cert_file` from flag --tls-cert-file: expected the path of a file, got ``"
        );
    }
}
