//! Who this server is: a node of an inference graph, or nobody.

use radiant_contract::Image;
use radiant_contract::env::{
    PREDICTIVE_UNIT_ID, PREDICTIVE_UNIT_IMAGE, PREDICTOR_ID, PREDICTOR_LABELS, SELDON_DEPLOYMENT_ID,
};
use radiant_contract::labels::predictor_version;

use super::resolve::{Resolver, shortened};
use super::value::{Kind, TEXT};

/// What Seldon Core's microservice puts for a name that it was not told.
const UNKNOWN: &str = "NOT_IMPLEMENTED";

/// The names that an operator gives to the node that this server is; all absent outside a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeIdentity {
    /// The node's name in the graph.
    pub unit_id: Option<String>,
    /// The container's image.
    pub unit_image: Option<String>,
    /// The predictor's name.
    pub predictor_id: Option<String>,
    /// The label `version` of the predictor.
    pub predictor_version: Option<String>,
    /// The deployment's name.
    pub deployment_id: Option<String>,
}

impl NodeIdentity {
    /// The labels of Seldon Core's own metrics with their values; what is not known is
    /// `NOT_IMPLEMENTED`, as in the Python microservice.
    pub fn seldon_labels(&self) -> [(&'static str, &str); 9] {
        let deployment = self.deployment_id.as_deref().unwrap_or(UNKNOWN);
        let image = self.unit_image.as_deref().map(Image::parse);
        let image = image.unwrap_or(Image { name: UNKNOWN, version: UNKNOWN });
        [
            ("deployment_name", deployment),
            ("model_name", self.unit_id.as_deref().unwrap_or(UNKNOWN)),
            ("model_image", image.name),
            ("model_version", image.version),
            ("predictor_name", self.predictor_id.as_deref().unwrap_or(UNKNOWN)),
            ("predictor_version", self.predictor_version.as_deref().unwrap_or(UNKNOWN)),
            ("seldon_deployment_name", deployment),
            ("image_name", image.name),
            ("image_version", image.version),
        ]
    }

    /// This node's entry in `meta.requestPath`: its name and its image; none for a node without a
    /// name.
    pub fn request_path(&self) -> Option<(String, String)> {
        let image = self.unit_image.clone().unwrap_or_else(|| format!("{UNKNOWN}:{UNKNOWN}"));
        self.unit_id.clone().map(|id| (id, image))
    }
}

/// A JSON object; only its `version` is of use here.
const LABELS: Kind<Option<String>> = Kind {
    accepts: "a JSON object whose `version` is a string",
    parse: |text| predictor_version(text).ok(),
    print: |version| shortened(version.as_deref().unwrap_or_default()),
};

pub(super) fn identity(resolver: &mut Resolver<'_>) -> NodeIdentity {
    NodeIdentity {
        unit_id: resolver.option("unit_id").env(&[&PREDICTIVE_UNIT_ID]).optional(&TEXT),
        unit_image: resolver.option("unit_image").env(&[&PREDICTIVE_UNIT_IMAGE]).optional(&TEXT),
        predictor_id: resolver.option("predictor_id").env(&[&PREDICTOR_ID]).optional(&TEXT),
        predictor_version: resolver
            .option("predictor_version")
            .env(&[&PREDICTOR_LABELS])
            .optional(&LABELS)
            .flatten(),
        deployment_id: resolver
            .option("deployment_id")
            .env(&[&SELDON_DEPLOYMENT_ID])
            .optional(&TEXT),
    }
}
