//! What refers to an image, where the registry keeps no list of it: an index under a tag
//! (distribution specification 1.1, "Referrers Tag Schema").

use radiant_storage::oci::{Digest, NewDocument, OciError, Repository, Version};
use serde_json::{Value, json};

use super::plan::Referrer;
use crate::layout::media_type;

/// Adds a referrer to the index under the tag that is its subject's digest, unless it is there.
///
/// Who adds another at the same moment may undo this, which the specification leaves open.
///
/// # Errors
/// [`OciError`].
pub(super) async fn list(repository: &Repository, referrer: &Referrer) -> Result<(), OciError> {
    let subject = &referrer.subject;
    let tag = Version::Tag(format!("{}-{}", subject.algorithm(), subject.digits()));
    let listed = match repository.find(&tag).await? {
        Some(_) => Some(repository.document(&tag).await?.text),
        None => None,
    };
    let Some(text) = with(listed.as_deref(), referrer) else { return Ok(()) };
    let digest = Digest::sha256(&text);
    let media_type = media_type::INDEX.to_owned();
    let document = NewDocument { media_type, digest, text: text.into() };
    repository.push_document(&tag, &document).await?;
    Ok(())
}

/// The index with the referrer in it; `None` if it was.
fn with(listed: Option<&[u8]>, referrer: &Referrer) -> Option<Vec<u8>> {
    let empty = || json!({"schemaVersion": 2, "mediaType": media_type::INDEX, "manifests": []});
    // What is no index is of no use to anybody.
    let found = listed.and_then(|text| serde_json::from_slice::<Value>(text).ok());
    let mut index = found.filter(|index| index.get("manifests").is_some_and(Value::is_array));
    let index = index.get_or_insert_with(empty);
    let manifests = index.get_mut("manifests")?.as_array_mut()?;
    let digest = referrer.descriptor.digest.to_string();
    let is_there = |entry: &Value| entry.get("digest").and_then(Value::as_str) == Some(&digest);
    if manifests.iter().any(is_there) {
        return None;
    }
    manifests.push(serde_json::to_value(&referrer.descriptor).ok()?);
    serde_json::to_vec(index).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Descriptor;

    fn referrer(text: &str) -> Referrer {
        let digest = Digest::sha256(text.as_bytes());
        let descriptor = Descriptor::new(media_type::MANIFEST, digest.clone(), 3);
        let media_type = media_type::MANIFEST.to_owned();
        let document = NewDocument { media_type, digest: digest.clone(), text: Vec::new().into() };
        Referrer { document, subject: digest, descriptor }
    }

    #[test]
    fn a_referrer_is_listed_once_beside_the_others() {
        let (one, two) = (referrer("1"), referrer("2"));
        let first = with(None, &one).unwrap();
        assert_eq!(with(Some(&first), &one), None);
        let both = with(Some(&first), &two).unwrap();
        assert_eq!(with(Some(&both), &one), None);
        let both: Value = serde_json::from_slice(&both).unwrap();
        assert_eq!(both["manifests"].as_array().unwrap().len(), 2);
        assert_eq!(both["mediaType"], media_type::INDEX);
        for text in ["", "[]", r#"{"manifests": 1}"#] {
            assert_eq!(with(Some(text.as_bytes()), &one), Some(first.clone()), "{text}");
        }
    }
}
