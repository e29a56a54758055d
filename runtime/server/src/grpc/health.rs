//! `grpc.health.v1.Health`: of the server, of its services, and of each model by its name.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, stream};
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::serve::Draining;
use crate::state::State;

/// The services whose health is that of the server.
const SERVICES: [&str; 12] = [
    "",
    "inference.GRPCInferenceService",
    "inference.model_repository.ModelRepositoryService",
    "seldon.protos.Combiner",
    "seldon.protos.Generic",
    "seldon.protos.Model",
    "seldon.protos.OutputTransformer",
    "seldon.protos.Router",
    "seldon.protos.Seldon",
    "seldon.protos.Transformer",
    "tensorflow.serving.ModelService",
    "tensorflow.serving.PredictionService",
];

/// How often it is looked whether the health that somebody watches has changed.
const WATCH_INTERVAL: Duration = Duration::from_millis(500);

/// The service.
#[derive(Debug)]
pub(super) struct HealthService {
    state: Arc<State>,
    draining: Draining,
}

impl HealthService {
    pub(super) fn server(state: Arc<State>, draining: Draining) -> HealthServer<Self> {
        HealthServer::new(Self { state, draining })
    }
}

/// How a service or a model is.
fn health(state: &State, name: &str) -> ServingStatus {
    let found = || state.repository.find(name, "").ok();
    let is_ready = if SERVICES.contains(&name) {
        state.ready().is_ok()
    } else if let Some(found) = found() {
        found.ready().is_ok() && !state.is_draining()
    } else {
        return ServingStatus::ServiceUnknown;
    };
    if is_ready { ServingStatus::Serving } else { ServingStatus::NotServing }
}

fn told(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

#[tonic::async_trait]
impl Health for HealthService {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        match health(&self.state, &service) {
            ServingStatus::ServiceUnknown => {
                let shown: String = service.chars().take(200).collect();
                Err(Status::not_found(format!("no service or model `{shown}`")))
            }
            status => Ok(Response::new(told(status))),
        }
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let watch = Watch {
            service: request.into_inner().service,
            state: Arc::clone(&self.state),
            draining: self.draining.clone(),
            last: None,
            is_ending: false,
        };
        let changes = stream::unfold(watch, |mut watch| async {
            let status = watch.next().await?;
            Some((Ok(told(status)), watch))
        });
        Ok(Response::new(Box::pin(changes)))
    }
}

/// One who watches, and what was told last.
struct Watch {
    state: Arc<State>,
    service: String,
    draining: Draining,
    last: Option<ServingStatus>,
    is_ending: bool,
}

impl Watch {
    /// Waits for the next change; `None` when the server ends and that has been told.
    async fn next(&mut self) -> Option<ServingStatus> {
        loop {
            let status = health(&self.state, &self.service);
            if self.last != Some(status) {
                self.last = Some(status);
                return Some(status);
            }
            if self.is_ending {
                return None;
            }
            tokio::select! {
                () = tokio::time::sleep(WATCH_INTERVAL) => {}
                () = self.draining.begun() => self.is_ending = true,
            }
        }
    }
}
