//! S3: rows of the table of stores, and the files that AWS's tools share.

use super::*;

const KEYS: &str = "[default]\naws_access_key_id = AKIDEFAULT\naws_secret_access_key = hunter2\n\
                    [prod]\naws_access_key_id=AKIPROD\naws_secret_access_key=hunter3\n\
                    [half]\naws_access_key_id=AKIHALF\n";
const CONFIG: &str = "[default]\nregion = eu-west-1\n\
                      [profile prod]\nregion = eu-central-1\nservices = minio\n\
                      [services minio]\ns3 =\n  endpoint_url = http://minio:9000\n\
                      [profile sso]\nsso_session = corp\n\
                      [profile program]\ncredential_process = /bin/true\n\
                      [profile role]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = default\n\
                      [profile token]\nrole_arn = r\nweb_identity_token_file = /t\n";

fn host() -> Host {
    Host::with_env(&[("HOME", "/home/me")])
        .and_file("/home/me/.aws/credentials", KEYS)
        .and_file("/home/me/.aws/config", CONFIG)
}

fn profile(name: &str) -> Source {
    Source::Profile(name.to_owned())
}

#[test]
fn a_profile_gives_keys_region_and_endpoint() {
    let secret = host().convert(&profile("prod"), "s3://models/fraud").unwrap();
    assert_eq!(
        shown(&secret),
        [
            ("RCLONE_CONFIG_S3_ACCESS_KEY_ID", "AKIPROD"),
            ("RCLONE_CONFIG_S3_ENDPOINT", "http://minio:9000"),
            ("RCLONE_CONFIG_S3_PROVIDER", "Other"),
            ("RCLONE_CONFIG_S3_REGION", "eu-central-1"),
            ("RCLONE_CONFIG_S3_SECRET_ACCESS_KEY", "hunter3"),
            ("RCLONE_CONFIG_S3_TYPE", "s3"),
        ]
    );
    assert_eq!((secret.warnings, secret.who), (Vec::new(), "an access key"));
}

#[test]
fn the_environment_leads_to_keys_or_to_the_profile_that_holds() {
    let ids = |host: &Host| {
        let secret = host.of_env("s3://m/x");
        secret.data["RCLONE_CONFIG_S3_ACCESS_KEY_ID"].expose().to_owned()
    };
    assert_eq!(ids(&host()), "AKIDEFAULT");
    let mut named = host();
    named.env = [("HOME", "/home/me"), ("AWS_PROFILE", "prod")].into_iter().collect();
    assert_eq!(ids(&named), "AKIPROD");
    let keys = [("AWS_ACCESS_KEY_ID", "AKIENV"), ("AWS_SECRET_ACCESS_KEY", "hunter4")];
    assert_eq!(ids(&Host::with_env(&keys)), "AKIENV");
    named.env = [("HOME", "/home/me"), ("AWS_PROFILE", "nobody")].into_iter().collect();
    let text = named.refusal(&Source::Environment, "s3://m/x");
    assert!(text.contains("a profile `nobody`") && text.contains("`prod`"), "{text}");
}

#[test]
fn remotes_of_the_environment_come_before_the_variables_of_the_cloud() {
    let host = Host::with_env(&[
        ("RCLONE_CONFIG_MINIO_TYPE", "s3"),
        ("RCLONE_CONFIG_MINIO_ACCESS_KEY_ID", "minio"),
        ("RCLONE_CONFIG_MINIO_SECRET_ACCESS_KEY", "hunter2"),
        ("RCLONE_CONFIG_MINIO_ENDPOINT", "http://minio:9000"),
    ]);
    for (uri, remote) in [("s3://m/x", "S3"), ("minio:m/x", "MINIO"), ("my-store:m/x", "MY_STORE")]
    {
        let secret = host.of_env(uri);
        let id = secret.data.get(&format!("RCLONE_CONFIG_{remote}_ACCESS_KEY_ID"));
        assert_eq!(id.unwrap().expose(), "minio");
        assert_eq!(secret.data.len(), 5, "{secret:?}");
    }
}

#[test]
fn temporary_keys_say_until_when() {
    let host = Host::with_env(&[
        ("AWS_ACCESS_KEY_ID", "ASIA"),
        ("AWS_SECRET_ACCESS_KEY", "hunter2"),
        ("AWS_SESSION_TOKEN", "token"),
        ("AWS_CREDENTIAL_EXPIRATION", "2026-10-01T12:00:00Z"),
    ]);
    let secret = host.of_env("s3://m/x");
    assert_eq!(secret.data["RCLONE_CONFIG_S3_SESSION_TOKEN"].expose(), "token");
    assert_eq!(secret.expires.unwrap().to_string(), "2026-10-01 12:00:00 UTC");
    assert!(secret.warnings[0].contains("until 2026-10-01T12:00:00Z"), "{secret:?}");
}

#[test]
fn profiles_without_keys_say_what_they_have_and_the_way_out() {
    let host = host();
    for (name, got, way_out) in [
        ("sso", "login in a browser", "export-credentials --profile sso"),
        ("program", "credential_process", "export-credentials --profile program"),
        ("role", "source_profile", "serviceAccount"),
        ("token", "token of this machine", "serviceAccount"),
        ("half", "the first only", ""),
        ("nobody", "only `default`, `half`, `prod`", "AWS_SHARED_CREDENTIALS_FILE"),
    ] {
        let text = host.refusal(&profile(name), "s3://m/x");
        assert!(text.contains(got) && text.contains(way_out), "{name}: {text}");
    }
    let text = Host::default().refusal(&Source::Environment, "s3://m/x");
    assert!(text.contains("AWS_ACCESS_KEY_ID") && text.contains("--from-profile"), "{text}");
    let text = host.refusal(&profile("prod"), "gs://m/x");
    assert!(text.contains("of Google Cloud Storage for `gs://m/x`, got those of S3"), "{text}");
    let role = Host::with_env(&[("AWS_ROLE_ARN", "r"), ("AWS_WEB_IDENTITY_TOKEN_FILE", "/t")]);
    let text = role.refusal(&Source::Environment, "s3://m/x");
    assert!(text.contains("identity of this machine"), "{text}");
}

#[test]
fn certificates_of_this_machine_are_told_of() {
    let keys =
        [("AWS_ACCESS_KEY_ID", "A"), ("AWS_SECRET_ACCESS_KEY", "b"), ("AWS_CA_BUNDLE", "/ca")];
    let secret = Host::with_env(&keys).of_env("s3://m/x");
    assert!(secret.warnings[0].contains("`/ca`") && !secret.data.contains_key("RCLONE_CA_CERT"));
}
