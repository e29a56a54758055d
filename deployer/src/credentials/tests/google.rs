//! Google Cloud Storage: rows of the table of stores.

use super::*;

const KEY: &str = r#"{"type": "service_account", "client_email": "a@b", "private_key_id": "1",
    "private_key": "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n"}"#;
const PERSON: &str = r#"{"type": "authorized_user", "client_id": "id", "client_secret": "hunter2",
    "refresh_token": "hunter3", "quota_project_id": "p"}"#;

fn value<'a>(secret: &'a StoreSecret, key: &str) -> &'a str {
    secret.data[&format!("RCLONE_CONFIG_GS_{key}")].expose()
}

#[test]
fn a_service_account_comes_from_a_file_a_variable_or_where_one_names_it() {
    let in_env = Host::with_env(&[("GOOGLE_APPLICATION_CREDENTIALS_JSON", KEY)]);
    let named = Host::with_env(&[("GOOGLE_APPLICATION_CREDENTIALS", "/key.json")])
        .and_file("/key.json", KEY);
    for secret in [
        Host::with_file(KEY).of_file("gs://m/x"),
        in_env.of_env("gs://m/x"),
        named.of_env("gs://m/x"),
    ] {
        assert_eq!(secret.data.len(), 3, "{secret:?}");
        assert_eq!(value(&secret, "TYPE"), "google cloud storage");
        assert_eq!(value(&secret, "ANONYMOUS"), "false");
        let json: serde_json::Value =
            serde_json::from_str(value(&secret, "SERVICE_ACCOUNT_CREDENTIALS")).unwrap();
        assert_eq!(json["client_email"], "a@b");
        assert!(secret.warnings.is_empty() && secret.expires.is_none());
    }
}

#[test]
fn a_person_gets_a_token_that_renews_itself() {
    let login = Host::with_env(&[("HOME", "/h")])
        .and_file("/h/.config/gcloud/application_default_credentials.json", PERSON);
    for secret in [Host::with_file(PERSON).of_file("gs://m/x"), login.of_env("gs://m/x")] {
        assert_eq!(value(&secret, "CLIENT_ID"), "id");
        assert_eq!(value(&secret, "CLIENT_SECRET"), "hunter2");
        let json: serde_json::Value = serde_json::from_str(value(&secret, "TOKEN")).unwrap();
        assert_eq!(json["refresh_token"], "hunter3");
        assert!(secret.warnings[0].contains("a person's own"), "{secret:?}");
    }
}

#[test]
fn an_access_token_is_temporary() {
    let token = r#"{"access_token": "hunter2", "expiry": "2026-10-01T12:00:00Z"}"#;
    let theirs = existing(&[
        ("RCLONE_CONFIG_GS_TYPE", "google cloud storage"),
        ("RCLONE_CONFIG_GS_TOKEN", token),
        ("RCLONE_CONFIG_GS_ANONYMOUS", "False"),
    ]);
    let secret = Host::default().convert(&theirs, "gs://m/x").unwrap();
    assert!(secret.warnings[0].contains("access token is good until 2026-10-01"), "{secret:?}");
    assert_eq!(value(&secret, "ANONYMOUS"), "false");
}

#[test]
fn what_cannot_be_taken_along_is_refused_with_a_way_out() {
    for (kind, way_out) in [
        ("external_account", "credentials.serviceAccount"),
        ("impersonated_service_account", "key of the service account"),
    ] {
        let json = format!(r#"{{"type": "{kind}", "secret": "hunter2"}}"#);
        let text = Host::with_file(&json).refusal(&file(), "gs://m/x");
        assert!(text.contains(kind) && text.contains(way_out), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
    let text = Host::with_file(r#"{"type": "authorized_user"}"#).refusal(&file(), "gs://m/x");
    assert!(text.contains("refresh_token"), "{text}");
    let text = Host::default().refusal(&Source::Environment, "gs://m/x");
    assert!(text.contains("GOOGLE_APPLICATION_CREDENTIALS"), "{text}");
    let gone = Host::with_env(&[("GOOGLE_APPLICATION_CREDENTIALS", "/gone")]);
    assert!(gone.refusal(&Source::Environment, "gs://m/x").contains("`/gone`"));
}
