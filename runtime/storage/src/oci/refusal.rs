//! What a registry's refusal means: an error with the way out.

use reqwest::{Response, StatusCode};

use super::access::Purpose;
use super::error::OciError;
use super::http;
use super::session::Session;

/// What registries say, in lower case, and what to do then; the first that fits.
const WAYS_OUT: [(&str, &str); 12] = [
    ("immutable", "this tag may not be moved: choose another"),
    ("quota", "the quota is used up: remove images, or ask for more"),
    ("exceed", "a limit of the registry is reached: remove images, or ask for more"),
    ("toomanyrequests", "the registry limits how often it is asked: wait, or log in"),
    (
        "manifest_blob_unknown",
        "the registry lost contents that it had taken or said it had: push again",
    ),
    ("name_unknown", "the repository is not there and is not made by pushing: create it first"),
    ("name_invalid", "the registry does not take this name of a repository: choose another"),
    ("tag_invalid", "the registry does not take this tag: choose another"),
    (
        "digest_invalid",
        "the contents were damaged on the way, or the registry computes another digest",
    ),
    (
        "manifest_invalid",
        "the registry does not know this type of manifest: check that it takes OCI images",
    ),
    ("unsupported", "the registry takes no pushes: check that it is no mirror"),
    ("denied", "check that this login may push to this repository"),
];

impl Session {
    /// Makes an error of an answer that is none of those that were hoped for.
    pub(super) async fn refusal(&self, what: &str, response: Response, attempts: u32) -> OciError {
        let status = response.status();
        let said = http::said(response).await;
        self.refused(what, status, said, attempts)
    }

    /// The same, of an answer that has been read.
    pub(super) fn refused(
        &self,
        what: &str,
        status: StatusCode,
        said: String,
        attempts: u32,
    ) -> OciError {
        let (reference, what) = (self.reference.to_string(), what.to_owned());
        let way_out = way_out(status, &said);
        let is_push = matches!(self.purpose, Purpose::Push { .. });
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if !is_of_quota(&said) => {
                let mut login = self.login.story.clone();
                if self.login.credential.is_none() {
                    // So registries answer for repositories that they do not show, or do not have.
                    login += ", unless the repository's name is wrong";
                }
                OciError::Refused { reference, status: status.as_u16(), said, login }
            }
            status if is_push => {
                let status = status.as_u16();
                OciError::Push { reference, what, status, said, way_out, attempts }
            }
            StatusCode::NOT_FOUND => OciError::NotFound { reference, what, said },
            _ => OciError::Status { reference, what, status: status.as_u16(), said, attempts },
        }
    }
}

/// Some registries refuse what is too much as if the login were wrong.
fn is_of_quota(said: &str) -> bool {
    let said = said.to_lowercase();
    said.contains("quota") || said.contains("exceed")
}

fn way_out(status: StatusCode, said: &str) -> &'static str {
    let said = said.to_lowercase();
    let known = WAYS_OUT.iter().find(|(word, _)| said.contains(word));
    match (known, status) {
        (Some((_, way_out)), _) => way_out,
        (None, StatusCode::NOT_FOUND) => "check the name, and that the repository is there",
        (None, StatusCode::METHOD_NOT_ALLOWED) => {
            "the registry takes no pushes: check that it is no mirror"
        }
        (None, StatusCode::PAYLOAD_TOO_LARGE) => {
            "a proxy before the registry limits the size of requests: raise that limit"
        }
        (None, StatusCode::TOO_MANY_REQUESTS) => {
            "the registry limits how often it is asked: wait, or log in"
        }
        (None, StatusCode::INSUFFICIENT_STORAGE) => {
            "the registry is full: remove images, or ask for more"
        }
        (None, status) if status.is_server_error() => {
            "the registry fails: try again later, or look into its log"
        }
        (None, _) => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_registries_say_comes_before_their_status() {
        for (status, said, word) in [
            (403, "DENIED: adding 5 MiB will exceed the configured upper limit", "a limit"),
            (400, "TAG_INVALID: the tag is immutable", "may not be moved"),
            (429, "", "how often"),
            (404, "NAME_UNKNOWN: no such project", "create it first"),
            (404, "", "check the name"),
            (413, "", "proxy"),
            (500, "UNKNOWN", "fails"),
            (400, "MANIFEST_BLOB_UNKNOWN: blob unknown", "push again"),
            (418, "", ""),
        ] {
            let found = way_out(StatusCode::from_u16(status).unwrap(), said);
            assert!(found.contains(word), "{status} {said}: {found}");
        }
        assert!(is_of_quota("DENIED: Quota exceeded") && !is_of_quota("DENIED: no"));
    }
}
