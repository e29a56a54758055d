//! Logging in: passwords, tokens, and registries that ask for them in odd ways.

use super::fake::{Content, Registry, Reply, Request};
use super::*;

fn content() -> Content {
    let manifest = manifest_of(&[titled("model.onnx", b"x")]);
    Content::default().with_manifest("1", &manifest).with_blob(b"x")
}

/// A registry whose tokens come from a service on the same port.
async fn with_tokens(token: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Registry {
    Registry::start(content(), move |request| {
        if request.path.starts_with("/token") {
            return Some(token(request));
        }
        let realm = format!("http://{}/token?x=1", request.header("host"));
        let challenge = format!(r#"Bearer realm="{realm}",service="our registry""#);
        (request.header("authorization") != "Bearer TOKEN")
            .then(|| Reply::new(401, "").with("WWW-Authenticate", challenge))
    })
    .await
}

async fn pull_from(registry: &Registry, logins: &Logins) -> Result<String, String> {
    pull(&registry.address("team/iris:1"), logins, &options()).await
}

fn token() -> Reply {
    Reply::new(200, r#"{"token": "TOKEN", "expires_in": 300}"#)
}

#[tokio::test]
async fn tokens_are_got_without_a_login_too_and_used_again() {
    let registry = with_tokens(|_| token()).await;
    assert_eq!(pull_from(&registry, &Logins::none()).await.unwrap(), "model.onnx=x");
    let requests = registry.requests();
    let asked: Vec<&Request> =
        requests.iter().filter(|request| request.path.starts_with("/token")).collect();
    let [asked] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!(asked.path, "/token?x=1&scope=repository%3Ateam%2Firis%3Apull&service=our+registry");
    assert_eq!(asked.header("authorization"), "");
}

#[tokio::test]
async fn passwords_buy_tokens() {
    let registry = with_tokens(|request| {
        // `user:SECRET`.
        let is_known = request.header("authorization") == "Basic dXNlcjpTRUNSRVQ=";
        if is_known { token() } else { Reply::new(401, r#"{"details": "who are you"}"#) }
    })
    .await;
    let known = Logins::one(&registry.host, &json!({"auth": "dXNlcjpTRUNSRVQ="}));
    assert_eq!(pull_from(&registry, &known).await.unwrap(), "model.onnx=x");
    let wrong = Logins::one(&registry.host, &json!({"username": "u", "password": "SECRET2"}));
    let error = pull_from(&registry, &wrong).await.unwrap_err();
    for word in ["401", "who are you", "the login is from", "auth.json"] {
        assert!(error.contains(word), "{error}");
    }
    let error = pull_from(&registry, &Logins::none()).await.unwrap_err();
    for word in ["has no login for", &registry.host, "add one under `auths`", "name is wrong"] {
        assert!(error.contains(word), "{error}");
    }
}

#[tokio::test]
async fn identity_tokens_buy_tokens_too_and_registry_tokens_are_used_as_they_are() {
    let registry = with_tokens(|request| {
        let form = "grant_type=refresh_token&client_id=radiant&refresh_token=SECRET\
                    &scope=repository%3Ateam%2Firis%3Apull&service=our+registry";
        let is_right = request.method == "POST" && request.body == form;
        if is_right { Reply::new(200, r#"{"access_token": "TOKEN"}"#) } else { Reply::new(400, "") }
    })
    .await;
    let logins = Logins::one(&registry.host, &json!({"identitytoken": "SECRET"}));
    assert_eq!(pull_from(&registry, &logins).await.unwrap(), "model.onnx=x");
    let logins = Logins::one(&registry.host, &json!({"registrytoken": "TOKEN"}));
    assert_eq!(pull_from(&registry, &logins).await.unwrap(), "model.onnx=x");
}

#[tokio::test]
async fn a_token_that_ends_on_the_way_is_replaced() {
    let registry = Registry::start(content(), |request| {
        let host = request.header("host");
        if request.path.starts_with("/token") {
            let token = format!("T{}", request.n_before);
            return Some(Reply::new(200, json!({"token": token}).to_string()));
        }
        let wanted = if request.is_blob() { "Bearer T1" } else { "Bearer T0" };
        let challenge = format!(r#"Bearer realm="http://{host}/token""#);
        (request.header("authorization") != wanted)
            .then(|| Reply::new(401, "").with("WWW-Authenticate", challenge))
    })
    .await;
    assert_eq!(pull_from(&registry, &Logins::none()).await.unwrap(), "model.onnx=x");
}

#[tokio::test]
async fn odd_token_services_are_errors_and_no_more() {
    for (reply, words) in [
        (Reply::new(200, r#"{"token": "a\nb"}"#), "a token that can be sent"),
        (Reply::new(200, r#"{"token": ""}"#), "a token in JSON"),
        (Reply::new(200, "<html>"), "a token in JSON"),
        (Reply::new(500, ""), "expected a token, got status 500"),
        (Reply::new(200, r#"{"token": "WRONG"}"#), "refuses access (401)"),
    ] {
        let registry = with_tokens(move |_| reply.clone()).await;
        let error = pull_from(&registry, &Logins::none()).await.unwrap_err();
        assert!(error.contains(words), "`{words}` in: {error}");
    }
    for (challenge, words) in [
        (r#"Bearer realm="ftp://SECRET@host.io/""#, "got `ftp://host.io`"),
        (r#"Bearer realm="no address""#, "got `no address`"),
        ("Negotiate", "refuses access (401)"),
        ("Basic realm=\"x\"", "refuses access (401)"),
    ] {
        let registry = Registry::start(content(), move |_| {
            Some(Reply::new(401, "").with("WWW-Authenticate", challenge))
        })
        .await;
        let error = pull_from(&registry, &Logins::none()).await.unwrap_err();
        assert!(error.contains(words), "`{words}` in: {error}");
    }
}
