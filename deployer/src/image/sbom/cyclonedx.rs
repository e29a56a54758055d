//! CycloneDX 1.6: <https://cyclonedx.org/docs/1.6/json/>.

use serde_json::{Value, json};

use super::{Bill, Loose, Package};

pub(super) fn document(bill: &Bill<'_>) -> Value {
    let libraries = bill.packages.iter().map(library);
    let files = bill.files.iter().map(file);
    let components: Vec<Value> = libraries.chain(files).collect();
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": serial(bill.digits),
        "version": 1,
        "metadata": {
            "timestamp": bill.created,
            "tools": {"components": [{
                "type": "application",
                "name": "radiant-deploy",
                "version": env!("CARGO_PKG_VERSION"),
            }]},
            "component": {
                "type": "container",
                "bom-ref": bill.image,
                "name": "image",
                "version": bill.image,
            },
        },
        "components": components,
    })
}

/// A UUID of version 8 (RFC 9562): its bits are ours to choose, and here the image's digest.
fn serial(digits: &str) -> String {
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    let (first, second, third) = (part(0, 8), part(8, 12), part(13, 16));
    let (fourth, last) = (part(17, 20), part(20, 32));
    format!("urn:uuid:{first}-{second}-8{third}-8{fourth}-{last}")
}

fn library(package: &Package<'_>) -> Value {
    let mut component = json!({
        "type": "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
    });
    if let (Some(licence), Some(fields)) = (package.licence, component.as_object_mut()) {
        fields.insert("licenses".to_owned(), json!([{"expression": licence}]));
    }
    component
}

fn file(file: &Loose<'_>) -> Value {
    json!({
        "type": "file",
        "bom-ref": format!("file:/{}", file.path),
        "name": format!("/{}", file.path),
        "hashes": [{"alg": "SHA-256", "content": file.sha256}],
    })
}
