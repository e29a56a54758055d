//! What a manifest says that no configuration does.

use std::collections::BTreeMap;

use crate::manifest::schema::Capabilities;
use crate::manifest::seldon::Predictor;

/// What was found out about a deployment before it is rendered. Nothing of it is needed: without, a
/// manifest says what the configuration alone can.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The namespace, where the configuration names none.
    pub namespace: Option<String>,
    /// The number of this revision.
    pub revision: Option<u32>,
    /// Images by digest, by what the configuration calls them.
    pub images: BTreeMap<String, String>,
    /// Digests of models, by their addresses in the configuration.
    pub digests: BTreeMap<String, String>,
    /// The model's format, where the configuration leaves it open.
    pub format: Option<String>,
    /// The Secret with the credentials of the model's store.
    pub secret: Option<String>,
    /// What the cluster's version of the kind has; without it, what the bundled one has, except
    /// fields that older operators refuse and nobody misses.
    pub capabilities: Option<Capabilities>,
    /// What stands beside the new predictor.
    pub release: Release,
}

/// What stands beside the new predictor.
#[derive(Debug, Clone, Default)]
pub enum Release {
    /// Nothing: it takes the old one's place.
    #[default]
    Whole,
    /// The old one, for the rest of the traffic.
    Canary {
        /// The main predictor as it is.
        live: Box<Predictor>,
        /// The new one's share in percent.
        traffic: u8,
    },
    /// The old one, and the new one gets copies of requests.
    Shadow {
        /// The main predictor as it is.
        live: Box<Predictor>,
        /// The share of requests that are copied, in percent; all of them by default.
        mirrored: Option<u8>,
    },
}
