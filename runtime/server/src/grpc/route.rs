//! The methods that are answered, and what each stands for.

use radiant_core::{Error, ErrorKind};

use crate::endpoint::Endpoint;
use crate::tfs;

/// Where a method leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// To a model or to what is known of models.
    Ours {
        endpoint: Endpoint,
        /// Whether an orchestrator or an ingress would have answered this method.
        external: bool,
    },
    /// `grpc.health.v1.Health`.
    Health,
    /// `grpc.reflection.v1.ServerReflection`.
    Reflection,
    /// `grpc.reflection.v1alpha.ServerReflection`.
    ReflectionAlpha,
}

/// Finds what a path, `/package.Service/Method`, stands for.
pub(super) fn resolve(path: &str) -> Route {
    let (service, method) = split(path);
    let (endpoint, external) = match service {
        "inference.GRPCInferenceService" => (inference(method), true),
        "seldon.protos.Model" => (model(method), false),
        "seldon.protos.Seldon" => (orchestrator(method), true),
        "tensorflow.serving.PredictionService" => (prediction(method), true),
        "tensorflow.serving.ModelService" => (model_service(method), true),
        "grpc.health.v1.Health" => return Route::Health,
        "grpc.reflection.v1.ServerReflection" => return Route::Reflection,
        "grpc.reflection.v1alpha.ServerReflection" => return Route::ReflectionAlpha,
        "inference.model_repository.ModelRepositoryService" => (repository(method), true),
        _ => (graph(service, method), false),
    };
    Route::Ours { endpoint, external }
}

fn split(path: &str) -> (&str, &str) {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split_once('/').unwrap_or((path, ""))
}

fn inference(method: &str) -> Endpoint {
    match method {
        "ModelInfer" => Endpoint::Infer,
        "ModelStreamInfer" => Endpoint::StreamInfer,
        "ServerLive" => Endpoint::ServerLive,
        "ServerReady" => Endpoint::ServerReady,
        "ModelReady" => Endpoint::ModelReady,
        "ServerMetadata" => Endpoint::ServerMetadata,
        "ModelMetadata" => Endpoint::ModelMetadata,
        "ModelConfig" => Endpoint::ModelConfig,
        "ModelStatistics" => Endpoint::ModelStatistics,
        "TraceSetting" => Endpoint::TraceSetting,
        "LogSettings" => Endpoint::LogSettings,
        "SystemSharedMemoryStatus" | "CudaSharedMemoryStatus" => Endpoint::SharedMemoryStatus,
        "SystemSharedMemoryRegister" | "CudaSharedMemoryRegister" => Endpoint::SharedMemoryRegister,
        "SystemSharedMemoryUnregister" | "CudaSharedMemoryUnregister" => {
            Endpoint::SharedMemoryUnregister
        }
        _ => repository(method),
    }
}

/// The methods that MLServer has as a service of their own.
fn repository(method: &str) -> Endpoint {
    match method {
        "RepositoryIndex" => Endpoint::RepositoryIndex,
        "RepositoryModelLoad" => Endpoint::RepositoryLoad,
        "RepositoryModelUnload" => Endpoint::RepositoryUnload,
        _ => Endpoint::V2Unknown,
    }
}

fn model(method: &str) -> Endpoint {
    match method {
        "Predict" => Endpoint::Predict,
        "SendFeedback" => Endpoint::Feedback,
        "Metadata" => Endpoint::Metadata,
        _ => Endpoint::Unknown,
    }
}

/// The service that an orchestrator has towards clients.
fn orchestrator(method: &str) -> Endpoint {
    match method {
        "Predict" => Endpoint::Predict,
        "SendFeedback" => Endpoint::Feedback,
        "ModelMetadata" => Endpoint::Metadata,
        "GraphMetadata" => Endpoint::GraphMetadata,
        _ => Endpoint::Unknown,
    }
}

/// The services of the graph's other nodes.
fn graph(service: &str, method: &str) -> Endpoint {
    match (service, method) {
        ("seldon.protos.Generic" | "seldon.protos.Transformer", "TransformInput") => {
            Endpoint::TransformInput
        }
        ("seldon.protos.Generic" | "seldon.protos.OutputTransformer", "TransformOutput") => {
            Endpoint::TransformOutput
        }
        ("seldon.protos.Generic" | "seldon.protos.Router", "Route") => Endpoint::Route,
        ("seldon.protos.Generic" | "seldon.protos.Router", "SendFeedback") => Endpoint::Feedback,
        ("seldon.protos.Generic" | "seldon.protos.Combiner", "Aggregate") => Endpoint::Aggregate,
        _ => Endpoint::Unknown,
    }
}

fn prediction(method: &str) -> Endpoint {
    match method {
        "Predict" => Endpoint::TfPredict,
        "GetModelMetadata" => Endpoint::TfMetadata,
        _ => Endpoint::TfUnknown,
    }
}

fn model_service(method: &str) -> Endpoint {
    match method {
        "GetModelStatus" => Endpoint::TfStatus,
        _ => Endpoint::TfUnknown,
    }
}

/// Why a method that leads to [`Endpoint::Unknown`] or its like is not answered.
#[cold]
pub(super) fn unanswered(path: &str) -> Error {
    let text = match split(path) {
        (
            "tensorflow.serving.PredictionService",
            method @ ("Classify" | "Regress" | "MultiInference"),
        ) => return tfs::unsupported(method),
        ("tensorflow.serving.ModelService", "HandleReloadConfigRequest") => {
            "the models are those given at start; none is added while the server runs".to_owned()
        }
        _ => {
            let shown: String = path.chars().take(200).collect();
            format!("no such method: `{shown}`; server reflection lists those there are")
        }
    };
    Error::new(ErrorKind::Unsupported, text)
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use radiant_core::ErrorKind;

    use super::*;

    #[derive(prost::Message)]
    struct FileSet {
        #[prost(message, repeated, tag = "1")]
        files: Vec<File>,
    }

    #[derive(prost::Message)]
    struct File {
        #[prost(string, tag = "2")]
        package: String,
        #[prost(message, repeated, tag = "6")]
        services: Vec<Service>,
    }

    #[derive(prost::Message)]
    struct Service {
        #[prost(string, tag = "1")]
        name: String,
        #[prost(message, repeated, tag = "2")]
        methods: Vec<Method>,
    }

    #[derive(prost::Message)]
    struct Method {
        #[prost(string, tag = "1")]
        name: String,
    }

    #[test]
    fn every_method_that_reflection_lists_is_answered() {
        let set = FileSet::decode(radiant_protocol::pb::DESCRIPTORS).unwrap();
        let mut n_methods = 0;
        for file in &set.files {
            for (service, method) in
                file.services.iter().flat_map(|s| s.methods.iter().map(move |m| (s, m)))
            {
                let path = format!("/{}.{}/{}", file.package, service.name, method.name);
                let Route::Ours { endpoint, .. } = resolve(&path) else { panic!("{path}") };
                let unknown = [Endpoint::Unknown, Endpoint::V2Unknown, Endpoint::TfUnknown]
                    .contains(&endpoint);
                assert!(!unknown, "{path}");
                n_methods += 1;
            }
        }
        assert!(n_methods >= 35, "{n_methods}");
    }

    #[test]
    fn paths_lead_where_they_should() {
        let ours = |endpoint, external| Route::Ours { endpoint, external };
        for (path, route) in [
            ("/seldon.protos.Model/Predict", ours(Endpoint::Predict, false)),
            ("/seldon.protos.Seldon/Predict", ours(Endpoint::Predict, true)),
            ("/seldon.protos.Generic/Aggregate", ours(Endpoint::Aggregate, false)),
            ("/seldon.protos.Combiner/Aggregate", ours(Endpoint::Aggregate, false)),
            ("/seldon.protos.Combiner/Route", ours(Endpoint::Unknown, false)),
            ("/inference.GRPCInferenceService/ModelInfer", ours(Endpoint::Infer, true)),
            ("/inference.GRPCInferenceService/modelinfer", ours(Endpoint::V2Unknown, true)),
            (
                "/inference.model_repository.ModelRepositoryService/RepositoryIndex",
                ours(Endpoint::RepositoryIndex, true),
            ),
            ("/tensorflow.serving.PredictionService/Classify", ours(Endpoint::TfUnknown, true)),
            ("/grpc.health.v1.Health/Check", Route::Health),
            ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Route::Reflection),
            ("/", ours(Endpoint::Unknown, false)),
            ("", ours(Endpoint::Unknown, false)),
            ("/predict", ours(Endpoint::Unknown, false)),
        ] {
            assert_eq!(resolve(path), route, "{path}");
        }
    }

    #[test]
    fn what_the_orchestrator_calls_a_method_leads_to_it() {
        for &endpoint in Endpoint::ALL {
            if let Some(path) = endpoint.grpc_service() {
                assert_eq!(resolve(path), Route::Ours { endpoint, external: true }, "{path}");
            }
        }
    }

    #[test]
    fn an_unknown_method_is_named() {
        let error = unanswered("/a.B/C");
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.message().contains("`/a.B/C`"), "{error}");
        let error = unanswered("/tensorflow.serving.PredictionService/Regress");
        assert!(error.message().contains("`Predict`"), "{error}");
    }
}
