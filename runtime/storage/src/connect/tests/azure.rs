//! Azure Blob Storage.

use radiant_contract::credentials::{
    Azure, AzureApplication, AzureAuth, AzureIdentity, AzureIdentityName, AzureWorkload, Secret,
    Settings, Tls,
};

use super::server::Server;
use super::{SECRET, ask, opened};

fn settings(auth: AzureAuth, server: &Server) -> Azure {
    Azure {
        auth,
        account: "acc".to_owned(),
        endpoint: Some(format!("{}/acc", server.address)),
        container: None,
        tls: Tls::default(),
    }
}

/// The request that a store makes as somebody.
async fn request(auth: AzureAuth, server: &Server) -> String {
    ask(&opened(&Settings::Azure(settings(auth, server))).await.unwrap().store).await;
    server.requests().pop().unwrap()
}

#[tokio::test]
async fn keys_sign_and_signatures_stand_in_the_query() {
    let server = Server::empty().await;
    let key = AzureAuth::Key(Secret::new("aHVudGVyMg=="));
    let got = request(key, &server).await;
    assert!(got.starts_with("GET /acc/models/a/b HTTP/1.1\r\n"), "{got}");
    assert!(got.contains("authorization: SharedKey acc:"), "{got}");
    let query = "sv=2021-10-04&sp=rl&sig=hunter2%2Bx%3D";
    let got = request(AzureAuth::Signature(Secret::new(query)), &server).await;
    assert!(got.starts_with("GET /acc/models/a/b?") && got.contains("sig=hunter2%2Bx%3D"), "{got}");
    let got = request(AzureAuth::Anonymous, &server).await;
    assert!(!got.contains("authorization") && !got.contains('?'), "{got}");
}

#[tokio::test]
async fn a_signature_for_one_container_opens_no_other() {
    let server = Server::empty().await;
    let signed = AzureAuth::Signature(Secret::new("sig=hunter2"));
    let other = Azure { container: Some("other".to_owned()), ..settings(signed, &server) };
    assert_eq!(
        opened(&Settings::Azure(other)).await.unwrap_err().to_string(),
        "container `models`: the signed address is for the container `other` only"
    );
}

#[tokio::test]
async fn applications_and_identities_get_tokens_where_they_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("token").display().to_string();
    std::fs::write(&token_file, "pods-token").unwrap();
    let tokens = Server::start(|_| {
        let body = r#"{"access_token":"fresh","expires_in":3600,"expires_on":"32503680000"}"#;
        (200, "", body.to_owned())
    })
    .await;
    let authority = Some(tokens.address.clone());
    let server = Server::empty().await;
    let application = AzureApplication {
        tenant: "t".to_owned(),
        client: "c".to_owned(),
        secret: Secret::new(SECRET),
        authority: authority.clone(),
    };
    let (tenant, client) = ("t".to_owned(), "c".to_owned());
    let workload = AzureWorkload { tenant, client, token_file, authority };
    let endpoint = Some(format!("{}/identity", tokens.address));
    let which = AzureIdentityName::Object("o".to_owned());
    for (auth, asked) in [
        (AzureAuth::Application(application), "client_secret=hunter2"),
        (AzureAuth::WorkloadIdentity(workload), "client_assertion=pods-token"),
        (AzureAuth::ManagedIdentity(AzureIdentity { which, endpoint }), "object_id=o"),
    ] {
        let got = request(auth, &server).await;
        assert!(got.contains("authorization: Bearer fresh"), "{got}");
        assert!(tokens.requests().pop().unwrap().contains(asked), "{asked}");
    }
}

#[tokio::test]
async fn a_file_of_a_service_principal_must_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sp.json").display().to_string();
    let server = Server::empty().await;
    for (text, expected) in [
        ("hunter2", "got something that is no JSON"),
        (r#"{"appId":"hunter2","tenant":"t"}"#, "got JSON without `password`"),
    ] {
        std::fs::write(&path, text).unwrap();
        let found = settings(AzureAuth::ApplicationFile(path.clone()), &server);
        let error = opened(&Settings::Azure(found)).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    std::fs::write(&path, r#"{"appId":"a","tenant":"t","password":"hunter2"}"#).unwrap();
    let found = settings(AzureAuth::ApplicationFile(path), &server);
    assert!(opened(&Settings::Azure(found)).await.is_ok());
}
