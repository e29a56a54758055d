//! Secrets of other deployers, with what they get wrong.

use super::*;

fn convert_theirs(variables: &[(&str, &str)], uri: &str) -> StoreSecret {
    Host::default().convert(&existing(variables), uri).unwrap()
}

#[test]
fn what_zenml_meant_for_s3_is_taken_over() {
    let secret = convert_theirs(
        &[
            ("RCLONE_CONFIG_S3_TYPE", "s3"),
            ("RCLONE_CONFIG_S3_PROVIDER", "Minio"),
            ("RCLONE_CONFIG_S3_ENV_AUTH", "False"),
            ("RCLONE_CONFIG_S3_ACCESS_KEY_ID", "AKI"),
            ("RCLONE_CONFIG_S3_SECRET_ACCESS_KEY", "hunter2"),
            ("RCLONE_CONFIG_S3_ENDPOINT", "http://minio:9000"),
        ],
        "s3://m/x",
    );
    assert_eq!(secret.data["RCLONE_CONFIG_S3_ACCESS_KEY_ID"].expose(), "AKI");
    assert_eq!(secret.data["RCLONE_CONFIG_S3_ENDPOINT"].expose(), "http://minio:9000");
    assert!(secret.warnings.is_empty(), "{secret:?}");
}

#[test]
fn keys_that_zenml_lost_are_told_of() {
    let lost = [
        ("RCLONE_CONFIG_S3_TYPE", "s3"),
        ("RCLONE_CONFIG_S3_PROVIDER", "aws"),
        ("RCLONE_CONFIG_S3_ENV_AUTH", "True"),
    ];
    let secret = convert_theirs(&lost, "s3://m/x");
    assert!(secret.is_pods_own && secret.warnings[0].contains("ZenML"), "{secret:?}");
    assert_eq!(secret.data["RCLONE_CONFIG_S3_ENV_AUTH"].expose(), "True");
    let key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    let token = "x".repeat(300);
    let shifted = existing(&[
        ("RCLONE_CONFIG_S3_TYPE", "s3"),
        ("RCLONE_CONFIG_S3_ENV_AUTH", "False"),
        ("RCLONE_CONFIG_S3_ACCESS_KEY_ID", key),
        ("RCLONE_CONFIG_S3_SECRET_ACCESS_KEY", &token),
    ]);
    let text = Host::default().refusal(&shifted, "s3://m/x");
    assert!(text.contains("ZenML") && !text.contains(key) && !text.contains(&token), "{text}");
}

#[test]
fn a_signature_alone_is_given_its_address() {
    let bare = [
        ("RCLONE_CONFIG_AZ_TYPE", "azureblob"),
        ("RCLONE_CONFIG_AZ_ENV_AUTH", "False"),
        ("RCLONE_CONFIG_AZ_SAS_URL", "sv=1&sr=c&sp=rl&sig=hunter2"),
    ];
    let secret = convert_theirs(&bare, "abfs://c@acc.dfs.core.windows.net/m");
    assert_eq!(
        secret.data["RCLONE_CONFIG_ABFS_SAS_URL"].expose(),
        "https://acc.blob.core.windows.net/c?sv=1&sr=c&sp=rl&sig=hunter2"
    );
    assert_eq!(secret.data["RCLONE_CONFIG_ABFS_ACCOUNT"].expose(), "acc");
    assert!(secret.warnings.iter().any(|it| it.contains("a signature alone")), "{secret:?}");
    let text = Host::default().refusal(&existing(&bare), "az://c/m");
    assert!(text.contains("SAS_URL") && !text.contains("hunter2"), "{text}");
}

#[test]
fn an_application_without_an_account_is_given_that_of_the_address() {
    let theirs = [
        ("RCLONE_CONFIG_AZ_TYPE", "azureblob"),
        ("RCLONE_CONFIG_AZ_CLIENT_ID", "app"),
        ("RCLONE_CONFIG_AZ_CLIENT_SECRET", "hunter2"),
        ("RCLONE_CONFIG_AZ_TENANT", "ten"),
    ];
    let secret = convert_theirs(&theirs, "abfs://c@acc/m");
    assert_eq!(secret.data["RCLONE_CONFIG_ABFS_ACCOUNT"].expose(), "acc");
    assert!(secret.warnings[0].contains("_ACCOUNT"), "{secret:?}");
    let named = Host::default().and_account("acc").convert(&existing(&theirs), "az://c/m").unwrap();
    assert_eq!(named.data["RCLONE_CONFIG_AZ_ACCOUNT"].expose(), "acc");
    let text = Host::default().refusal(&existing(&theirs), "az://c/m");
    assert!(text.contains("RCLONE_CONFIG_AZ_ACCOUNT") && text.contains("--account"), "{text}");
}

#[test]
fn what_is_about_no_store_is_no_credential() {
    for variables in [&[("PASSWORD", "hunter2")][..], &[("RCLONE_CONFIG_D_TYPE", "drive")]] {
        let text = Host::default().refusal(&existing(variables), "s3://m/x");
        assert!(text.contains("Secret `theirs`") && !text.contains("hunter2"), "{text}");
    }
}

#[test]
fn a_pods_own_identity_stays_its_own_under_the_name_of_the_address() {
    let theirs = [
        ("RCLONE_CONFIG_AZ_TYPE", "azureblob"),
        ("RCLONE_CONFIG_AZ_ENV_AUTH", "True"),
        ("UNRELATED", "hunter2"),
    ];
    let secret = convert_theirs(&theirs, "abfs://c@acc/m");
    let names: Vec<&str> = secret.data.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["RCLONE_CONFIG_ABFS_ACCOUNT", "RCLONE_CONFIG_ABFS_ENV_AUTH", "RCLONE_CONFIG_ABFS_TYPE"]
    );
    assert!(secret.is_pods_own);
}
