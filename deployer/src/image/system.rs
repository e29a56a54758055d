//! The files of an image beside program and model: certificates, users, and links.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::anyhow;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::files::Files;
use super::licences;
use super::runtime;
use crate::error::Failure;
use crate::layout::LayoutError;

/// The user that the server runs as, unless told otherwise: any other will do.
pub(crate) const USER: u32 = 8888;

/// Where programs look for certificates that they trust, on Debian and in this image.
const CERTIFICATES: &str = "etc/ssl/certs/ca-certificates.crt";

/// More than any bundle has.
const CERTIFICATES_BYTES_MAX: u64 = 8 << 20;

/// What is added where nothing is yet.
///
/// `/bin/sh` and `/bin/sleep` are the server's program, which knows the one command that Seldon Core's
/// operator runs before a container ends.
pub(crate) fn from_scratch(extra: Option<&Path>) -> Result<Files, Failure> {
    let mut files = Files::default();
    let program = format!("/{}", runtime::NAME);
    files.link("bin/sh", &program);
    files.link("bin/sleep", &program);
    files.bytes(CERTIFICATES, certificates(extra)?);
    files.bytes("etc/passwd", passwd());
    files.bytes("etc/group", format!("root:x:0:\nradiant:x:{USER}:\n"));
    // glibc's own order depends on its version.
    files.bytes("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
    files.folder("tmp", 0o1777);
    shared(&mut files);
    Ok(files)
}

/// What is added to an image that has a system of its own: nothing that could replace a file of it.
pub(crate) fn onto_base(extra: Option<&Path>) -> Result<Files, Failure> {
    if let Some(path) = extra {
        let error = anyhow!("`--ca-certificates {}`: expected no `--base`", path.display());
        return Err(Failure::usage(error).hint("add the certificates to the base image"));
    }
    let mut files = Files::default();
    shared(&mut files);
    Ok(files)
}

/// The folder of models is there even when none is packed: a volume is mounted over it.
fn shared(files: &mut Files) {
    files.folder("models", 0o755);
    licences::add(files);
}

fn passwd() -> String {
    format!("root:x:0:0:root:/:/sbin/nologin\nradiant:x:{USER}:{USER}:radiant:/tmp:/sbin/nologin\n")
}

/// Mozilla's certificates as they were compiled in, and those of a file.
fn certificates(extra: Option<&Path>) -> Result<String, Failure> {
    let mut text = String::new();
    for certificate in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        pem(&mut text, certificate);
    }
    if let Some(path) = extra {
        text.push_str(&extra_certificates(path)?);
    }
    Ok(text)
}

fn pem(text: &mut String, der: &[u8]) {
    text.push_str("-----BEGIN CERTIFICATE-----\n");
    for line in STANDARD.encode(der).as_bytes().chunks(64) {
        // Base64 is ASCII, and writing to a `String` cannot fail.
        let _infallible = writeln!(text, "{}", String::from_utf8_lossy(line));
    }
    text.push_str("-----END CERTIFICATE-----\n");
}

fn extra_certificates(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let file = File::open(path).map_err(LayoutError::read(path))?;
    let read = file.take(CERTIFICATES_BYTES_MAX).read_to_string(&mut text);
    read.map_err(LayoutError::read(path))?;
    let shown = path.display();
    if text.contains("PRIVATE KEY-----") {
        let error = anyhow!("`{shown}`: expected certificates alone, got a private key");
        return Err(Failure::usage(error).hint("a key in an image is everybody's"));
    }
    if !text.contains("-----BEGIN CERTIFICATE-----") {
        let error = anyhow!("`{shown}`: expected certificates in PEM, got none");
        return Err(Failure::usage(error)
            .hint(format!("convert it with `openssl x509 -inform der -in {shown}`")));
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::files::Node;

    #[test]
    fn an_image_from_nothing_has_what_programs_look_for() {
        let files = from_scratch(None).unwrap();
        let paths: Vec<&str> = files.iter().map(|(path, _)| path).collect();
        for path in ["bin/sh", "bin/sleep", "etc/passwd", "etc/group", "models", "tmp"] {
            assert!(paths.contains(&path), "{paths:?}");
        }
        let (_, certificates) = files.iter().find(|(path, _)| *path == CERTIFICATES).unwrap();
        let Node::Bytes(text) = &certificates.node else { panic!("{certificates:?}") };
        let text = String::from_utf8(text.clone()).unwrap();
        assert!(text.matches("BEGIN CERTIFICATE").count() > 100);
        assert!(text.lines().all(|line| line.len() <= 64));
    }

    #[test]
    fn keys_and_other_files_are_no_certificates() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("ca.pem");
        for (text, expected) in [
            ("-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n", "got a private key"),
            ("hello", "got none"),
        ] {
            std::fs::write(&path, text).unwrap();
            let failure = from_scratch(Some(&path)).unwrap_err().text();
            assert!(failure.contains(expected), "{failure}");
        }
    }

    #[test]
    fn nothing_of_a_base_is_replaced() {
        let files = onto_base(None).unwrap();
        let paths: Vec<&str> = files.iter().map(|(path, _)| path).collect();
        let is_ours = |path: &&str| path.starts_with("licenses") || *path == "models";
        assert!(paths.iter().all(is_ours), "{paths:?}");
        assert!(paths.contains(&"licenses/radiant/THIRD-PARTY"), "{paths:?}");
    }
}
