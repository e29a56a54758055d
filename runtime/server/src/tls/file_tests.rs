//! What is told of files that are wrong, and what is read from those that are right.

use std::fs;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};

use super::tests::{Authority, Folder, load};
use super::*;

#[test]
fn a_wrong_certificate_file_is_named_with_what_it_lacks() {
    let identity = Authority::new("ours").issue("localhost");
    let folder = Folder::new(&identity);
    let pem = identity.certificate.pem();
    let files = folder.files();
    let cut = pem.get(..pem.len() / 2).expect("it is ASCII");
    let junk = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    let cases = [
        (String::new(), "expected a certificate in PEM, got an empty file"),
        ("hello".to_owned(), "expected a certificate in PEM, got none"),
        (identity.key.serialize_pem(), "expected a certificate in PEM, got none"),
        (cut.to_owned(), "expected PEM, got a section without a last line of its own"),
        (pem.replace('\n', ""), "expected PEM, got a section without a last line of its own"),
        (
            pem.replacen("CERTIFICATE-----", "CERTIFICATE", 1),
            "expected PEM, got a section whose first line does not end in -----",
        ),
        (pem.replacen("MII", "M!I", 1), "expected PEM, got a section that is not base64"),
        (
            format!("{pem}{junk}"),
            "certificate 2: expected X.509 version 3, got one that is not (BadEncoding)",
        ),
        ("#".repeat((1 << 20) + 1), "expected at most 1048576 bytes, got more"),
    ];
    for (text, message) in cases {
        folder.write("tls.crt", text);
        assert_eq!(folder.error(&files), format!("TLS certificate file `tls.crt`: {message}"));
    }
    let missing = TlsFiles { cert: folder.path("nothing"), ..files.clone() };
    assert_eq!(
        folder.error(&missing),
        "TLS certificate file `nothing`: cannot be read: No such file or directory (os error 2)"
    );
    fs::create_dir(folder.path("folder")).expect("a folder");
    let is_folder = TlsFiles { cert: folder.path("folder"), ..files.clone() };
    let expected = "TLS certificate file `folder`: expected a file, got a folder";
    assert_eq!(folder.error(&is_folder), expected);
    let is_device = TlsFiles { cert: "/dev/null".into(), ..files };
    let expected = "TLS certificate file `/dev/null`: expected a file, got a pipe or device";
    assert_eq!(folder.error(&is_device), expected);
}

#[test]
fn a_wrong_key_file_is_named_and_nothing_of_the_key_is_told() {
    let authority = Authority::new("ours");
    let identity = authority.issue("localhost");
    let folder = Folder::new(&identity);
    let key = identity.key.serialize_pem();
    let secret = key.lines().nth(1).expect("the key's first line").to_owned();
    let junk = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
    let none =
        "expected a private key in PEM (PKCS#8, PKCS#1 or SEC1, not encrypted), got".to_owned();
    let encrypted = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMAA=\n\
                     -----END RSA PRIVATE KEY-----\n";
    let cases = [
        (String::new(), format!("{none} an empty file")),
        (identity.certificate.pem(), format!("{none} none")),
        (secret.clone(), format!("{none} none")),
        (key.replace("PRIVATE", "ENCRYPTED PRIVATE"), format!("{none} an encrypted one")),
        (encrypted.to_owned(), format!("{none} an encrypted one")),
        (
            key.replace('\n', ""),
            "expected PEM, got a section without a last line of its own".to_owned(),
        ),
        (
            key.replacen("-----\n", "", 1),
            "expected PEM, got a section whose first line does not end in -----".to_owned(),
        ),
        (
            key.replacen(&secret, &format!("{secret}="), 1),
            "expected PEM, got a section that is not base64".to_owned(),
        ),
        (
            junk.to_owned(),
            "expected an RSA, ECDSA P-256, ECDSA P-384 or Ed25519 key, got another".to_owned(),
        ),
        (
            authority.issue("localhost").key.serialize_pem(),
            "expected the key of the first certificate in `tls.crt`, got another's".to_owned(),
        ),
    ];
    for (text, message) in cases {
        folder.write("tls.key", text);
        let told = folder.error(&folder.files());
        assert_eq!(told, format!("TLS key file `tls.key`: {message}"));
        let error = Tls::load(folder.files()).expect_err("the key is wrong");
        assert!(!format!("{error:?}").contains(&secret), "{error:?}");
    }
    folder.write("tls.key", &key);
    let tls = load(folder.files());
    assert!(!format!("{tls:?}").contains(&secret), "{tls:?}");

    // Both in one file is a common form.
    folder.write("both.pem", format!("{key}{}", identity.certificate.pem()));
    let both = folder.path("both.pem");
    load(TlsFiles { cert: both.clone(), key: both, client_ca: None });
}

#[test]
fn a_wrong_file_of_authorities_is_named_with_what_it_lacks() {
    let authority = Authority::new("ours");
    let folder = Folder::new(&authority.issue("localhost"));
    let files = folder.files_with_authorities(&[&authority]);
    load(files.clone());
    for (text, message) in [
        ("", "expected a certificate in PEM, got an empty file"),
        ("hello", "expected a certificate in PEM, got none"),
        (
            "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
            "certificate 1: expected X.509 version 3, got one that is not (BadEncoding)",
        ),
    ] {
        folder.write("ca.crt", text);
        let told = folder.error(&files);
        assert_eq!(told, format!("TLS client authorities file `ca.crt`: {message}"));
    }
}

#[test]
fn the_end_of_a_certificate_is_read_where_there_is_one() {
    let authority = Authority::new("ours");
    let with_end = |year: i32| {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        params.not_after = date_time_ymd(year, 2, 28);
        params.signed_by(&key, &authority.issuer).expect("a certificate").der().clone()
    };
    for year in [1995, 2048, 2051] {
        let expected = format!("{year}-02-28T00:00:00Z");
        assert_eq!(validity::not_after(&with_end(year)), Some(expected));
    }
    let der = with_end(2048);
    for n in 0..der.len() {
        assert_eq!(validity::not_after(&der[..n]), None);
        let mut damaged = der.to_vec();
        damaged[n] ^= 0x80;
        // No panic; what is damaged elsewhere has an end.
        validity::not_after(&damaged);
    }
    assert_eq!(validity::not_after(&[0x30, 0xff, 1, 2]), None);
}
