//! What a configuration names that lies elsewhere: what has to be looked up before it is rendered.

use std::collections::BTreeSet;

use super::RenderError;
use super::node::{How, Node};
use super::part::Part;
use crate::config::Deployment;

/// Images and models of a configuration, each as it is written there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mentions {
    /// Images that containers are made of.
    pub images: BTreeSet<String>,
    /// Addresses of models.
    pub models: BTreeSet<String>,
}

/// Everything that [`Facts`](super::Facts) may pin: the keys of its `images` and `digests`.
///
/// # Errors
/// When an address of a model is none.
pub fn mentions(config: &Deployment) -> Result<Mentions, RenderError> {
    let mut mentions = Mentions::default();
    let parts = std::iter::once(Part::main(config)).chain(Part::variants(config));
    for part in parts {
        let root = Node::root(&part)?;
        for node in root.all().into_iter().filter(|node| !matches!(node.how, How::BuiltIn(_))) {
            mentions.images.extend(node.image.map(str::to_owned));
            mentions.models.extend(node.address.as_ref().map(|address| address.text.clone()));
        }
    }
    Ok(mentions)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn everything_that_is_used_is_named_once() {
        let config = json!({
            "apiVersion": "radiant.dev/v1", "kind": "Deployment", "name": "x",
            "server": {"image": "radiant:1"},
            "graph": {"name": "a", "image": "scaler:1", "children": [
                {"name": "b", "implementation": "RANDOM_ABTEST", "children": [
                    {"name": "c", "model": {"uri": "s3://m/c"}},
                    {"name": "d", "implementation": "SKLEARN_SERVER", "model": {"uri": "s3://m/d"}}]}]},
            "variants": [{"name": "v", "model": {"uri": "s3://m/c"}, "server": {"image": "radiant:2"}}],
        });
        let mentions = mentions(&serde_json::from_value(config).unwrap()).unwrap();
        let texts = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(texts(&mentions.images), "radiant:1 radiant:2 scaler:1");
        assert_eq!(texts(&mentions.models), "s3://m/c s3://m/d");
    }
}
