//! A port of a pod on this machine: a tunnel through the API server, for as long as it is kept.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, anyhow};
use k8s_openapi::api::core::v1::Pod;
use kube::api::Api;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::Cluster;
use crate::error::{Code, Failure};

/// A port on this machine whose connections end in a pod. It is closed when this is dropped.
#[derive(Debug)]
pub(crate) struct Forward {
    shown: String,
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Cluster {
    /// Opens a port on this machine, of the system's choice, for a port of a pod.
    ///
    /// # Errors
    /// When the API server makes no tunnel to this port.
    pub(crate) async fn forward(&self, pod: &str, port: u16) -> Result<Forward, Failure> {
        let mut asked = self.asked::<Pod>("create", Some(pod));
        asked.resource.push_str("/portforward");
        let api = self.api::<Pod>(false);
        // A refusal is better told now than by a connection that ends at once.
        drop(self.ask(&asked, || async { api.portforward(pod, &[port]).await }).await?);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("cannot open a port on this machine")?;
        let address = listener.local_addr().context("cannot open a port on this machine")?;
        let shown = format!("pod {}/{pod}, port {port}", self.namespace());
        let pod = pod.to_owned();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (api, pod) = (api.clone(), pod.clone());
                tokio::spawn(async move {
                    if let Err(failure) = tunnel(stream, &api, &pod, port).await {
                        tracing::debug!(error = failure.text(), "a tunnel to a pod broke");
                    }
                });
            }
        });
        Ok(Forward { shown, address, task })
    }
}

/// Carries one connection.
async fn tunnel(
    mut stream: TcpStream,
    api: &Api<Pod>,
    pod: &str,
    port: u16,
) -> Result<(), Failure> {
    let broken = |error: anyhow::Error| Failure::new(Code::Unreachable, error);
    let opened = api.portforward(pod, &[port]).await;
    let mut forwarder = opened.map_err(|error| broken(anyhow!(error)))?;
    let mut far = forwarder.take_stream(port).context("the API server made no tunnel")?;
    copy_bidirectional(&mut stream, &mut far).await.map_err(|error| broken(anyhow!(error)))?;
    Ok(())
}

impl Forward {
    /// The pod and its port, for messages.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// Where the pod is reached.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        self.task.abort();
    }
}
