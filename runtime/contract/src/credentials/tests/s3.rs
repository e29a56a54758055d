//! S3, by rclone's keys and by the variables of AWS.

use super::super::{
    AwsChain, AwsContainer, AwsKeys, AwsLink, AwsProfile, AwsWebIdentity, CredentialError, Found,
    Provider, S3, S3Auth, Secret, Settings,
};
use super::SECRET;

fn find(variables: &[(&str, &str)]) -> Result<Found, CredentialError> {
    super::found("s3", Provider::S3, None, variables)
}

/// Finds with a remote that has these keys.
fn remote(keys: &[(&str, &str)]) -> Result<Found, CredentialError> {
    let named: Vec<(String, &str)> =
        keys.iter().map(|(key, value)| (format!("RCLONE_CONFIG_S3_{key}"), *value)).collect();
    let mut all: Vec<(&str, &str)> = vec![("RCLONE_CONFIG_S3_TYPE", "s3")];
    all.extend(named.iter().map(|(key, value)| (key.as_str(), *value)));
    find(&all)
}

fn settings(found: Result<Found, CredentialError>) -> S3 {
    match found.unwrap().settings {
        Settings::S3(settings) => settings,
        other => panic!("{other:?}"),
    }
}

fn keys(id: &str) -> S3Auth {
    S3Auth::Keys(AwsKeys { id: id.to_owned(), secret: Secret::new(SECRET), token: None })
}

const PAIR: [(&str, &str); 2] = [("ACCESS_KEY_ID", "id"), ("SECRET_ACCESS_KEY", SECRET)];

fn with_pair(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    PAIR.into_iter().chain(more.iter().copied()).collect()
}

#[test]
fn a_remote_with_keys_is_asked_with_them() {
    let found = settings(remote(&PAIR));
    assert_eq!(found, S3 { auth: keys("id"), ..S3::default() });
    assert!(found.path_style && found.tls.verify);
    let found = settings(remote(&with_pair(&[
        ("REGION", "eu-west-1"),
        ("ENDPOINT", "minio:9000"),
        ("FORCE_PATH_STYLE", "False"),
        ("REQUESTER_PAYS", "1"),
        ("USE_ACCELERATE_ENDPOINT", "T"),
        ("PROVIDER", "Minio"),
        ("ENV_AUTH", "true"),
        ("ACL", "private"),
        ("V2_AUTH", "false"),
        ("LIST_VERSION", "2"),
    ])));
    assert_eq!(found.endpoint.as_deref(), Some("https://minio:9000"));
    assert_eq!((found.path_style, found.requester_pays, found.accelerate), (false, true, true));
    assert_eq!((found.auth, found.region.as_deref()), (keys("id"), Some("eu-west-1")));
}

#[test]
fn a_remote_without_keys_is_anonymous_whatever_else_is_set() {
    let anonymous = S3Auth::Anonymous;
    assert_eq!(settings(remote(&[])).auth, anonymous);
    assert_eq!(
        settings(remote(&[("ACCESS_KEY_ID", ""), ("SECRET_ACCESS_KEY", " ")])).auth,
        anonymous
    );
    let variables = [
        ("RCLONE_CONFIG_S3_TYPE", "s3"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
    ];
    assert_eq!(settings(find(&variables)).auth, anonymous);
}

#[test]
fn one_key_without_the_other_is_an_error_that_names_the_other() {
    for (result, expected) in [
        (
            remote(&[("ACCESS_KEY_ID", "id")]),
            "`RCLONE_CONFIG_S3_SECRET_ACCESS_KEY`: expected a value beside \
             `RCLONE_CONFIG_S3_ACCESS_KEY_ID`, got none",
        ),
        (
            remote(&[("SECRET_ACCESS_KEY", SECRET)]),
            "`RCLONE_CONFIG_S3_ACCESS_KEY_ID`: expected a value beside \
             `RCLONE_CONFIG_S3_SECRET_ACCESS_KEY`, got none",
        ),
        (
            find(&[("AWS_ACCESS_KEY_ID", "id")]),
            "`AWS_SECRET_ACCESS_KEY`: expected a value beside `AWS_ACCESS_KEY_ID`, got none",
        ),
        (
            find(&[("AWS_SECRET_KEY", SECRET)]),
            "`AWS_ACCESS_KEY_ID`: expected a value beside `AWS_SECRET_KEY`, got none",
        ),
    ] {
        assert_eq!(result.unwrap_err().to_string(), expected);
    }
}

#[test]
fn what_cannot_be_followed_is_refused_by_name() {
    for (key, value) in [
        ("V2_AUTH", "true"),
        ("LIST_VERSION", "1"),
        ("DOWNLOAD_URL", "https://cdn"),
        ("DECOMPRESS", "TRUE"),
        ("VERSION_AT", "2024-01-01"),
        ("VERSIONS", "1"),
        ("ROLE_ARN", "arn:aws:iam::1:role/r"),
        ("FORCE_PATH_STYLE", "yes"),
        ("ENDPOINT", "https://user:hunter2@host"),
        ("REGION", "eu west"),
        ("SESSION_TOKEN", "with\nline"),
        ("SSE_CUSTOMER_KEY", "hunter2"),
        ("SSE_CUSTOMER_KEY_BASE64", "hunter2="),
        ("SSE_CUSTOMER_ALGORITHM", "AES256"),
    ] {
        let error = remote(&with_pair(&[(key, value)])).unwrap_err().to_string();
        assert!(error.contains("RCLONE_CONFIG_S3_"), "{key}: {error}");
    }
    let error = remote(&with_pair(&[("V2_AUTH", "1")])).unwrap_err().to_string();
    assert_eq!(
        error,
        "`RCLONE_CONFIG_S3_V2_AUTH`: signatures of version 2 are not made; take it away: stores \
         have accepted version 4 for years"
    );
}

#[test]
fn customers_keys_come_as_they_are_or_in_base64() {
    let key = "hunter2hunter2hunter2hunter2hunt";
    let base64 = "aHVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMmh1bnQ=";
    let algorithm = ("SSE_CUSTOMER_ALGORITHM", "AES256");
    for (name, value) in [("SSE_CUSTOMER_KEY", key), ("SSE_CUSTOMER_KEY_BASE64", base64)] {
        let found = settings(remote(&with_pair(&[(name, value), algorithm])));
        assert_eq!(found.customer_key, Some(Secret::new(base64)), "{name}");
    }
}

#[test]
fn env_auth_asks_the_sources_in_the_order_of_rclone() {
    let sources = [
        ("RCLONE_CONFIG_S3_TYPE", "s3"),
        ("RCLONE_CONFIG_S3_ENV_AUTH", "True"),
        ("RCLONE_CONFIG_S3_PROFILE", "models"),
        ("RCLONE_CONFIG_S3_STS_ENDPOINT", "sts.example"),
        ("HOME", "/home/me"),
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/creds"),
        ("AWS_ROLE_ARN", "arn:role"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"),
    ];
    let sts_endpoint = Some("https://sts.example".to_owned());
    let profile = AwsProfile {
        name: Some("models".to_owned()),
        credentials_file: Some("/home/me/.aws/credentials".to_owned()),
        config_file: Some("/home/me/.aws/config".to_owned()),
        required: true,
        sts_endpoint: sts_endpoint.clone(),
    };
    let identity = AwsWebIdentity {
        role: "arn:role".to_owned(),
        token_file: "/token".to_owned(),
        session: None,
        sts_endpoint,
    };
    let links = vec![
        AwsLink::Profile(profile),
        AwsLink::Container(AwsContainer { uri: "/v2/creds".to_owned(), token_file: None }),
        AwsLink::WebIdentity(identity),
        AwsLink::Instance { endpoint: None },
    ];
    let chain = S3Auth::Chain(AwsChain { links, or_anonymous: false });
    assert_eq!(settings(find(&sources)).auth, chain);
    let mut with_keys = sources.to_vec();
    with_keys.extend([("AWS_ACCESS_KEY", "id"), ("AWS_SECRET_KEY", SECRET)]);
    assert_eq!(settings(find(&with_keys)).auth, keys("id"));
}

#[test]
fn the_variables_of_aws_hold_where_no_remote_is() {
    let pair = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    let with = |more: &[(&'static str, &'static str)]| {
        let all: Vec<_> = pair.into_iter().chain(more.iter().copied()).collect();
        settings(find(&all))
    };
    assert_eq!(with(&[]), S3 { auth: keys("id"), ..S3::default() });
    for (variables, endpoint) in [
        (&[("S3_ENDPOINT", "minio:9000")][..], "https://minio:9000"),
        (&[("S3_ENDPOINT", "minio:9000"), ("S3_USE_HTTPS", "0")], "http://minio:9000"),
        (&[("S3_ENDPOINT", "a"), ("AWS_ENDPOINT", "http://b")], "http://b"),
        (&[("AWS_ENDPOINT", "a"), ("AWS_ENDPOINT_URL", "http://b")], "http://b"),
        (&[("AWS_ENDPOINT_URL", "a"), ("AWS_ENDPOINT_URL_S3", "http://b")], "http://b"),
    ] {
        assert_eq!(with(variables).endpoint.as_deref(), Some(endpoint), "{variables:?}");
    }
    assert_eq!(with(&[("AWS_DEFAULT_REGION", "eu")]).region.as_deref(), Some("eu"));
    assert!(!with(&[("S3_VERIFY_SSL", "0")]).tls.verify);
    assert_eq!(with(&[("AWS_CA_BUNDLE", "/ca")]).tls.ca_file.as_deref(), Some("/ca"));
    let variables = [("AWS_ANONYMOUS_CREDENTIAL", "True"), ("HOME", "/home/me")];
    assert_eq!(settings(find(&variables)).auth, S3Auth::Anonymous);
}

#[test]
fn without_keys_a_pod_is_asked_who_it_is_and_then_nobody() {
    let found = settings(find(&[
        ("AWS_ROLE_ARN", "arn:role"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]));
    let S3Auth::Chain(chain) = found.auth else { panic!("{found:?}") };
    assert!(chain.or_anonymous);
    assert!(matches!(chain.links.as_slice(), [AwsLink::WebIdentity(_)]), "{chain:?}");
    let error = find(&[("AWS_WEB_IDENTITY_TOKEN_FILE", "/token")]).unwrap_err();
    assert!(error.to_string().contains("`AWS_ROLE_ARN`"), "{error}");
}
