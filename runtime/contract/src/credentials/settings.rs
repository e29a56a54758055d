//! What is needed to read from a store: who asks, where, and how.

use super::Secret;

/// Whose interface a store has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Provider {
    /// S3, and what speaks like it: MinIO, Ceph, Cloudflare R2, ...
    S3,
    /// Google Cloud Storage.
    Gcs,
    /// Azure Blob Storage.
    Azure,
}

/// How to reach a store, and with which credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settings {
    /// S3.
    S3(S3),
    /// Google Cloud Storage.
    Gcs(Gcs),
    /// Azure Blob Storage.
    Azure(Azure),
}

impl Settings {
    /// Whose interface the store has.
    pub const fn provider(&self) -> Provider {
        match self {
            Self::S3(_) => Provider::S3,
            Self::Gcs(_) => Provider::Gcs,
            Self::Azure(_) => Provider::Azure,
        }
    }
}

/// Whom to trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// A PEM file with authorities to trust beside the system's.
    pub ca_file: Option<String>,
    /// Whether the store must show a certificate that is trusted.
    pub verify: bool,
}

impl Default for Tls {
    fn default() -> Self {
        Self { ca_file: None, verify: true }
    }
}

/// A store that speaks S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3 {
    /// Who asks.
    pub auth: S3Auth,
    /// The region; `None` where nothing says it, which is `us-east-1` to a store.
    pub region: Option<String>,
    /// The store's address with its scheme; `None` for AWS.
    pub endpoint: Option<String>,
    /// Whether the bucket is part of the path, and not of the host.
    pub path_style: bool,
    /// Whether AWS is reached by Transfer Acceleration.
    pub accelerate: bool,
    /// Whether AWS is reached by its addresses for IPv4 and IPv6.
    pub dual_stack: bool,
    /// Whether whoever asks pays.
    pub requester_pays: bool,
    /// The key that the objects are encrypted with (SSE-C): 32 bytes in base64.
    pub customer_key: Option<Secret>,
    /// Whom to trust.
    pub tls: Tls,
}

impl Default for S3 {
    fn default() -> Self {
        Self {
            auth: S3Auth::Anonymous,
            region: None,
            endpoint: None,
            path_style: true,
            accelerate: false,
            dual_stack: false,
            requester_pays: false,
            customer_key: None,
            tls: Tls::default(),
        }
    }
}

/// Who asks a store that speaks S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum S3Auth {
    /// Nobody: requests are not signed.
    Anonymous,
    /// An access key.
    Keys(AwsKeys),
    /// The first of several sources that has something; which one is only known where they are.
    Chain(AwsChain),
}

/// An access key of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsKeys {
    /// Its name.
    pub id: String,
    /// Its secret.
    pub secret: Secret,
    /// The token of a session, with temporary keys.
    pub token: Option<Secret>,
}

/// Sources of credentials, in the order in which they are asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AwsChain {
    /// The sources.
    pub links: Vec<AwsLink>,
    /// Whether requests go unsigned when no source has anything.
    pub or_anonymous: bool,
}

/// A source of credentials of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AwsLink {
    /// A profile in the files that AWS's own tools share.
    Profile(AwsProfile),
    /// What an EKS or ECS agent beside the container gives out.
    Container(AwsContainer),
    /// A role that the pod's service account may take (IRSA).
    WebIdentity(AwsWebIdentity),
    /// The role of the machine, from its metadata service at this address.
    Instance {
        /// The address of the service; `None` for where it is on every machine.
        endpoint: Option<String>,
    },
}

/// A profile in the files that AWS's own tools share.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AwsProfile {
    /// The profile's name; `None` for `default`.
    pub name: Option<String>,
    /// The file with keys.
    pub credentials_file: Option<String>,
    /// The file with the rest.
    pub config_file: Option<String>,
    /// Whether somebody asked for it by name, so that it must be there.
    pub required: bool,
    /// Where roles are taken on, if not at the region's own address.
    pub sts_endpoint: Option<String>,
}

/// Where an agent beside the container gives out credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsContainer {
    /// A path on the agent's fixed address, or a whole address.
    pub uri: String,
    /// A file with the token that the agent asks for.
    pub token_file: Option<String>,
}

/// A role that is taken on with a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsWebIdentity {
    /// The role.
    pub role: String,
    /// The file with the token.
    pub token_file: String,
    /// The name that the session gets.
    pub session: Option<String>,
    /// Where the role is taken on, if not at the region's own address.
    pub sts_endpoint: Option<String>,
}

/// Google Cloud Storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gcs {
    /// Who asks.
    pub auth: GcsAuth,
    /// The store's address with its scheme; `None` for Google's own.
    pub endpoint: Option<String>,
    /// The project that pays.
    pub user_project: Option<String>,
    /// Whom to trust.
    pub tls: Tls,
}

impl Default for Gcs {
    fn default() -> Self {
        Self { auth: GcsAuth::Anonymous, endpoint: None, user_project: None, tls: Tls::default() }
    }
}

/// Who asks Google Cloud Storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GcsAuth {
    /// Nobody.
    Anonymous,
    /// A service account: the JSON of its key.
    Key(Secret),
    /// A file with such JSON, or with that of a signed-in person.
    File(String),
    /// A token of OAuth.
    Token(GoogleToken),
    /// The first of several sources that has something.
    Chain(GoogleChain),
}

/// A token of OAuth, and how to get the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoogleToken {
    /// What requests show.
    pub access: Option<Secret>,
    /// How to get another.
    pub refresh: Option<GoogleRefresh>,
}

/// How to get another token of OAuth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoogleRefresh {
    /// What is shown for it.
    pub token: Secret,
    /// The application that the token was given to.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// Where to ask, if not at Google's address.
    pub token_url: Option<String>,
}

/// What Google's own libraries look for without being told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GoogleChain {
    /// The file that `gcloud` writes, which need not be there.
    pub file: Option<String>,
    /// The host of the metadata server; `None` where it is not to be asked.
    pub metadata_host: Option<String>,
    /// Whether requests go without credentials when no source has anything.
    pub or_anonymous: bool,
}

/// Azure Blob Storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Azure {
    /// Who asks.
    pub auth: AzureAuth,
    /// The storage account.
    pub account: String,
    /// The account's address with its scheme; `None` for that of the public cloud.
    pub endpoint: Option<String>,
    /// The one container that the credentials are for, where they say so.
    pub container: Option<String>,
    /// Whom to trust.
    pub tls: Tls,
}

impl Azure {
    /// The same account, asked with a shared access signature: the query of a signed address.
    #[must_use]
    pub fn signed(mut self, query: &str) -> Self {
        self.auth = AzureAuth::Signature(Secret::new(query.trim_start_matches('?')));
        self
    }
}

/// Who asks Azure Blob Storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AzureAuth {
    /// Nobody.
    Anonymous,
    /// The account's key.
    Key(Secret),
    /// A shared access signature: the query of a signed address.
    Signature(Secret),
    /// An application with its secret.
    Application(AzureApplication),
    /// A file with an application and its secret, as `az ad sp create-for-rbac` prints it.
    ApplicationFile(String),
    /// An application that the pod's service account may act as.
    WorkloadIdentity(AzureWorkload),
    /// An identity of the machine.
    ManagedIdentity(AzureIdentity),
}

/// An application with its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AzureApplication {
    /// The tenant.
    pub tenant: String,
    /// The application.
    pub client: String,
    /// Its secret.
    pub secret: Secret,
    /// Where it signs in, if not at the public cloud's address.
    pub authority: Option<String>,
}

/// An application that the pod's service account may act as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AzureWorkload {
    /// The tenant.
    pub tenant: String,
    /// The application.
    pub client: String,
    /// The file with the service account's token.
    pub token_file: String,
    /// Where it signs in, if not at the public cloud's address.
    pub authority: Option<String>,
}

/// An identity of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AzureIdentity {
    /// Which one, where there are several.
    pub which: AzureIdentityName,
    /// The service that gives out its tokens; `None` for where it is on every machine.
    pub endpoint: Option<String>,
}

/// What an identity of a machine is named by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AzureIdentityName {
    /// Nothing: the machine's only one.
    Only,
    /// Its client id.
    Client(String),
    /// Its object id.
    Object(String),
    /// Its resource id.
    Resource(String),
}
