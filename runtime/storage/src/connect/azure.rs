//! Azure Blob Storage.

use std::sync::Arc;

use object_store::azure::{AzureCredential, MicrosoftAzureBuilder, split_sas};
use object_store::{ClientOptions, StaticCredentialProvider};
use radiant_contract::credentials::{
    Azure, AzureApplication, AzureAuth, AzureIdentity, AzureIdentityName, Secret,
};

use super::http::{Connector, Http};
use super::{ConnectError, Opened, check_endpoint, not_built, read_file};

/// What these files are called in messages.
const WHAT: &str = "file of a service principal";

/// Opens a container.
///
/// # Errors
/// As [`super::open`].
pub(super) async fn open(
    settings: &Azure,
    bucket: &str,
    http: &Http,
) -> Result<Opened, ConnectError> {
    if let Some(container) = settings.container.as_ref().filter(|it| *it != bucket) {
        let (bucket, container) = (bucket.to_owned(), container.clone());
        return Err(ConnectError::OtherContainer { bucket, container });
    }
    check_endpoint("endpoint", settings.endpoint.as_deref())?;
    let connector = Connector::new(http, &settings.tls, settings.endpoint.as_deref()).await?;
    let connector = connector.with_tokens_from(authority(&settings.auth));
    let builder = MicrosoftAzureBuilder::new()
        .with_account(&settings.account)
        .with_container_name(bucket)
        .with_retry(http.retry())
        .with_client_options(ClientOptions::new().with_allow_http(connector.is_plain()));
    let builder = match &settings.endpoint {
        Some(endpoint) => builder.with_endpoint(endpoint.clone()),
        None => builder,
    };
    let builder = signed(builder, &settings.auth).await?.with_http_connector(connector);
    let is_anonymous = settings.auth == AzureAuth::Anonymous;
    let store = builder.build().map_err(|error| not_built(&error))?;
    Ok(Opened { is_anonymous, ..Opened::plainly(store) })
}

/// Where an application signs in, if not at the public cloud's address.
fn authority(auth: &AzureAuth) -> Option<&str> {
    match auth {
        AzureAuth::Application(application) => application.authority.as_deref(),
        AzureAuth::WorkloadIdentity(workload) => workload.authority.as_deref(),
        AzureAuth::Anonymous
        | AzureAuth::Key(_)
        | AzureAuth::Signature(_)
        | AzureAuth::ApplicationFile(_)
        | AzureAuth::ManagedIdentity(_) => None,
    }
}

async fn signed(
    builder: MicrosoftAzureBuilder,
    auth: &AzureAuth,
) -> Result<MicrosoftAzureBuilder, ConnectError> {
    check_endpoint("authority host", authority(auth))?;
    Ok(match auth {
        AzureAuth::Anonymous => {
            // Without one of its own the library would ask the machine.
            let nobody = StaticCredentialProvider::new(AzureCredential::SASToken(Vec::new()));
            builder.with_credentials(Arc::new(nobody)).with_skip_signature(true)
        }
        AzureAuth::Key(key) => builder.with_access_key(key.expose()),
        AzureAuth::Signature(query) => {
            let pairs = split_sas(query.expose()).map_err(|_| ConnectError::Setting {
                what: "shared access signature",
                expected: "pairs of `name=value`, separated by `&`",
            })?;
            builder.with_sas_authorization(pairs)
        }
        AzureAuth::Application(application) => of_application(builder, application),
        AzureAuth::ApplicationFile(path) => {
            of_application(builder, &application(path, &read_file(WHAT, path).await?)?)
        }
        AzureAuth::WorkloadIdentity(workload) => {
            let builder = builder
                .with_tenant_id(&workload.tenant)
                .with_client_id(&workload.client)
                .with_federated_token_file(&workload.token_file)
                .with_credential_type("workload_identity");
            with_authority(builder, workload.authority.as_deref())
        }
        AzureAuth::ManagedIdentity(identity) => of_identity(builder, identity),
    })
}

fn of_application(
    builder: MicrosoftAzureBuilder,
    application: &AzureApplication,
) -> MicrosoftAzureBuilder {
    let builder = builder
        .with_tenant_id(&application.tenant)
        .with_client_id(&application.client)
        .with_client_secret(application.secret.expose())
        .with_credential_type("client_secret");
    with_authority(builder, application.authority.as_deref())
}

fn with_authority(
    builder: MicrosoftAzureBuilder,
    authority: Option<&str>,
) -> MicrosoftAzureBuilder {
    match authority {
        Some(authority) => builder.with_authority_host(authority),
        None => builder,
    }
}

fn of_identity(builder: MicrosoftAzureBuilder, identity: &AzureIdentity) -> MicrosoftAzureBuilder {
    use object_store::azure::AzureConfigKey::{ClientId, MsiResourceId, ObjectId};
    let builder = builder.with_credential_type("managed_identity");
    let builder = match &identity.which {
        AzureIdentityName::Only => builder,
        AzureIdentityName::Client(id) => builder.with_config(ClientId, id),
        AzureIdentityName::Object(id) => builder.with_config(ObjectId, id),
        AzureIdentityName::Resource(id) => builder.with_config(MsiResourceId, id),
    };
    match &identity.endpoint {
        Some(endpoint) => builder.with_msi_endpoint(endpoint),
        None => builder,
    }
}

/// The application in a file, as `az ad sp create-for-rbac` prints it.
fn application(path: &str, text: &str) -> Result<AzureApplication, ConnectError> {
    let error = |got: String| ConnectError::File {
        what: WHAT,
        path: path.into(),
        expected: "JSON with texts `appId`, `password` and `tenant`",
        got,
    };
    let json: serde_json::Value =
        serde_json::from_str(text).map_err(|_| error("something that is no JSON".to_owned()))?;
    let member = |name: &str| {
        let value = json.get(name).and_then(serde_json::Value::as_str);
        value.map(str::to_owned).ok_or_else(|| error(format!("JSON without `{name}`")))
    };
    Ok(AzureApplication {
        tenant: member("tenant")?,
        client: member("appId")?,
        secret: Secret::new(member("password")?),
        authority: None,
    })
}
