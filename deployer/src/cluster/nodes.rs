//! What the nodes of a cluster are.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Node;
use kube::api::{Api, ListParams};

use super::{Asked, Cluster};
use crate::error::Failure;

/// How many nodes are looked at: a larger cluster has no other ones.
const NODES_MAX: u32 = 500;

impl Cluster {
    /// The platforms of the nodes, such as `linux/amd64`.
    ///
    /// # Errors
    /// When nodes may not be listed.
    pub(crate) async fn platforms(&self) -> Result<BTreeSet<String>, Failure> {
        let asked =
            Asked { verb: "list", resource: "nodes".to_owned(), name: None, namespace: None };
        let api = Api::<Node>::all(self.client.clone());
        let params = ListParams::default().limit(NODES_MAX);
        let nodes = self.ask(&asked, || api.list(&params)).await?;
        let platform = |node: Node| {
            let info = node.status?.node_info?;
            Some(format!("{}/{}", info.operating_system, info.architecture))
        };
        Ok(nodes.items.into_iter().filter_map(platform).collect())
    }
}
