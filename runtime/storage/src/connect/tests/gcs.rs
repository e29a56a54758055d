//! Google Cloud Storage.

use radiant_contract::credentials::{
    Gcs, GcsAuth, GoogleChain, GoogleRefresh, GoogleToken, Secret, Settings,
};

use super::server::Server;
use super::{SECRET, ask, opened};

fn settings(auth: GcsAuth, server: &Server) -> Settings {
    Settings::Gcs(Gcs { auth, endpoint: Some(server.address.clone()), ..Gcs::default() })
}

fn token(token: &str) -> String {
    format!(r#"{{"access_token":"{token}","expires_in":3600,"token_type":"Bearer"}}"#)
}

fn refresh(url: &str) -> GcsAuth {
    GcsAuth::Token(GoogleToken {
        access: Some(Secret::new("stale")),
        refresh: Some(GoogleRefresh {
            token: Secret::new("refresh/hunter2"),
            client_id: "id".to_owned(),
            client_secret: Secret::new(SECRET),
            token_url: Some(url.to_owned()),
        }),
    })
}

#[tokio::test]
async fn nobody_shows_nothing_and_a_token_is_shown() {
    let server = Server::empty().await;
    let store = opened(&settings(GcsAuth::Anonymous, &server)).await.unwrap().store;
    ask(&store).await;
    let access = Some(Secret::new("mine"));
    let auth = GcsAuth::Token(GoogleToken { access, refresh: None });
    let paying = Gcs {
        user_project: Some("project".to_owned()),
        endpoint: Some(server.address.clone()),
        auth,
        ..Gcs::default()
    };
    ask(&opened(&Settings::Gcs(paying)).await.unwrap().store).await;
    let requests = server.requests();
    assert!(requests[0].starts_with("GET /models/a%2Fb "), "{}", requests[0]);
    assert!(!requests[0].contains("authorization"), "{}", requests[0]);
    assert!(requests[1].contains("authorization: Bearer mine"), "{}", requests[1]);
    assert!(requests[1].contains("x-goog-user-project: project"), "{}", requests[1]);
}

#[tokio::test]
async fn a_token_is_renewed_once_and_kept() {
    let tokens = Server::start(|_| (200, "", token("fresh"))).await;
    let server = Server::empty().await;
    let store = opened(&settings(refresh(&tokens.address), &server)).await.unwrap().store;
    ask(&store).await;
    ask(&store).await;
    for request in server.requests() {
        assert!(request.contains("authorization: Bearer fresh"), "{request}");
    }
    let asked = tokens.requests();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].ends_with(
        "grant_type=refresh_token&client_id=id&client_secret=hunter2\
         &refresh_token=refresh%2Fhunter2"
    ));
}

#[tokio::test]
async fn a_token_that_is_refused_says_why_and_nothing_secret() {
    let tokens = Server::start(|request| {
        assert!(request.contains("hunter2"));
        (400, "", r#"{"error":"invalid_grant","error_description":"hunter2"}"#.to_owned())
    })
    .await;
    let server = Server::empty().await;
    let store = opened(&settings(refresh(&tokens.address), &server)).await.unwrap().store;
    ask(&store).await;
    assert_eq!((tokens.requests().len(), server.requests().len()), (1, 0));
    // What passes is asked again.
    let tokens = Server::start(|_| (503, "", String::new())).await;
    let store = opened(&settings(refresh(&tokens.address), &server)).await.unwrap().store;
    ask(&store).await;
    assert_eq!(tokens.requests().len(), 2);
}

#[tokio::test]
async fn the_metadata_server_is_asked_and_then_nobody_or_an_error() {
    let metadata = Server::start(|_| (200, "", token("pod"))).await;
    let server = Server::empty().await;
    let chain = |host: &Server, or_anonymous| {
        let (file, metadata_host) = (Some("/nowhere/gcloud.json".to_owned()), Some(host.host()));
        settings(GcsAuth::Chain(GoogleChain { file, metadata_host, or_anonymous }), &server)
    };
    let found = opened(&chain(&metadata, true)).await.unwrap();
    ask(&found.store).await;
    assert_eq!(found.credentials.as_deref(), Some("the metadata server"));
    assert!(server.requests()[0].contains("authorization: Bearer pod"));
    let asked = metadata.requests();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].contains("metadata-flavor: Google"), "{asked:?}");
    let other = Server::empty().await;
    let found = opened(&chain(&other, true)).await.unwrap();
    ask(&found.store).await;
    assert!(!server.requests()[1].contains("authorization"));
    assert!(found.credentials.unwrap().starts_with("nobody: anonymous, after asking `/nowhere"));
    let error = opened(&chain(&other, false)).await.unwrap_err().to_string();
    assert!(error.contains("it answered 404"), "{error}");
}

#[tokio::test]
async fn a_file_of_another_kind_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.json").display().to_string();
    let server = Server::empty().await;
    for (text, expected) in [
        ("hunter2", "expected JSON, got something else"),
        (r#"{"type":"external_account","x":"hunter2"}"#, "of type `external_account` are not"),
        (r#"{"type":"authorized_user"}"#, "got JSON without a text `refresh_token`"),
        (r#"{"client_email":"hunter2"}"#, "got JSON without a text `private_key_id`"),
        (
            r#"{"client_email":"a","private_key_id":"b","private_key":"hunter2"}"#,
            "its client cannot be built",
        ),
    ] {
        std::fs::write(&path, text).unwrap();
        let error = opened(&settings(GcsAuth::File(path.clone()), &server)).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    // As emulators have it.
    let text = format!(
        r#"{{"gcs_base_url":"{}","disable_oauth":true,"client_email":"","private_key":"",
            "private_key_id":""}}"#,
        server.address
    );
    std::fs::write(&path, text).unwrap();
    ask(&opened(&settings(GcsAuth::File(path), &server)).await.unwrap().store).await;
    assert_eq!(server.requests().len(), 1);
}
