//! Azure Blob Storage: rows of the table of stores.

use super::*;

const SAS: &str = "sv=2024-01-01&sr=c&sp=rl&se=2026-10-01T12%3A00%3A00Z&sig=hunter2%3D";

fn lines(secret: &StoreSecret) -> Vec<String> {
    shown(secret).iter().map(|(name, value)| format!("{name}={value}")).collect()
}

#[test]
fn an_accounts_key_comes_with_its_account_under_the_scheme_of_the_address() {
    let connection = "DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=Zm9v;\
                      EndpointSuffix=core.windows.net";
    let expected = |remote: &str| {
        [("ACCOUNT", "acc"), ("KEY", "Zm9v"), ("TYPE", "azureblob")]
            .map(|(key, value)| format!("RCLONE_CONFIG_{remote}_{key}={value}"))
            .to_vec()
    };
    let pair = Host::with_env(&[("AZURE_STORAGE_ACCOUNT", "acc"), ("AZURE_STORAGE_KEY", "Zm9v")]);
    for uri in ["az://c/m", "abfs://c@acc.dfs.core.windows.net/m", "wasbs://c@acc/m"] {
        let scheme = uri.split(':').next().unwrap().to_uppercase();
        assert_eq!(lines(&Host::with_file(connection).of_file(uri)), expected(&scheme));
        assert_eq!(lines(&pair.of_env(uri)), expected(&scheme));
    }
    let web = Host::with_file(connection).of_file("https://acc.blob.core.windows.net/c/m");
    assert_eq!(lines(&web), ["AZURE_STORAGE_ACCOUNT_KEY=Zm9v", "AZURE_STORAGE_ACCOUNT_NAME=acc"]);
    let text = Host::with_file(connection).refusal(&file(), "abfs://c@other/m");
    assert!(text.contains("`other`") && text.contains("`acc`"), "{text}");
}

#[test]
fn a_signature_gets_its_whole_address() {
    let url = format!("https://acc.blob.core.windows.net/c?{SAS}");
    let expected = [
        "RCLONE_CONFIG_AZ_ACCOUNT=acc".to_owned(),
        format!("RCLONE_CONFIG_AZ_SAS_URL={url}"),
        "RCLONE_CONFIG_AZ_TYPE=azureblob".to_owned(),
    ];
    let whole = Host::with_file(&url).of_file("az://c/m");
    assert_eq!(lines(&whole), expected);
    let bare = Host::with_file(&format!("?{SAS}")).and_account("acc").of_file("az://c/m");
    assert_eq!(lines(&bare), expected);
    assert_eq!(bare.expires.unwrap().to_string(), "2026-10-01 12:00:00 UTC");
    assert!(bare.warnings[0].contains("until 2026-10-01T12:00:00Z"), "{bare:?}");
    let of_account = SAS.replace("sr=c", "ss=b&srt=sco");
    let bare = Host::with_file(&of_account).and_account("acc").of_file("az://c/m");
    assert!(
        lines(&bare)[1].starts_with("RCLONE_CONFIG_AZ_SAS_URL=https://acc.blob.core.windows.net/?")
    );
    let web = Host::with_file(SAS).of_file("https://acc.blob.core.windows.net/c/m");
    assert_eq!(web.data["AZURE_STORAGE_SAS_TOKEN"].expose(), SAS);
    let text = Host::with_file(SAS).refusal(&file(), "az://c/m");
    assert!(text.contains("--account") && !text.contains("hunter2"), "{text}");
}

#[test]
fn a_signature_that_cannot_list_is_told_of() {
    for (part, word) in [("sp=r", "list"), ("sp=l", "to read"), ("sr=b", "one blob")] {
        let (key, _) = part.split_once('=').unwrap();
        let others = SAS.split('&').filter(|it| it.split('=').next() != Some(key));
        let query = others.chain([part]).collect::<Vec<_>>().join("&");
        let secret = Host::with_file(&query).and_account("acc").of_file("az://c/m");
        assert!(secret.warnings.iter().any(|it| it.contains(word)), "{part}: {secret:?}");
    }
}

#[test]
fn an_application_comes_with_its_account() {
    let application =
        r#"{"appId": "app", "password": "hunter2", "tenant": "ten", "displayName": "x"}"#;
    let sdk = r#"{"clientId": "app", "clientSecret": "hunter2", "tenantId": "ten"}"#;
    let env = Host::with_env(&[
        ("AZURE_TENANT_ID", "ten"),
        ("AZURE_CLIENT_ID", "app"),
        ("AZURE_CLIENT_SECRET", "hunter2"),
    ]);
    let uri = "abfss://c@acc.dfs.core.windows.net/m";
    for secret in [
        Host::with_file(application).of_file(uri),
        Host::with_file(sdk).of_file(uri),
        env.of_env(uri),
    ] {
        assert_eq!(
            lines(&secret),
            [
                "RCLONE_CONFIG_ABFSS_ACCOUNT=acc",
                "RCLONE_CONFIG_ABFSS_CLIENT_ID=app",
                "RCLONE_CONFIG_ABFSS_CLIENT_SECRET=hunter2",
                "RCLONE_CONFIG_ABFSS_TENANT=ten",
                "RCLONE_CONFIG_ABFSS_TYPE=azureblob",
            ]
        );
    }
    let text = env.refusal(&Source::Environment, "az://c/m");
    assert!(text.contains("expected a storage account") && text.contains("--account"), "{text}");
    assert_eq!(env.and_account("acc").of_env("az://c/m").data.len(), 5);
}

#[test]
fn identities_of_this_machine_are_not_taken_along() {
    let env = Host::with_env(&[
        ("AZURE_TENANT_ID", "ten"),
        ("AZURE_CLIENT_ID", "app"),
        ("AZURE_FEDERATED_TOKEN_FILE", "/token"),
    ]);
    let text = env.refusal(&Source::Environment, "abfs://c@acc/m");
    assert!(text.contains("identity of this machine") && text.contains("serviceAccount"), "{text}");
    let text = Host::default().refusal(&Source::Environment, "abfs://c@acc/m");
    assert!(text.contains("AZURE_STORAGE_ACCOUNT_KEY"), "{text}");
}
