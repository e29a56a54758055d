//! Says in plain words why an object store refuses, and the way out.
//!
//! What comes back from a store is a status and, in its body, a code: the codes are those of the
//! error references of Amazon S3, Azure Blob Storage and Google Cloud Storage (XML API). Bodies may
//! hold signatures and what was signed, addresses may hold tokens: of all that, only the code and
//! the first line of the store's own message are shown.

use std::error::Error as StdError;

use object_store::client::{HttpError, HttpErrorKind};

use radiant_contract::credentials::Provider;

/// The most of a store's own words that is shown.
const MESSAGE_CHARS_MAX: usize = 200;

/// What was asked of a store, and how.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) provider: Provider,
    pub(crate) bucket: String,
    /// Where the credentials come from, as a user knows it: `RCLONE_CONFIG_S3_*`.
    pub(crate) origin: String,
    pub(crate) anonymous: bool,
    /// Where the store is, where that was set.
    pub(crate) endpoint: Option<String>,
}

/// Why a store refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    NoBucket,
    NoObject,
    Anonymous,
    UnknownKey,
    WrongKey,
    Expired,
    Clock,
    Region,
    Denied,
    RequesterPays,
    Disabled,
    Archived,
    Encrypted,
    NoCredentials,
    Certificate,
    NotTls,
    NoHost,
    NoConnection,
    Timeout,
    Busy,
    Other,
}

/// Codes of the stores' error references.
const CODES: [(&str, Cause); 43] = [
    ("NoSuchBucket", Cause::NoBucket),
    ("InvalidBucketName", Cause::NoBucket),
    ("ContainerNotFound", Cause::NoBucket),
    ("ContainerBeingDeleted", Cause::NoBucket),
    ("InvalidResourceName", Cause::NoBucket),
    ("NoSuchKey", Cause::NoObject),
    ("BlobNotFound", Cause::NoObject),
    ("PublicAccessNotPermitted", Cause::Anonymous),
    ("NoAuthenticationInformation", Cause::Anonymous),
    ("AuthenticationRequired", Cause::Anonymous),
    ("InvalidAccessKeyId", Cause::UnknownKey),
    ("InvalidSecurity", Cause::UnknownKey),
    ("SignatureDoesNotMatch", Cause::WrongKey),
    ("AuthenticationFailed", Cause::WrongKey),
    ("InvalidAuthenticationInfo", Cause::WrongKey),
    ("ExpiredToken", Cause::Expired),
    ("ExpiredTokenException", Cause::Expired),
    ("TokenRefreshRequired", Cause::Expired),
    ("InvalidToken", Cause::Expired),
    ("InvalidIdentityToken", Cause::Expired),
    ("RequestTimeTooSkewed", Cause::Clock),
    ("RequestExpired", Cause::Clock),
    ("AuthorizationHeaderMalformed", Cause::Region),
    ("PermanentRedirect", Cause::Region),
    ("TemporaryRedirect", Cause::Region),
    ("IllegalLocationConstraintException", Cause::Region),
    ("AccessDenied", Cause::Denied),
    ("AllAccessDisabled", Cause::Denied),
    ("AuthorizationFailure", Cause::Denied),
    ("AuthorizationPermissionMismatch", Cause::Denied),
    ("AuthorizationResourceTypeMismatch", Cause::Denied),
    ("AuthorizationSourceIPMismatch", Cause::Denied),
    ("InsufficientAccountPermissions", Cause::Denied),
    ("UserProjectMissing", Cause::RequesterPays),
    ("UserProjectAccountProblem", Cause::Disabled),
    ("AccountProblem", Cause::Disabled),
    ("AccountIsDisabled", Cause::Disabled),
    ("InvalidObjectState", Cause::Archived),
    ("BlobArchived", Cause::Archived),
    ("SlowDown", Cause::Busy),
    ("ServerBusy", Cause::Busy),
    ("InternalError", Cause::Busy),
    ("ServiceUnavailable", Cause::Busy),
];

/// Words that tell more than the code or status that they stand beside, in lower case.
const WORDS: [(&str, Cause); 19] = [
    ("signature not valid in the specified time frame", Cause::Expired),
    ("signature fields not well formed", Cause::WrongKey),
    ("request date header too old", Cause::Clock),
    ("check your iat and exp values", Cause::Clock),
    ("invalid_grant", Cause::WrongKey),
    ("invalid_client", Cause::WrongKey),
    ("customer-provided encryption", Cause::Encrypted),
    ("server side encryption", Cause::Encrypted),
    ("requester pays", Cause::RequesterPays),
    ("anonymous caller", Cause::Anonymous),
    ("incorrectly configured region", Cause::Region),
    ("169.254.", Cause::NoCredentials),
    ("metadata.google.internal", Cause::NoCredentials),
    ("invalid peer certificate", Cause::Certificate),
    ("corrupt message", Cause::NotTls),
    ("dns error", Cause::NoHost),
    ("failed to lookup address", Cause::NoHost),
    ("connection refused", Cause::NoConnection),
    ("operation timed out", Cause::Timeout),
];

/// The problem and the way out, in one line.
pub(crate) fn explain(error: &object_store::Error, asked: &Asked) -> String {
    let reply = Reply::of(error);
    let cause = reply.cause(asked);
    let problem = problem(cause, asked, &reply);
    let way_out = way_out(cause, asked, &reply);
    format!("{problem}{}: {way_out}", reply.said())
}

/// What is known of an answer, or of why there was none.
#[derive(Debug, Default)]
struct Reply {
    status: Option<u16>,
    code: Option<String>,
    message: Option<String>,
    region: Option<String>,
    http: Option<HttpErrorKind>,
    /// Everything, in lower case: looked at, never shown.
    text: String,
}

impl Reply {
    fn of(error: &object_store::Error) -> Self {
        let mut reply = Self::default();
        let mut text = error.to_string();
        let mut source = StdError::source(error);
        while let Some(error) = source {
            // The outer texts repeat the inner ones, mostly.
            let inner = error.to_string();
            if !text.contains(&inner) {
                text.push(' ');
                text.push_str(&inner);
            }
            if let Some(http) = error.downcast_ref::<HttpError>() {
                reply.http = Some(http.kind());
            }
            source = error.source();
        }
        reply.status = after(&text, "status code: ").and_then(|rest| rest.get(..3)?.parse().ok());
        let element = |name: &str| between(&text, &format!("<{name}>"), &format!("</{name}>"));
        reply.code = element("Code").filter(|code| code.chars().all(|c| c.is_ascii_alphanumeric()));
        reply.message = element("Message").or_else(|| between(&text, "\"message\": \"", "\""));
        let plain = |region: &String| region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        reply.region = element("Region").filter(plain);
        reply.text = text.to_ascii_lowercase();
        reply
    }

    fn cause(&self, asked: &Asked) -> Cause {
        let said = WORDS.iter().find(|(words, _)| self.text.contains(words));
        let code = self.code.as_deref();
        let coded = CODES.iter().find(|(name, _)| code == Some(name));
        let cause = match (said, coded) {
            (Some((_, cause)), _) | (None, Some((_, cause))) => *cause,
            (None, None) => self.cause_of_status(),
        };
        match cause {
            // A store that takes no unsigned requests says so in many ways.
            Cause::Denied | Cause::WrongKey | Cause::UnknownKey if asked.anonymous => {
                Cause::Anonymous
            }
            cause => cause,
        }
    }

    fn cause_of_status(&self) -> Cause {
        match (self.status, self.http) {
            (Some(301 | 307), _) => Cause::Region,
            (Some(401), _) => Cause::WrongKey,
            (Some(403), _) => Cause::Denied,
            (Some(404), _) => Cause::NoObject,
            (Some(408), _) | (None, Some(HttpErrorKind::Timeout)) => Cause::Timeout,
            (Some(429 | 500..=599), _) => Cause::Busy,
            (None, Some(HttpErrorKind::Connect)) => Cause::NoConnection,
            (Some(_) | None, _) => Cause::Other,
        }
    }

    /// ` (SlowDown, status 503: "reduce your request rate")`
    fn said(&self) -> String {
        let status = self.status.map(|status| format!("status {status}"));
        let known = [self.code.clone(), status].into_iter().flatten().collect::<Vec<_>>();
        let message = self.message.as_deref().and_then(|message| message.lines().next());
        let message = message.map(|message| {
            let shown: String = message.chars().take(MESSAGE_CHARS_MAX).collect();
            format!("{:?}", without_query(&shown))
        });
        match (known.is_empty(), message) {
            (true, None) => String::new(),
            (true, Some(message)) => format!(" ({message})"),
            (false, None) => format!(" ({})", known.join(", ")),
            (false, Some(message)) => format!(" ({}: {message})", known.join(", ")),
        }
    }
}

fn problem(cause: Cause, asked: &Asked, reply: &Reply) -> String {
    let Asked { bucket, origin, .. } = asked;
    let kind = if asked.provider == Provider::Azure { "container" } else { "bucket" };
    match cause {
        Cause::NoBucket => format!("the store has no {kind} `{bucket}`"),
        Cause::NoObject => format!("{kind} `{bucket}` has nothing of this name"),
        Cause::Anonymous => {
            format!("{kind} `{bucket}` is not public, and the request was anonymous ({origin})")
        }
        Cause::UnknownKey => format!("the store does not know the key of {origin}"),
        Cause::WrongKey => format!("the store does not accept the credentials of {origin}"),
        Cause::Expired => format!("the token or signature of {origin} has expired or is invalid"),
        Cause::Clock => "the clock of this machine and the store's differ too much".to_owned(),
        Cause::Region => match &reply.region {
            Some(region) => format!("{kind} `{bucket}` is in the region `{region}`"),
            None => format!("{kind} `{bucket}` is in another region"),
        },
        Cause::Denied => format!("the credentials of {origin} may not do this in `{bucket}`"),
        Cause::RequesterPays => format!("{kind} `{bucket}` lets the requester pay"),
        Cause::Disabled => "the account is disabled or has a problem".to_owned(),
        Cause::Archived => "the object is archived".to_owned(),
        Cause::Encrypted => "the object is encrypted with a key of its owner".to_owned(),
        Cause::NoCredentials => {
            format!("no credentials are set, and this machine has none of its own ({origin})")
        }
        Cause::Certificate => "the store's certificate is not trusted".to_owned(),
        Cause::NotTls => "the store does not speak TLS".to_owned(),
        Cause::NoHost => "the store's host name is not known".to_owned(),
        Cause::NoConnection => "the store does not take connections".to_owned(),
        Cause::Timeout => "the store did not answer in time".to_owned(),
        Cause::Busy => "the store is busy or broken".to_owned(),
        Cause::Other => "the store's answer is none that is understood".to_owned(),
    }
}

fn way_out(cause: Cause, asked: &Asked, reply: &Reply) -> String {
    let region = reply.region.as_deref().unwrap_or("the bucket's");
    let at = asked.endpoint.as_ref().map_or_else(String::new, |endpoint| format!(" `{endpoint}`"));
    let text = match (cause, asked.provider) {
        (Cause::NoBucket, _) => {
            return format!("check its name, and that the endpoint{at} is the one that has it");
        }
        (Cause::NoObject, _) => "check the path; names are case-sensitive",
        (Cause::Anonymous | Cause::NoCredentials, Provider::S3) => {
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or rclone's keys of the remote; for a \
             public bucket set RCLONE_CONFIG_S3_TYPE=s3 alone"
        }
        (Cause::Anonymous | Cause::NoCredentials, Provider::Gcs) => {
            "set GOOGLE_APPLICATION_CREDENTIALS, or rclone's keys of the remote; for a public bucket \
             set RCLONE_CONFIG_GS_ANONYMOUS=true"
        }
        (Cause::Anonymous | Cause::NoCredentials, Provider::Azure) => {
            "set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or rclone's keys of the \
             remote"
        }
        (Cause::UnknownKey | Cause::WrongKey, _) => {
            return format!(
                "check the key and the secret, and that they belong to the endpoint{at}"
            );
        }
        (Cause::Expired, _) => "renew it and restart, or use credentials that renew themselves",
        (Cause::Clock, _) => "set the clock of this machine (NTP)",
        (Cause::Region, Provider::S3) => {
            return format!("set AWS_REGION, or REGION of the rclone remote, to {region}");
        }
        (Cause::Region, Provider::Gcs | Provider::Azure) => "check the endpoint",
        (Cause::Denied, Provider::S3) => "grant s3:ListBucket and s3:GetObject on it",
        (Cause::Denied, Provider::Gcs) => "grant the role Storage Object Viewer on it",
        (Cause::Denied, Provider::Azure) => {
            "check the account key, or grant the role Storage Blob Data Reader on it"
        }
        (Cause::RequesterPays, Provider::S3) => "set REQUESTER_PAYS=true of the rclone remote",
        (Cause::RequesterPays, _) => "set USER_PROJECT of the rclone remote",
        (Cause::Disabled, _) => "ask the account's owner",
        (Cause::Archived, _) => "restore it to a tier that can be read",
        (Cause::Encrypted, _) => "set SSE_CUSTOMER_ALGORITHM and SSE_CUSTOMER_KEY of the remote",
        (Cause::Certificate, _) => "give its authority's certificate as SSL_CERT_FILE",
        (Cause::NotTls, _) => "write the endpoint with `http://` if that is what it speaks",
        (Cause::NoHost | Cause::NoConnection | Cause::Timeout, _) => {
            return format!("check the endpoint{at}, the network policy and the proxy variables");
        }
        (Cause::Busy, _) => "try again later",
        (Cause::Other, _) => {
            return format!("check that the endpoint{at} is one of this kind of store");
        }
    };
    text.to_owned()
}

fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text.split_once(mark).map(|(_, rest)| rest)
}

fn between(text: &str, start: &str, end: &str) -> Option<String> {
    let rest = after(text, start)?;
    rest.split_once(end).map(|(inner, _)| inner.to_owned())
}

/// Queries of addresses hold signatures.
fn without_query(text: &str) -> String {
    let words = text.split(' ').map(|word| match word.split_once('?') {
        Some((place, query)) if !query.is_empty() => format!("{place}?***"),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(provider: Provider) -> Asked {
        Asked {
            provider,
            bucket: "models".to_owned(),
            origin: "`RCLONE_CONFIG_X_*`".to_owned(),
            anonymous: false,
            endpoint: None,
        }
    }

    /// An error as object_store words it.
    fn error(text: &str) -> object_store::Error {
        object_store::Error::Generic { store: "S3", source: text.to_owned().into() }
    }

    fn body(status: &str, code: &str, more: &str) -> object_store::Error {
        error(&format!(
            "Error performing GET http://host/models?list-type=2&sig=SECRET in 3ms - Server \
             returned non-2xx status code: {status}: <?xml version=\"1.0\"?><Error><Code>{code}\
             </Code>{more}<StringToSign>SECRET</StringToSign></Error>"
        ))
    }

    #[test]
    fn each_refusal_has_its_words_and_its_way_out() {
        for (status, code, more, provider, expected, way_out) in [
            ("404 Not Found", "NoSuchBucket", "", Provider::S3, "no bucket `models`", "endpoint"),
            ("404 Not Found", "ContainerNotFound", "", Provider::Azure, "no container", "name"),
            ("403 Forbidden", "SignatureDoesNotMatch", "", Provider::S3, "`RCLONE_", "secret"),
            ("403 Forbidden", "InvalidAccessKeyId", "", Provider::S3, "not know the key", "key"),
            ("400 Bad Request", "ExpiredToken", "", Provider::S3, "has expired", "renew"),
            ("403 Forbidden", "RequestTimeTooSkewed", "", Provider::S3, "clock", "NTP"),
            (
                "400 Bad Request",
                "AuthorizationHeaderMalformed",
                "<Region>eu-west-1</Region>",
                Provider::S3,
                "in the region `eu-west-1`",
                "AWS_REGION, or REGION of the rclone remote, to eu-west-1",
            ),
            ("403 Forbidden", "AccessDenied", "", Provider::S3, "may not", "s3:ListBucket"),
            ("403 Forbidden", "AccessDenied", "", Provider::Gcs, "may not", "Viewer"),
            (
                "403 Forbidden",
                "AuthenticationFailed",
                "<AuthenticationErrorDetail>Signature not valid in the specified time frame: \
                 Start SECRET</AuthenticationErrorDetail>",
                Provider::Azure,
                "has expired",
                "renew",
            ),
            ("400 Bad Request", "UserProjectMissing", "", Provider::Gcs, "pay", "USER_PROJECT"),
            ("503 Slow", "SlowDown", "", Provider::S3, "busy", "later"),
            ("418 Teapot", "Odd", "", Provider::S3, "none that is understood", "endpoint"),
        ] {
            let text = explain(&body(status, code, more), &asked(provider));
            assert!(text.contains(expected) && text.contains(way_out), "{code}: {text}");
            assert!(
                text.contains(&format!("{code}, status {}", status.split(' ').next().unwrap())),
                "{text}"
            );
            assert!(!text.contains("SECRET"), "{text}");
        }
    }

    #[test]
    fn an_anonymous_request_that_is_denied_says_that_it_was_anonymous() {
        let asked = Asked { anonymous: true, ..asked(Provider::S3) };
        let text = explain(&body("403 Forbidden", "AccessDenied", ""), &asked);
        assert!(text.contains("is not public") && text.contains("AWS_ACCESS_KEY_ID"), "{text}");
    }

    #[test]
    fn what_never_reached_the_store_says_where_it_ended() {
        for (text, expected) in [
            ("error sending request: dns error: failed to lookup address", "host name"),
            ("tcp connect error: Connection refused (os error 111)", "take connections"),
            ("invalid peer certificate: UnknownIssuer", "SSL_CERT_FILE"),
            ("received corrupt message of type InvalidContentType", "`http://`"),
            ("Error performing PUT http://169.254.169.254/latest/api/token", "no credentials"),
            ("operation timed out", "in time"),
        ] {
            let text = explain(&error(text), &asked(Provider::S3));
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn a_message_is_shown_in_one_line_without_queries() {
        let more = "<Message>see https://host/a?sig=SECRET now\nTime: 12</Message>";
        let text = explain(&body("403 Forbidden", "AccessDenied", more), &asked(Provider::S3));
        assert!(text.contains("status 403: \"see https://host/a?*** now\")"), "{text}");
    }
}
