//! The keys of rclone's remotes: which are read, which say nothing to a reader, which are refused.
//!
//! Source: options of rclone's backends s3, google cloud storage and azureblob, version 1.60, and
//! those that later versions added.

use super::remote::Remote;
use super::{CredentialError, Provider};

/// What is known about the keys of one of rclone's backends.
pub(super) struct Backend {
    /// How `TYPE` names it; the first is rclone's own name.
    pub(super) types: &'static [&'static str],
    /// What begins variables that hold for every remote of this backend.
    pub(super) prefix: &'static str,
    /// Keys that decide who asks, where and how.
    read: &'static [&'static str],
    /// Keys about writing, or about how rclone itself works: nothing to a reader.
    idle: &'static [&'static str],
    /// Keys that would change what is read, and cannot be followed.
    refused: &'static [Refused],
}

/// A key that cannot be followed.
struct Refused {
    key: &'static str,
    when: When,
    reason: &'static str,
    way_out: &'static str,
}

/// Which values of a key cannot be followed.
enum When {
    /// Any.
    Set,
    /// That which switches it on.
    True,
    /// This one.
    Is(&'static str),
}

/// Keys that every backend has.
const OF_ALL: [&str; 2] = ["TYPE", "DESCRIPTION"];

static S3: Backend = Backend {
    types: &["s3"],
    prefix: "RCLONE_S3_",
    read: &[
        "PROVIDER",
        "ENV_AUTH",
        "ACCESS_KEY_ID",
        "SECRET_ACCESS_KEY",
        "SESSION_TOKEN",
        "REGION",
        "ENDPOINT",
        "FORCE_PATH_STYLE",
        "SSE_CUSTOMER_ALGORITHM",
        "SSE_CUSTOMER_KEY",
        "SSE_CUSTOMER_KEY_BASE64",
        "REQUESTER_PAYS",
        "SHARED_CREDENTIALS_FILE",
        "PROFILE",
        "USE_ACCELERATE_ENDPOINT",
        "USE_DUAL_STACK",
        "STS_ENDPOINT",
    ],
    idle: &[
        // About writing.
        "LOCATION_CONSTRAINT",
        "ACL",
        "BUCKET_ACL",
        "STORAGE_CLASS",
        "SERVER_SIDE_ENCRYPTION",
        "SSE_KMS_KEY_ID",
        "NO_CHECK_BUCKET",
        "UPLOAD_CUTOFF",
        "CHUNK_SIZE",
        "MAX_UPLOAD_PARTS",
        "COPY_CUTOFF",
        "UPLOAD_CONCURRENCY",
        "LEAVE_PARTS_ON_ERROR",
        "DISABLE_CHECKSUM",
        "USE_MULTIPART_ETAG",
        "USE_MULTIPART_UPLOADS",
        "USE_PRESIGNED_REQUEST",
        "USE_UNSIGNED_PAYLOAD",
        "USE_ALREADY_EXISTS",
        "DIRECTORY_MARKERS",
        "NO_SYSTEM_METADATA",
        // Of the key itself, which is computed here.
        "SSE_CUSTOMER_KEY_MD5",
        // HTTP/1.1 is spoken, pages of lists have the store's size, and what is packed stays so.
        "DISABLE_HTTP2",
        "LIST_CHUNK",
        "LIST_URL_ENCODE",
        "NO_HEAD",
        "NO_HEAD_OBJECT",
        "MIGHT_GZIP",
        "USE_ACCEPT_ENCODING_GZIP",
        "MEMORY_POOL_FLUSH_TIME",
        "MEMORY_POOL_USE_MMAP",
        "SDK_LOG_MODE",
        "ENCODING",
    ],
    refused: &[
        Refused {
            key: "V2_AUTH",
            when: When::True,
            reason: "signatures of version 2 are not made",
            way_out: "take it away: stores have accepted version 4 for years",
        },
        Refused {
            key: "LIST_VERSION",
            when: When::Is("1"),
            reason: "objects are listed by version 2 of the interface only",
            way_out: "take it away, or put the model into a store that knows ListObjectsV2",
        },
        Refused {
            key: "DOWNLOAD_URL",
            when: When::Set,
            reason: "objects are read from the endpoint itself",
            way_out: "take it away, or give that address as the model's `https://` address",
        },
        Refused {
            key: "DECOMPRESS",
            when: When::True,
            reason: "objects are stored as they are, not unpacked",
            way_out: "take it away, and store the model unpacked",
        },
        Refused {
            key: "VERSION_AT",
            when: When::Set,
            reason: "the newest version of an object is read, not that of a time",
            way_out: "take it away, and copy the version that is meant to a path of its own",
        },
        Refused {
            key: "VERSIONS",
            when: When::True,
            reason: "old versions of objects are not read",
            way_out: "take it away, and copy the version that is meant to a path of its own",
        },
        Refused {
            key: "VERSION_DELETED",
            when: When::True,
            reason: "deleted versions of objects are not read",
            way_out: "take it away, and restore the objects",
        },
        Refused {
            key: "ROLE_ARN",
            when: When::Set,
            reason: "no role is assumed with keys",
            way_out: "use keys of the role, or a pod whose service account has the role",
        },
    ],
};

static GCS: Backend = Backend {
    types: &["google cloud storage", "gcs", "googlecloudstorage"],
    prefix: "RCLONE_GCS_",
    read: &[
        "ANONYMOUS",
        "SERVICE_ACCOUNT_CREDENTIALS",
        "SERVICE_ACCOUNT_FILE",
        "ENV_AUTH",
        "TOKEN",
        "ACCESS_TOKEN",
        "CLIENT_ID",
        "CLIENT_SECRET",
        "TOKEN_URL",
        "USER_PROJECT",
        "ENDPOINT",
    ],
    idle: &[
        // About writing, and about making and listing buckets.
        "PROJECT_NUMBER",
        "OBJECT_ACL",
        "BUCKET_ACL",
        "BUCKET_POLICY_ONLY",
        "LOCATION",
        "STORAGE_CLASS",
        "NO_CHECK_BUCKET",
        "DIRECTORY_MARKERS",
        // Of the person's first signing in, which rclone has done.
        "AUTH_URL",
        "ENCODING",
    ],
    refused: &[
        Refused {
            key: "DECOMPRESS",
            when: When::True,
            reason: "objects are stored as they are, not unpacked",
            way_out: "take it away, and store the model unpacked",
        },
        Refused {
            key: "CLIENT_CREDENTIALS",
            when: When::True,
            reason: "tokens are not asked for with the client's secret alone",
            way_out: "use `SERVICE_ACCOUNT_CREDENTIALS`",
        },
    ],
};

static AZURE: Backend = Backend {
    types: &["azureblob"],
    prefix: "RCLONE_AZUREBLOB_",
    read: &[
        "ACCOUNT",
        "KEY",
        "SAS_URL",
        "CONNECTION_STRING",
        "ENV_AUTH",
        "TENANT",
        "CLIENT_ID",
        "CLIENT_SECRET",
        "CLIENT_CERTIFICATE_PATH",
        "CLIENT_CERTIFICATE_PASSWORD",
        "CLIENT_SEND_CERTIFICATE_CHAIN",
        "USERNAME",
        "PASSWORD",
        "SERVICE_PRINCIPAL_FILE",
        "USE_MSI",
        "MSI_OBJECT_ID",
        "MSI_CLIENT_ID",
        "MSI_MI_RES_ID",
        "USE_EMULATOR",
        "ENDPOINT",
    ],
    idle: &[
        // About writing.
        "UPLOAD_CUTOFF",
        "CHUNK_SIZE",
        "UPLOAD_CONCURRENCY",
        "ACCESS_TIER",
        "ARCHIVE_TIER_DELETE",
        "DISABLE_CHECKSUM",
        "PUBLIC_ACCESS",
        "DIRECTORY_MARKERS",
        "NO_CHECK_CONTAINER",
        "DELETE_SNAPSHOTS",
        "COPY_CUTOFF",
        "COPY_CONCURRENCY",
        "COPY_TOTAL_CONCURRENCY",
        "USE_COPY_BLOB",
        // About how rclone works.
        "LIST_CHUNK",
        "NO_HEAD_OBJECT",
        "MEMORY_POOL_FLUSH_TIME",
        "MEMORY_POOL_USE_MMAP",
        "DISABLE_INSTANCE_DISCOVERY",
        "ENCODING",
    ],
    refused: &[Refused {
        key: "USE_AZ",
        when: When::True,
        reason: "no other program is started, `az` neither",
        way_out: "use `KEY`, `SAS_URL`, or `TENANT`, `CLIENT_ID` and `CLIENT_SECRET`",
    }],
};

impl Backend {
    /// All of them.
    pub(super) const fn all() -> [(Provider, &'static Self); 3] {
        [(Provider::S3, &S3), (Provider::Gcs, &GCS), (Provider::Azure, &AZURE)]
    }

    /// The one of a provider.
    pub(super) const fn of(provider: Provider) -> &'static Self {
        match provider {
            Provider::S3 => &S3,
            Provider::Gcs => &GCS,
            Provider::Azure => &AZURE,
        }
    }

    /// Notes about keys of a remote that nobody knows here.
    ///
    /// # Errors
    /// For a key that cannot be followed.
    pub(super) fn check(&self, remote: &Remote<'_>) -> Result<Vec<String>, CredentialError> {
        for refused in self.refused {
            let Some((variable, value)) = remote.get(refused.key) else { continue };
            let applies = match refused.when {
                When::Set => true,
                When::True => remote.flag(refused.key)?.unwrap_or(false),
                When::Is(this) => value == this,
            };
            if applies {
                let (reason, way_out) = (refused.reason, refused.way_out);
                return Err(CredentialError::Unsupported { variable, reason, way_out });
            }
        }
        let is_known = |key: &str| {
            OF_ALL.contains(&key)
                || self.read.contains(&key)
                || self.idle.contains(&key)
                || self.refused.iter().any(|refused| refused.key == key)
        };
        let unknown = remote.keys().filter(|(key, _)| !is_known(key));
        let name = self.types.first().copied().unwrap_or_default();
        Ok(unknown
            .map(|(_, variable)| {
                format!("`{variable}` has no effect: no key of rclone's `{name}` that is known")
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_key_stands_in_one_list_only() {
        for (_, backend) in Backend::all() {
            let refused = backend.refused.iter().map(|refused| refused.key);
            let keys = backend.read.iter().chain(backend.idle).chain(&OF_ALL).copied();
            let keys: Vec<&str> = keys.chain(refused).collect();
            let once: BTreeSet<&str> = keys.iter().copied().collect();
            assert_eq!(once.len(), keys.len(), "{:?}", backend.types);
        }
    }
}
