//! Stores that speak S3.

use std::net::IpAddr;

use object_store::ClientOptions;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use radiant_contract::credentials::{
    AwsChain, AwsContainer, AwsKeys, AwsLink, AwsWebIdentity, S3, S3Auth,
};

use super::aws_profile::{self, ProfileCredentials};
use super::http::{Connector, Http, ask};
use super::{ConnectError, Opened, check_endpoint, not_built};

/// Where machines of AWS find their metadata service.
const METADATA: &str = "http://169.254.169.254";
/// Where any bucket of AWS says which region it is in.
const ANY_REGION: &str = "https://s3.amazonaws.com";
/// The region where nothing says one.
const REGION: &str = "us-east-1";

/// Who asks, once that is known.
enum Who<'a> {
    Nobody,
    Keys(AwsKeys),
    Container(&'a AwsContainer),
    Role(AwsWebIdentity),
    Machine(Option<&'a str>),
}

/// What the sources of credentials came to.
struct Identity<'a> {
    who: Who<'a>,
    /// Where that is from, if it was open.
    from: Option<String>,
    region: Option<String>,
    endpoint: Option<String>,
}

impl<'a> Identity<'a> {
    const fn of(who: Who<'a>, from: Option<String>) -> Self {
        Self { who, from, region: None, endpoint: None }
    }
}

/// Opens a bucket.
///
/// # Errors
/// As [`super::open`].
pub(super) async fn open(settings: &S3, bucket: &str, http: &Http) -> Result<Opened, ConnectError> {
    let identity = match &settings.auth {
        S3Auth::Anonymous => Identity::of(Who::Nobody, None),
        S3Auth::Keys(keys) => Identity::of(Who::Keys(keys.clone()), None),
        S3Auth::Chain(chain) => walk(chain, settings, http).await?,
    };
    let endpoint = settings.endpoint.clone().or(identity.endpoint);
    check_endpoint("endpoint", endpoint.as_deref())?;
    let sts = match &identity.who {
        Who::Role(role) => role.sts_endpoint.clone(),
        Who::Nobody | Who::Keys(_) | Who::Container(_) | Who::Machine(_) => None,
    };
    check_endpoint("sts endpoint", sts.as_deref())?;
    let connector = Connector::new(http, &settings.tls, endpoint.as_deref()).await?;
    let connector = connector.with_tokens_from(sts.as_deref());
    let region = match settings.region.clone().or(identity.region) {
        Some(region) => region,
        None if endpoint.is_some() => REGION.to_owned(),
        None => region_of(bucket, &connector).await?.unwrap_or_else(|| REGION.to_owned()),
    };
    let place = Place::of(settings, endpoint, &region, bucket);
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(&region)
        .with_virtual_hosted_style_request(place.is_virtual)
        .with_request_payer(settings.requester_pays)
        .with_retry(http.retry())
        .with_client_options(ClientOptions::new().with_allow_http(connector.is_plain()));
    if let Some(endpoint) = place.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(key) = &settings.customer_key {
        builder = builder.with_ssec_encryption(key.expose());
    }
    let is_anonymous = matches!(identity.who, Who::Nobody);
    let builder = signed(builder, identity.who, &region).with_http_connector(connector);
    let store = builder.build().map_err(|error| not_built(&error))?;
    Ok(Opened { credentials: identity.from, is_anonymous, ..Opened::plainly(store) })
}

/// Where requests go.
struct Place {
    endpoint: Option<String>,
    is_virtual: bool,
}

impl Place {
    /// With the bucket in the host, the library wants to be told the host with the bucket.
    fn of(settings: &S3, endpoint: Option<String>, region: &str, bucket: &str) -> Self {
        let china = if region.starts_with("cn-") { ".cn" } else { "" };
        let base = match endpoint {
            Some(endpoint) => endpoint,
            None if settings.accelerate => {
                let dual_stack = if settings.dual_stack { ".dualstack" } else { "" };
                let host = format!("{bucket}.s3-accelerate{dual_stack}.amazonaws.com");
                return Self { endpoint: Some(format!("https://{host}")), is_virtual: true };
            }
            None if settings.dual_stack => {
                format!("https://s3.dualstack.{region}.amazonaws.com{china}")
            }
            None => format!("https://s3.{region}.amazonaws.com{china}"),
        };
        let (scheme, host) = base.split_once("://").unwrap_or(("https", &base));
        if settings.path_style || is_number(host) {
            return Self { endpoint: Some(base), is_virtual: false };
        }
        Self { endpoint: Some(format!("{scheme}://{bucket}.{host}")), is_virtual: true }
    }
}

/// Whether a host is an address of the internet protocol, which nothing can be put before.
fn is_number(host: &str) -> bool {
    let host = host.split('/').next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    host.starts_with('[') || host.parse::<IpAddr>().is_ok()
}

fn signed(builder: AmazonS3Builder, who: Who<'_>, region: &str) -> AmazonS3Builder {
    match who {
        Who::Nobody => builder.with_skip_signature(true),
        Who::Keys(keys) => {
            let builder =
                builder.with_access_key_id(keys.id).with_secret_access_key(keys.secret.expose());
            match keys.token {
                Some(token) => builder.with_token(token.expose()),
                None => builder,
            }
        }
        Who::Container(container) => {
            let is_path = container.uri.starts_with('/');
            let key = if is_path {
                AmazonS3ConfigKey::ContainerCredentialsRelativeUri
            } else {
                AmazonS3ConfigKey::ContainerCredentialsFullUri
            };
            let builder = builder.with_config(key, &container.uri);
            match &container.token_file {
                Some(file) => {
                    builder.with_config(AmazonS3ConfigKey::ContainerAuthorizationTokenFile, file)
                }
                None => builder,
            }
        }
        Who::Role(role) => {
            let china = format!("https://sts.{region}.amazonaws.com.cn");
            let sts = role.sts_endpoint.or_else(|| region.starts_with("cn-").then_some(china));
            let values = [
                (AmazonS3ConfigKey::WebIdentityTokenFile, Some(role.token_file)),
                (AmazonS3ConfigKey::RoleArn, Some(role.role)),
                (AmazonS3ConfigKey::RoleSessionName, role.session),
                (AmazonS3ConfigKey::StsEndpoint, sts),
            ];
            let values = values.into_iter().filter_map(|(key, value)| Some((key, value?)));
            values.fold(builder, |builder, (key, value)| builder.with_config(key, value))
        }
        Who::Machine(endpoint) => builder.with_metadata_endpoint(endpoint.unwrap_or(METADATA)),
    }
}

/// The first source that has something.
async fn walk<'a>(
    chain: &'a AwsChain,
    settings: &S3,
    http: &Http,
) -> Result<Identity<'a>, ConnectError> {
    let mut asked = Vec::new();
    let (mut region, mut endpoint) = (None, None);
    for link in &chain.links {
        let (who, from) = match link {
            AwsLink::Profile(wanted) => {
                let name = wanted.name.as_deref().unwrap_or("default");
                let profile = aws_profile::read(wanted).await?;
                (region, endpoint) = (profile.region, profile.endpoint);
                let who = match profile.credentials {
                    Some(ProfileCredentials::Keys(keys)) => Who::Keys(keys),
                    Some(ProfileCredentials::WebIdentity(role)) => Who::Role(role),
                    None => {
                        asked.push(format!("the profile `{name}` (no keys)"));
                        continue;
                    }
                };
                (who, format!("the profile `{name}`"))
            }
            AwsLink::Container(container) => {
                (Who::Container(container), "the agent of the container".to_owned())
            }
            AwsLink::WebIdentity(role) => {
                let from = format!("the role `{}` of the service account", role.role);
                (Who::Role(role.clone()), from)
            }
            AwsLink::Instance { endpoint } => {
                match ask_machine(endpoint.as_deref(), settings, http).await {
                    Ok(()) => (Who::Machine(endpoint.as_deref()), "the machine's role".to_owned()),
                    Err(reason) => {
                        asked.push(format!("the machine's metadata service ({reason})"));
                        continue;
                    }
                }
            }
        };
        return Ok(Identity { who, from: Some(from), region, endpoint });
    }
    if chain.or_anonymous {
        let from = format!("nobody: anonymous, after asking {}", join(&asked));
        return Ok(Identity { who: Who::Nobody, from: Some(from), region, endpoint });
    }
    Err(ConnectError::NoCredentials { asked: join(&asked) })
}

/// What was asked, as a list for people.
fn join(asked: &[String]) -> String {
    if asked.is_empty() {
        "nothing, as no variable names anything".to_owned()
    } else {
        asked.join(", ")
    }
}

/// Whether the machine has a role, by its metadata service.
async fn ask_machine(endpoint: Option<&str>, settings: &S3, http: &Http) -> Result<(), String> {
    let connector = Connector::new(http, &settings.tls, settings.endpoint.as_deref());
    let client = match connector.await.and_then(|connector| connector.metadata_client()) {
        Ok(client) => client,
        Err(error) => return Err(error.to_string()),
    };
    let base = endpoint.unwrap_or(METADATA);
    let what = "aws metadata service";
    let request = client
        .put(format!("{base}/latest/api/token"))
        .header("x-aws-ec2-metadata-token-ttl-seconds", "60");
    let (status, token) = ask(request, what).await.map_err(|error| error.to_string())?;
    if !status.is_success() {
        return Err(format!("it answered {status}"));
    }
    let roles = format!("{base}/latest/meta-data/iam/security-credentials/");
    let request = client.get(roles).header("x-aws-ec2-metadata-token", token);
    let (status, role) = ask(request, what).await.map_err(|error| error.to_string())?;
    if status.is_success() && !role.is_empty() { Ok(()) } else { Err("no role".to_owned()) }
}

/// The region of a bucket of AWS, which AWS says to anybody.
///
/// # Errors
/// When no client can be made; that AWS says nothing is for the first request to find out.
async fn region_of(bucket: &str, connector: &Connector) -> Result<Option<String>, ConnectError> {
    let response = connector.token_client()?.head(format!("{ANY_REGION}/{bucket}")).send().await;
    let Ok(response) = response else { return Ok(None) };
    let region = response.headers().get("x-amz-bucket-region");
    let region = region.and_then(|value| value.to_str().ok()).map(str::to_owned);
    Ok(region.filter(|text| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_stand_in_the_path_or_in_the_host() {
        let place = |settings: &S3, endpoint: Option<&str>| {
            let place = Place::of(settings, endpoint.map(str::to_owned), "eu-west-1", "b");
            (place.endpoint.unwrap_or_default(), place.is_virtual)
        };
        let path = S3::default();
        let host = S3 { path_style: false, ..S3::default() };
        for (settings, endpoint, expected, is_virtual) in [
            (&path, None, "https://s3.eu-west-1.amazonaws.com", false),
            (&host, None, "https://b.s3.eu-west-1.amazonaws.com", true),
            (&path, Some("http://minio:9000"), "http://minio:9000", false),
            (&host, Some("http://minio:9000"), "http://b.minio:9000", true),
            (&host, Some("http://127.0.0.1:9000"), "http://127.0.0.1:9000", false),
            (&host, Some("http://[::1]:9000"), "http://[::1]:9000", false),
            (
                &S3 { accelerate: true, ..S3::default() },
                None,
                "https://b.s3-accelerate.amazonaws.com",
                true,
            ),
            (
                &S3 { dual_stack: true, ..S3::default() },
                None,
                "https://s3.dualstack.eu-west-1.amazonaws.com",
                false,
            ),
        ] {
            assert_eq!(place(settings, endpoint), (expected.to_owned(), is_virtual));
        }
        let china = Place::of(&path, None, "cn-north-1", "b");
        assert_eq!(china.endpoint.as_deref(), Some("https://s3.cn-north-1.amazonaws.com.cn"));
    }
}
