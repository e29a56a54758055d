//! Addresses of artifacts: `oci://registry/repository[:tag|@digest]`.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use super::digest::Digest;
use super::error::OciError;

/// What Docker's clients take for an address without a registry, and call it.
const HUB: &str = "docker.io";

/// Where Docker's registry answers.
const HUB_API: &str = "registry-1.docker.io";

/// Under which name Docker's clients keep its logins.
const HUB_LOGIN: &str = "https://index.docker.io/v1/";

/// Other names of Docker's registry.
const HUB_NAMES: [&str; 3] = [HUB, "index.docker.io", HUB_API];

/// The longest name of a repository that the distribution specification allows.
const REPOSITORY_BYTES_MAX: usize = 255;

/// The longest tag.
const TAG_BYTES_MAX: usize = 128;

/// Which manifest, in which repository of which registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    registry: String,
    repository: String,
    version: Version,
}

/// Which manifest of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// The one that has this tag now.
    Tag(String),
    /// The one that has this digest.
    Digest(Digest),
}

impl Reference {
    /// Parses an address, with or without `oci://` before it.
    ///
    /// Its first part is a registry if it is `localhost` or has a point or a port; otherwise the
    /// registry is Docker's, as it is for container images. Without a tag, the tag is `latest`; a
    /// digest beside a tag decides.
    ///
    /// # Errors
    /// [`OciError::Reference`]: it is none, or has a user in it.
    pub fn parse(address: &str) -> Result<Self, OciError> {
        let rest = match address.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("oci") => rest,
            Some(_) => return Err(wrong("`oci://` at its start", "")),
            None => address,
        };
        let (rest, digest) = split_digest(rest)?;
        let (registry, rest) = split_registry(rest)?;
        let (repository, tag) = match rest.rsplit_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (rest, None),
        };
        let mut repository = repository.to_owned();
        check_registry(&registry)?;
        check_repository(&repository)?;
        if registry == HUB && !repository.contains('/') {
            repository.insert_str(0, "library/");
        }
        let tag = tag.unwrap_or("latest");
        check_tag(tag)?;
        let version = digest.map_or_else(|| Version::Tag(tag.to_owned()), Version::Digest);
        Ok(Self { registry, repository, version })
    }

    /// The registry as people write it, with its port.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// All names under which files may know the registry.
    pub(super) fn registry_names(&self) -> Vec<&str> {
        if self.registry == HUB { HUB_NAMES.to_vec() } else { vec![&self.registry] }
    }

    /// Host and port that answer for the registry.
    pub(super) fn api_host(&self) -> &str {
        if self.registry == HUB { HUB_API } else { &self.registry }
    }

    /// The name under which login files and programs know the registry best.
    pub(super) fn login_name(&self) -> &str {
        if self.registry == HUB { HUB_LOGIN } else { &self.registry }
    }

    /// The repository, without the registry.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The same repository's manifest of a digest.
    #[must_use]
    pub fn with_digest(&self, digest: &Digest) -> Self {
        Self { version: Version::Digest(digest.clone()), ..self.clone() }
    }

    /// Which manifest.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// Whether the registry is on this machine.
    pub(super) fn is_loopback(&self) -> bool {
        let url = Url::parse(&format!("https://{}/", self.registry)).ok();
        match url.as_ref().and_then(Url::host) {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
            Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
            None => false,
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { registry, repository, version } = self;
        match version {
            Version::Tag(tag) => write!(f, "oci://{registry}/{repository}:{tag}"),
            Version::Digest(digest) => write!(f, "oci://{registry}/{repository}@{digest}"),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => f.write_str(tag),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

fn wrong(expected: &'static str, got: &str) -> OciError {
    let got = if got.is_empty() { String::new() } else { format!("`{}`", got.escape_debug()) };
    OciError::Reference { expected, got }
}

fn split_digest(rest: &str) -> Result<(&str, Option<Digest>), OciError> {
    // What stands before an `@` may be a password, and what follows it may be one too.
    let Some((rest, digest)) = rest.rsplit_once('@') else { return Ok((rest, None)) };
    let digest = Digest::parse(digest).ok_or_else(|| {
        wrong("a digest after `@`, and no user: logins stand in an auth file", "")
    })?;
    if rest.contains('@') {
        return Err(wrong("no user before the registry: logins stand in an auth file", ""));
    }
    Ok((rest, Some(digest)))
}

fn split_registry(rest: &str) -> Result<(String, &str), OciError> {
    let Some((first, path)) = rest.split_once('/') else {
        return Err(wrong("a repository after the registry, `registry/repository:tag`", rest));
    };
    let is_registry = first.contains(['.', ':']) || first == "localhost";
    if !is_registry {
        return Ok((HUB.to_owned(), rest));
    }
    let registry = if HUB_NAMES.contains(&first) { HUB } else { first };
    Ok((registry.to_owned(), path))
}

fn check_registry(registry: &str) -> Result<(), OciError> {
    let is_plain = registry.bytes().all(|byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']')
    });
    let url = Url::parse(&format!("https://{registry}/"));
    if is_plain && url.is_ok_and(|url| url.host().is_some()) {
        return Ok(());
    }
    Err(wrong("a registry as `host` or `host:port`", registry))
}

fn check_repository(repository: &str) -> Result<(), OciError> {
    let is_inner = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    let is_outer = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let is_part = |part: &str| {
        let bytes = part.as_bytes();
        let is_closed = is_outer(bytes.first()) && is_outer(bytes.last());
        is_closed && bytes.iter().copied().all(is_inner) && !part.contains("..")
    };
    if repository.len() <= REPOSITORY_BYTES_MAX && repository.split('/').all(is_part) {
        return Ok(());
    }
    Err(wrong("a repository of lowercase letters, digits, `.`, `_`, `-` and `/`", repository))
}

fn check_tag(tag: &str) -> Result<(), OciError> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_tag = tag.bytes().next().is_some_and(is_word)
        && tag.bytes().all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'))
        && tag.len() <= TAG_BYTES_MAX;
    if is_tag {
        return Ok(());
    }
    Err(wrong("a tag of at most 128 letters, digits, `_`, `.` and `-`", tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn shown(address: &str) -> String {
        Reference::parse(address).map_or_else(|error| error.to_string(), |found| found.to_string())
    }

    #[test]
    fn addresses_are_read_as_container_images_are() {
        for (address, expected) in [
            ("oci://host.io/team/iris:1", "oci://host.io/team/iris:1"),
            ("OCI://host.io/iris", "oci://host.io/iris:latest"),
            ("oci://127.0.0.1:5000/iris", "oci://127.0.0.1:5000/iris:latest"),
            ("oci://[::1]:5000/iris:a", "oci://[::1]:5000/iris:a"),
            ("oci://localhost/iris:a_B-c.1", "oci://localhost/iris:a_B-c.1"),
            ("oci://team/iris:1", "oci://docker.io/team/iris:1"),
            ("oci://docker.io/iris:1", "oci://docker.io/library/iris:1"),
            ("oci://index.docker.io/team/iris", "oci://docker.io/team/iris:latest"),
            ("host.io/iris", "oci://host.io/iris:latest"),
        ] {
            assert_eq!(shown(address), expected, "{address}");
        }
        for tag in ["", ":1"] {
            let pinned = format!("oci://host.io/iris{tag}@{DIGEST}");
            assert_eq!(shown(&pinned), format!("oci://host.io/iris@{DIGEST}"));
        }
        assert_eq!(Reference::parse("a/b").unwrap().api_host(), "registry-1.docker.io");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for address in [
            "",
            "oci://",
            "oci://host.io",
            "oci://host.io/",
            "oci://host.io//iris",
            "oci://host.io/Iris",
            "oci://host.io/a/../b",
            "oci://host.io/iris:",
            "oci://host.io/iris:a b",
            "oci://host.io/iris?x=1",
            "oci://host.io/iris#x",
            "oci://host.io/iris@sha256:12",
            "oci://host.io:99999/iris",
            "oci://host\u{e9}.io/iris",
            "oci://ho st.io/iris",
            "s3://host.io/iris",
        ] {
            assert!(Reference::parse(address).is_err(), "{address}");
        }
    }

    #[test]
    fn a_user_in_the_address_is_refused_and_not_shown() {
        let pinned = format!("oci://user:SECRET@host.io/iris@{DIGEST}");
        for address in ["oci://user:SECRET@host.io/iris:1", "oci://SECRET@host.io/iris", &pinned] {
            let error = Reference::parse(address).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("SECRET"), "{error:?}");
            assert!(error.to_string().contains("auth file"), "{error}");
        }
    }

    #[test]
    fn registries_on_this_machine_are_known() {
        for (address, expected) in [
            ("localhost/a", true),
            ("localhost:5000/a", true),
            ("127.1.2.3:5000/a", true),
            ("[::1]:5000/a", true),
            ("host.io/a", false),
            ("10.0.0.1:5000/a", false),
            ("localhost.host.io/a", false),
        ] {
            assert_eq!(Reference::parse(address).unwrap().is_loopback(), expected, "{address}");
        }
    }
}
