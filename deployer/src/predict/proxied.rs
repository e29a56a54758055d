//! A pod of a deployment by way of the API server: nothing but the cluster need be reached.

use http::Method;

use super::target::Target;
use super::{Call, Caller, Reply};
use crate::cluster::{Cluster, PodRequest};
use crate::error::Failure;

/// A pod, whose port of REST the API server passes requests on to.
#[derive(Debug)]
pub(crate) struct Proxied {
    cluster: Cluster,
    target: Target,
}

impl Proxied {
    /// This pod.
    pub(crate) fn new(cluster: Cluster, target: Target) -> Self {
        Self { cluster, target }
    }
}

impl Caller for Proxied {
    fn shown(&self) -> String {
        let Target { pod, ports } = &self.target;
        let port = ports.http;
        format!("pod {}/{pod}, port {port}, by the API server", self.cluster.namespace())
    }

    async fn call(&self, call: &Call) -> Result<Reply, Failure> {
        let request = PodRequest {
            pod: self.target.pod.clone(),
            port: self.target.ports.http,
            method: Method::POST,
            path: call.path.clone(),
            headers: call.headers.clone(),
            body: call.body.clone(),
        };
        let answer = self.cluster.ask_pod(&request).await?;
        Ok(Reply { status: answer.status, headers: answer.headers, body: answer.body })
    }
}
