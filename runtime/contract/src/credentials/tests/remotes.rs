//! Which remote an address means, and which file of variables comes first.

use super::super::{Provider, S3Auth, Settings, find};
use super::SECRET;
use crate::env::{EnvSource, Layered, MapEnv, VariablesFile};

fn env(variables: &[(&str, &str)]) -> MapEnv {
    variables.iter().copied().collect()
}

fn auth(name: &str, provider: Option<Provider>, env: &dyn EnvSource) -> (S3Auth, String) {
    let found = find(name, provider, None, env).unwrap();
    match found.settings {
        Settings::S3(settings) => (settings.auth, found.origin),
        other => panic!("{other:?}"),
    }
}

fn id(auth: &S3Auth) -> &str {
    match auth {
        S3Auth::Keys(keys) => &keys.id,
        S3Auth::Anonymous | S3Auth::Chain(_) => "",
    }
}

#[test]
fn remotes_are_found_in_any_case_and_with_dashes() {
    let env = env(&[
        ("RCLONE_CONFIG_MY_STORE_TYPE", "S3"),
        ("RCLONE_CONFIG_MY_STORE_ACCESS_KEY_ID", "id"),
        ("rclone_config_my_store_secret_access_key", SECRET),
    ]);
    for name in ["my_store", "MY_STORE", "My-Store"] {
        assert_eq!(id(&auth(name, None, &env).0), "id", "{name}");
    }
}

#[test]
fn a_remote_whose_name_begins_like_another_is_another() {
    let env = env(&[
        ("RCLONE_CONFIG_S3_TYPE", "s3"),
        ("RCLONE_CONFIG_S3_EU_TYPE", "s3"),
        ("RCLONE_CONFIG_S3_EU_ACCESS_KEY_ID", "eu"),
        ("RCLONE_CONFIG_S3_EU_SECRET_ACCESS_KEY", SECRET),
    ]);
    let found = find("s3", None, None, &env).unwrap();
    assert_eq!(found.notes, Vec::<String>::new());
    assert_eq!(id(&auth("s3", None, &env).0), "");
    assert_eq!(id(&auth("s3-eu", None, &env).0), "eu");
}

#[test]
fn keys_of_all_remotes_of_a_backend_fill_gaps() {
    let env = env(&[
        ("RCLONE_CONFIG_A_TYPE", "s3"),
        ("RCLONE_CONFIG_A_ACCESS_KEY_ID", "own"),
        ("RCLONE_S3_ACCESS_KEY_ID", "general"),
        ("RCLONE_S3_SECRET_ACCESS_KEY", SECRET),
    ]);
    assert_eq!(id(&auth("a", None, &env).0), "own");
}

#[test]
fn a_remote_that_is_not_defined_is_an_error_that_names_those_that_are() {
    let defined = env(&[("RCLONE_CONFIG_MINIO_TYPE", "s3"), ("RCLONE_CONFIG_B_TYPE", "gcs")]);
    let message = |env: &MapEnv| find("store", None, None, env).unwrap_err().to_string();
    assert_eq!(
        message(&defined),
        "remote `store`: expected `RCLONE_CONFIG_STORE_TYPE` to define it, got only the \
         remotes `b`, `minio`"
    );
    assert!(message(&env(&[])).ends_with("got no remote at all"));
    let typeless = env(&[("RCLONE_CONFIG_STORE_KEY", SECRET)]);
    assert_eq!(
        message(&typeless),
        "`RCLONE_CONFIG_STORE_TYPE`: expected a type that is known: one of `s3`, `google cloud \
         storage`, `azureblob` beside `RCLONE_CONFIG_STORE_KEY`, got nothing"
    );
    let other = env(&[("RCLONE_CONFIG_STORE_TYPE", "sftp")]);
    assert_eq!(
        message(&other),
        "`RCLONE_CONFIG_STORE_TYPE`: expected a type that is known: one of `s3`, `google cloud \
         storage`, `azureblob`, got `sftp`"
    );
}

#[test]
fn a_key_with_a_slip_is_told_of() {
    let env = env(&[
        ("RCLONE_CONFIG_S3_TYPE", "s3"),
        ("RCLONE_CONFIG_S3_KEY_ID", SECRET),
        ("RCLONE_CONFIG_S3_PROVIDER", "minio"),
        ("RCLONE_CONFIG_S3_ACL", "private"),
    ]);
    let found = find("s3", Some(Provider::S3), None, &env).unwrap();
    assert_eq!(
        found.notes,
        [
            "`RCLONE_CONFIG_S3_KEY_ID` has no effect: no key of rclone's `s3` that is known",
            "`RCLONE_CONFIG_S3_PROVIDER`: provider `minio` is not known, and not needed",
        ]
    );
    assert_eq!(found.origin, "`RCLONE_CONFIG_S3_*` without keys: anonymous");
}

#[test]
fn a_remote_decides_whose_interface_its_scheme_has() {
    let env = env(&[("RCLONE_CONFIG_GS_TYPE", "s3")]);
    let found = find("gs", Some(Provider::Gcs), None, &env).unwrap();
    assert_eq!(found.settings.provider(), Provider::S3);
}

#[test]
fn a_file_that_says_who_asks_decides_alone() {
    let below = env(&[("AWS_ACCESS_KEY_ID", "below"), ("AWS_SECRET_ACCESS_KEY", SECRET)]);
    let layered = |text| Layered::new(VariablesFile::parse("creds", text).unwrap(), below.clone());
    let keys = layered("AWS_ACCESS_KEY_ID=file\nAWS_SECRET_ACCESS_KEY=hunter2");
    let (found, origin) = auth("s3", Some(Provider::S3), &keys);
    assert_eq!((id(&found), origin.as_str()), ("file", "`AWS_ACCESS_KEY_ID` in `creds`"));
    let half = layered("AWS_ACCESS_KEY_ID=file");
    assert!(find("s3", Some(Provider::S3), None, &half).is_err());
    // What says nothing of who asks comes before the environment, and beside it.
    let region = layered("AWS_REGION=eu");
    assert_eq!(id(&auth("s3", Some(Provider::S3), &region).0), "below");
    let remote = layered("RCLONE_CONFIG_S3_TYPE=s3");
    assert_eq!(id(&auth("s3", Some(Provider::S3), &remote).0), "");
    // And is never taken for the image's own.
    let key = r#"{"client_email":"a","private_key":"b","private_key_id":"c"}"#;
    let text = format!(
        "RCLONE_CONFIG_GS_ANONYMOUS=true\nRCLONE_CONFIG_GS_SERVICE_ACCOUNT_CREDENTIALS={key}"
    );
    let found = find("gs", Some(Provider::Gcs), None, &layered(&text)).unwrap();
    assert!(found.origin.contains("anonymous"), "{}", found.origin);
}
