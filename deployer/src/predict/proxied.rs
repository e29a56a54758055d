//! A pod of a deployment by way of the API server: nothing but the cluster need be reached.

use http::Method;

use super::target::PodPort;
use super::{Call, Caller, Reply};
use crate::cluster::{Cluster, PodRequest};
use crate::error::Failure;

/// A port of a pod, which the API server passes requests on to.
#[derive(Debug)]
pub(crate) struct Proxied {
    cluster: Cluster,
    target: PodPort,
}

impl Proxied {
    /// This port of this pod.
    pub(crate) fn new(cluster: Cluster, target: PodPort) -> Self {
        Self { cluster, target }
    }
}

impl Caller for Proxied {
    fn shown(&self) -> String {
        let PodPort { pod, port } = &self.target;
        format!("pod {}/{pod}, port {port}, by the API server", self.cluster.namespace())
    }

    async fn call(&self, call: &Call) -> Result<Reply, Failure> {
        let request = PodRequest {
            pod: self.target.pod.clone(),
            port: self.target.port,
            method: Method::POST,
            path: call.path.clone(),
            headers: call.headers.clone(),
            body: call.body.clone(),
        };
        let answer = self.cluster.ask_pod(&request).await?;
        Ok(Reply { status: answer.status, headers: answer.headers, body: answer.body })
    }
}
