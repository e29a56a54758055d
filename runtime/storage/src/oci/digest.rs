//! Digests of what a registry holds: parsed, and computed while bytes come.

use std::fmt;

use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256, Sha512};

use crate::hex::hex;

/// The algorithm and the hexadecimal digits of a digest, which name a blob or a manifest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest {
    algorithm: Algorithm,
    digits: String,
}

/// The algorithms that the image specification registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Algorithm {
    Sha256,
    Sha512,
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    fn n_digits(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }
}

impl Digest {
    /// What a digest must look like, for messages.
    pub const FORM: &str = "`sha256:` with 64 lowercase hexadecimal digits, or `sha512:` with 128";

    /// Parses `sha256:...` or `sha512:...`; `None` for everything else.
    ///
    /// What comes out is safe in a URL and in a file's name.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, digits) = text.split_once(':')?;
        let algorithm = [Algorithm::Sha256, Algorithm::Sha512]
            .into_iter()
            .find(|known| known.name() == name)?;
        let is_hex = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (is_hex && digits.len() == algorithm.n_digits())
            .then(|| Self { algorithm, digits: digits.to_owned() })
    }

    /// Computes the SHA-256 of some bytes.
    pub fn sha256(bytes: &[u8]) -> Self {
        Self { algorithm: Algorithm::Sha256, digits: hex(&Sha256::digest(bytes)) }
    }

    /// Computes the digest of some bytes by the algorithm that this one has.
    #[must_use]
    pub fn same_of(&self, bytes: &[u8]) -> Self {
        let mut hasher = Hasher::like(self);
        hasher.update(bytes);
        hasher.finish()
    }

    /// Whether another is computed by the same algorithm.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm
    }

    /// The name of the algorithm, as a folder of blobs has it.
    pub fn algorithm(&self) -> &'static str {
        self.algorithm.name()
    }

    /// The digits alone, for a file's name.
    pub fn digits(&self) -> &str {
        &self.digits
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.digits)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &Self::FORM))
    }
}

/// Computes a digest from bytes as they come.
#[derive(Debug, Clone)]
pub struct Hasher(State);

#[derive(Debug, Clone)]
enum State {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Hasher {
    /// Begins a SHA-256.
    pub fn sha256() -> Self {
        Self(State::Sha256(Sha256::new()))
    }

    /// Begins a digest of the same algorithm as another.
    pub fn like(digest: &Digest) -> Self {
        match digest.algorithm {
            Algorithm::Sha256 => Self::sha256(),
            Algorithm::Sha512 => Self(State::Sha512(Sha512::new())),
        }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Sha256(hasher) => hasher.update(bytes),
            State::Sha512(hasher) => hasher.update(bytes),
        }
    }

    /// The digest of all bytes that came.
    pub fn finish(self) -> Digest {
        let (algorithm, digits) = match self.0 {
            State::Sha256(hasher) => (Algorithm::Sha256, hex(&hasher.finalize())),
            State::Sha512(hasher) => (Algorithm::Sha512, hex(&hasher.finalize())),
        };
        Digest { algorithm, digits }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn digests_are_parsed_and_computed() {
        assert_eq!(Digest::sha256(b"").to_string(), EMPTY);
        let parsed = Digest::parse(EMPTY).unwrap();
        assert_eq!(parsed.to_string(), EMPTY);
        assert_eq!(parsed.same_of(b""), parsed);
        let long = format!("sha512:{}", "0f".repeat(64));
        assert_eq!(Digest::parse(&long).unwrap().to_string(), long);
        assert_ne!(Digest::parse(&long).unwrap().same_of(b"").to_string(), long);
    }

    #[test]
    fn what_is_no_digest_is_none() {
        let path = format!("sha256:../{}", "0".repeat(61));
        let upper = EMPTY.to_uppercase().replace("SHA", "sha");
        for text in ["", "sha256", "sha256:", "sha256:ab", "md5:ab", &path, &upper, "sha-256:e3"] {
            assert_eq!(Digest::parse(text), None, "{text}");
        }
    }
}
