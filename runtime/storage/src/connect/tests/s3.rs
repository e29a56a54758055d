//! Opening stores that speak S3: who asks, and where.

use radiant_contract::credentials::{
    AwsChain, AwsContainer, AwsKeys, AwsLink, AwsProfile, AwsWebIdentity, S3, S3Auth, Secret,
    Settings,
};

use super::server::Server;
use super::{ConnectError, SECRET, ask, opened};

fn keys(id: &str) -> S3Auth {
    let (secret, token) = (Secret::new(SECRET), Some(Secret::new("token-hunter2")));
    S3Auth::Keys(AwsKeys { id: id.to_owned(), secret, token })
}

fn settings(auth: S3Auth, server: &Server) -> S3 {
    S3 { auth, endpoint: Some(server.address.clone()), ..S3::default() }
}

fn chain(links: Vec<AwsLink>, or_anonymous: bool) -> S3Auth {
    S3Auth::Chain(AwsChain { links, or_anonymous })
}

/// The request that a store makes with these settings.
async fn request(settings: S3, server: &Server) -> (String, Option<String>) {
    let opened = opened(&Settings::S3(settings)).await.unwrap();
    ask(&opened.store).await;
    (server.requests().pop().unwrap(), opened.credentials)
}

const CREDENTIALS: &str = r#"{"AccessKeyId":"temporary","SecretAccessKey":"hunter2",
    "Token":"hunter2","Expiration":"2999-01-01T00:00:00Z"}"#;

#[tokio::test]
async fn keys_sign_requests_and_nobody_does_not() {
    let server = Server::empty().await;
    let (request_, from) = request(settings(keys("id"), &server), &server).await;
    assert!(request_.starts_with("GET /models/a/b HTTP/1.1\r\n"), "{request_}");
    assert!(request_.contains("Credential=id/"), "{request_}");
    assert!(request_.contains("x-amz-security-token: token-hunter2"), "{request_}");
    assert!(request_.contains("/us-east-1/s3/aws4_request"), "{request_}");
    assert_eq!(from, None);
    let (request_, _) = request(settings(S3Auth::Anonymous, &server), &server).await;
    assert!(!request_.contains("authorization"), "{request_}");
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn customers_keys_and_who_pays_are_signed_headers() {
    let server = Server::empty().await;
    let key = "aHVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMmh1bnQ=";
    let more = S3 {
        requester_pays: true,
        customer_key: Some(Secret::new(key)),
        region: Some("eu".to_owned()),
        ..settings(keys("id"), &server)
    };
    let (request, _) = request(more, &server).await;
    let signed = request.split("SignedHeaders=").nth(1).unwrap().split(',').next().unwrap();
    for header in [
        "x-amz-request-payer",
        "x-amz-server-side-encryption-customer-algorithm",
        "x-amz-server-side-encryption-customer-key",
        "x-amz-server-side-encryption-customer-key-md5",
    ] {
        assert!(signed.split(';').any(|it| it == header), "{header}: {signed}");
    }
    assert!(request.contains("/eu/s3/aws4_request"), "{request}");
}

#[tokio::test]
async fn nobody_is_followed_elsewhere() {
    let elsewhere = Server::empty().await;
    let head: &'static str = format!("location: {}/x\r\n", elsewhere.address).leak();
    let server = Server::start(move |_| (302, head, String::new())).await;
    request(settings(keys("id"), &server), &server).await;
    assert_eq!((server.requests().len(), elsewhere.requests().len()), (1, 0));
}

#[tokio::test]
async fn a_profile_is_read_from_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(
        file("credentials"),
        "[default]\naws_access_key_id = d\naws_secret_access_key = hunter2\n\
         [half]\naws_access_key_id = h\n[sso]\nsso_session = x\n",
    )
    .unwrap();
    std::fs::write(file("config"), "[default]\nregion = eu-north-1\n").unwrap();
    let profile = |name: Option<&str>, required| {
        AwsLink::Profile(AwsProfile {
            name: name.map(str::to_owned),
            credentials_file: Some(file("credentials")),
            config_file: Some(file("config")),
            required,
            sts_endpoint: None,
        })
    };
    let server = Server::empty().await;
    let found = settings(chain(vec![profile(None, false)], false), &server);
    let (request, from) = request(found, &server).await;
    assert!(request.contains("Credential=d/"), "{request}");
    assert!(request.contains("/eu-north-1/s3/aws4_request"), "{request}");
    assert_eq!(from.as_deref(), Some("the profile `default`"));
    for (name, expected) in [
        ("half", "expected `aws_access_key_id` and `aws_secret_access_key`, got the first only"),
        ("sso", "profiles with `sso_session` are not followed"),
        ("none", "expected the profile that is asked for, got no profile `none`"),
    ] {
        let auth = chain(vec![profile(Some(name), true)], false);
        let error = opened(&Settings::S3(settings(auth, &server))).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test]
async fn an_agent_beside_the_container_gives_out_keys() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "agents-token").unwrap();
    let agent = Server::start(|_| (200, "", CREDENTIALS.to_owned())).await;
    let server = Server::empty().await;
    let container = AwsLink::Container(AwsContainer {
        uri: format!("{}/v1/credentials", agent.address),
        token_file: Some(token.display().to_string()),
    });
    let found = settings(chain(vec![container], false), &server);
    let (request, from) = request(found, &server).await;
    assert!(request.contains("Credential=temporary/"), "{request}");
    assert_eq!(from.as_deref(), Some("the agent of the container"));
    let asked = agent.requests();
    assert!(asked[0].contains("authorization: agents-token"), "{asked:?}");
}

#[tokio::test]
async fn a_service_account_takes_on_its_role() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "pods-token").unwrap();
    let sts = Server::start(|_| {
        let reply = "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult>\
            <Credentials><AccessKeyId>role</AccessKeyId><SecretAccessKey>hunter2</SecretAccessKey>\
            <SessionToken>s</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration>\
            </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";
        (200, "", reply.to_owned())
    })
    .await;
    let server = Server::empty().await;
    let identity = AwsLink::WebIdentity(AwsWebIdentity {
        role: "arn:aws:iam::1:role/r".to_owned(),
        token_file: token.display().to_string(),
        session: None,
        sts_endpoint: Some(sts.address.clone()),
    });
    let found = settings(chain(vec![identity], false), &server);
    let (request, from) = request(found, &server).await;
    assert!(request.contains("Credential=role/"), "{request}");
    assert_eq!(from.as_deref(), Some("the role `arn:aws:iam::1:role/r` of the service account"));
    assert!(sts.requests()[0].contains("WebIdentityToken=pods-token"), "{:?}", sts.requests());
}

#[tokio::test]
async fn the_machine_is_asked_last_and_then_nobody_or_an_error() {
    let machine = Server::start(|request| {
        let path = request.split(' ').nth(1).unwrap_or_default();
        match path {
            "/latest/api/token" => (200, "", "t".to_owned()),
            "/latest/meta-data/iam/security-credentials/" => (200, "", "role".to_owned()),
            _ => (200, "", CREDENTIALS.to_owned()),
        }
    })
    .await;
    let server = Server::empty().await;
    let instance = |server: &Server| AwsLink::Instance { endpoint: Some(server.address.clone()) };
    let found = settings(chain(vec![instance(&machine)], false), &server);
    let (request_, from) = request(found, &server).await;
    assert!(request_.contains("Credential=temporary/"), "{request_}");
    assert_eq!(from.as_deref(), Some("the machine's role"));
    let other = Server::empty().await;
    let found = settings(chain(vec![instance(&other)], true), &server);
    let (request_, from) = request(found, &server).await;
    assert!(!request_.contains("authorization"), "{request_}");
    assert_eq!(
        from.as_deref(),
        Some(
            "nobody: anonymous, after asking the machine's metadata service (it answered 404 Not \
             Found)"
        )
    );
    let found = settings(chain(vec![instance(&other)], false), &server);
    let error = opened(&Settings::S3(found)).await.unwrap_err();
    assert!(matches!(error, ConnectError::NoCredentials { .. }), "{error}");
}
