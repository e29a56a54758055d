//! SPDX 2.3: <https://spdx.github.io/spdx-spec/v2.3/>.
//!
//! Files are packages of one file: what SPDX calls a file must have a SHA-1.

use serde_json::{Value, json};

use super::{Bill, Loose, Package};

const IMAGE: &str = "SPDXRef-Image";
const NONE: &str = "NOASSERTION";

pub(super) fn document(bill: &Bill<'_>) -> Value {
    let mut packages = vec![json!({
        "SPDXID": IMAGE,
        "name": "image",
        "versionInfo": bill.image,
        "primaryPackagePurpose": "CONTAINER",
        "downloadLocation": NONE,
        "filesAnalyzed": false,
        "checksums": [{"algorithm": "SHA256", "checksumValue": bill.digits}],
    })];
    packages.extend(bill.packages.iter().enumerate().map(|(idx, package)| library(idx, package)));
    packages.extend(bill.files.iter().enumerate().map(|(idx, path)| file(idx, path)));
    let ids: Vec<String> = packages
        .iter()
        .filter_map(|package| package.get("SPDXID")?.as_str().map(str::to_owned))
        .collect();
    let relationships = ids.iter().map(|id| match id.as_str() {
        IMAGE => related("SPDXRef-DOCUMENT", "DESCRIBES", IMAGE),
        inside => related(IMAGE, "CONTAINS", inside),
    });
    let relationships: Vec<Value> = relationships.collect();
    json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": bill.image,
        "documentNamespace": format!("https://radiant.dev/sbom/{}", bill.digits),
        "creationInfo": {
            "created": bill.created,
            "creators": [format!("Tool: radiant-deploy-{}", env!("CARGO_PKG_VERSION"))],
        },
        "packages": packages,
        "relationships": relationships,
    })
}

fn library(idx: usize, package: &Package<'_>) -> Value {
    json!({
        "SPDXID": format!("SPDXRef-Package-{idx}"),
        "name": package.name,
        "versionInfo": package.version,
        "primaryPackagePurpose": "LIBRARY",
        "downloadLocation": NONE,
        "filesAnalyzed": false,
        "licenseConcluded": NONE,
        "licenseDeclared": package.licence.unwrap_or(NONE),
        "copyrightText": NONE,
        "externalRefs": [{
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": package.purl,
        }],
    })
}

fn file(idx: usize, file: &Loose<'_>) -> Value {
    json!({
        "SPDXID": format!("SPDXRef-File-{idx}"),
        "name": format!("/{}", file.path),
        "packageFileName": format!("/{}", file.path),
        "primaryPackagePurpose": "FILE",
        "downloadLocation": NONE,
        "filesAnalyzed": false,
        "checksums": [{"algorithm": "SHA256", "checksumValue": file.sha256}],
    })
}

fn related(one: &str, how: &str, other: &str) -> Value {
    json!({"spdxElementId": one, "relationshipType": how, "relatedSpdxElement": other})
}
