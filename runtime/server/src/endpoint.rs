//! What can be asked of the server, whatever the transport.

/// The protocols, as the label `protocol` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Seldon Core v1.
    Seldon,
    /// The Open Inference Protocol.
    V2,
    /// TensorFlow Serving, and KServe's first protocol.
    TensorFlow,
    /// MLflow's scoring server.
    Mlflow,
}

impl Protocol {
    /// The value of the label.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Seldon => "seldon",
            Self::V2 => "v2",
            Self::TensorFlow => "tensorflow",
            Self::Mlflow => "mlflow",
        }
    }
}

macro_rules! endpoints {
    ($($(#[$doc:meta])* $variant:ident: $protocol:ident $name:literal,)*) => {
        /// What a request asks for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Endpoint {
            $($(#[$doc])* $variant,)*
        }

        impl Endpoint {
            /// All endpoints, in the order of their discriminants.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The value of the label `method`.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The protocol that it belongs to.
            pub(crate) const fn protocol(self) -> Protocol {
                match self {
                    $(Self::$variant => Protocol::$protocol,)*
                }
            }
        }
    };
}

endpoints! {
    /// A prediction.
    Predict: Seldon "predict",
    /// What became of a prediction.
    Feedback: Seldon "send-feedback",
    /// A graph method.
    TransformInput: Seldon "transform-input",
    /// A graph method.
    TransformOutput: Seldon "transform-output",
    /// A graph method.
    Route: Seldon "route",
    /// A graph method.
    Aggregate: Seldon "aggregate",
    /// Answers `pong` as long as the process lives.
    Ping: Seldon "ping",
    /// How the component is, as a message.
    HealthStatus: Seldon "health",
    /// What the model says of itself.
    Metadata: Seldon "metadata",
    /// What the graph says of itself; a node does not know.
    GraphMetadata: Seldon "graph-metadata",
    /// Whether requests are answered; the orchestrator's path.
    Ready: Seldon "ready",
    /// Whether the process lives; the orchestrator's path.
    Live: Seldon "live",
    /// The page that explains the paths.
    Doc: Seldon "doc",
    /// The OpenAPI document.
    OpenApi: Seldon "openapi",
    /// Anything else.
    Unknown: Seldon "unknown",
    /// An inference.
    Infer: V2 "infer",
    /// Inferences on one stream.
    StreamInfer: V2 "stream-infer",
    /// Text for text.
    Generate: V2 "generate",
    /// Text for text, piece by piece.
    GenerateStream: V2 "generate-stream",
    /// Whether the process lives.
    ServerLive: V2 "server-live",
    /// Whether all models answer.
    ServerReady: V2 "server-ready",
    /// Whether one model answers.
    ModelReady: V2 "model-ready",
    /// What the server is and can.
    ServerMetadata: V2 "server-metadata",
    /// Inputs and outputs of a model.
    ModelMetadata: V2 "model-metadata",
    /// The names of the models.
    ModelList: V2 "model-list",
    /// A model's configuration in Triton's terms.
    ModelConfig: V2 "model-config",
    /// A model's statistics in Triton's terms.
    ModelStatistics: V2 "model-statistics",
    /// The models with their states.
    RepositoryIndex: V2 "repository-index",
    /// Loads a model.
    RepositoryLoad: V2 "repository-load",
    /// Unloads a model.
    RepositoryUnload: V2 "repository-unload",
    /// Settings of traces, of which there are none.
    TraceSetting: V2 "trace-setting",
    /// Settings of the log.
    LogSettings: V2 "log-settings",
    /// Regions of shared memory, of which there are none.
    SharedMemoryStatus: V2 "shared-memory-status",
    /// A region of shared memory, which is not offered.
    SharedMemoryRegister: V2 "shared-memory-register",
    /// Lets go of regions of shared memory.
    SharedMemoryUnregister: V2 "shared-memory-unregister",
    /// The page that explains the paths of V2.
    V2Doc: V2 "doc",
    /// The OpenAPI document of V2.
    V2OpenApi: V2 "openapi",
    /// Anything else below `/v2`, or an unknown method of its service.
    V2Unknown: V2 "unknown",
    /// A prediction.
    TfPredict: TensorFlow "predict",
    /// The state of a model's versions.
    TfStatus: TensorFlow "status",
    /// Inputs and outputs of a model.
    TfMetadata: TensorFlow "metadata",
    /// Whether the process lives; KServe's path for it.
    TfLive: TensorFlow "live",
    /// The names of the models.
    TfList: TensorFlow "model-list",
    /// Anything else below `/v1`, or an unknown method of its services.
    TfUnknown: TensorFlow "unknown",
    /// A prediction.
    Invocations: Mlflow "invocations",
    /// Whether the main model answers.
    MlflowPing: Mlflow "ping",
    /// The version of MLflow whose protocol is spoken.
    MlflowVersion: Mlflow "version",
}

impl Endpoint {
    /// The value of the orchestrator's label `service` over HTTP.
    pub(crate) const fn service(self) -> &'static str {
        match self {
            Self::Predict | Self::Infer | Self::TfPredict | Self::Invocations => "predictions",
            Self::Feedback => "feedback",
            Self::HealthStatus => "status",
            Self::Metadata | Self::ModelMetadata | Self::TfMetadata => "metadata",
            other => other.name(),
        }
    }

    /// The method of gRPC by which clients of a deployment ask this, as the orchestrator's label
    /// `service` has it; none where an orchestrator has no such method.
    pub(crate) const fn grpc_service(self) -> Option<&'static str> {
        Some(match self {
            Self::Predict => "/seldon.protos.Seldon/Predict",
            Self::Feedback => "/seldon.protos.Seldon/SendFeedback",
            Self::Metadata => "/seldon.protos.Seldon/ModelMetadata",
            Self::GraphMetadata => "/seldon.protos.Seldon/GraphMetadata",
            Self::Infer => "/inference.GRPCInferenceService/ModelInfer",
            Self::StreamInfer => "/inference.GRPCInferenceService/ModelStreamInfer",
            Self::ServerLive => "/inference.GRPCInferenceService/ServerLive",
            Self::ServerReady => "/inference.GRPCInferenceService/ServerReady",
            Self::ModelReady => "/inference.GRPCInferenceService/ModelReady",
            Self::ServerMetadata => "/inference.GRPCInferenceService/ServerMetadata",
            Self::ModelMetadata => "/inference.GRPCInferenceService/ModelMetadata",
            Self::TfPredict => "/tensorflow.serving.PredictionService/Predict",
            Self::TfMetadata => "/tensorflow.serving.PredictionService/GetModelMetadata",
            Self::TfStatus => "/tensorflow.serving.ModelService/GetModelStatus",
            _ => return None,
        })
    }

    /// Whether it speaks of the main model where it names none.
    pub(crate) const fn is_of_main_model(self) -> bool {
        matches!(self.protocol(), Protocol::Seldon | Protocol::Mlflow)
            || matches!(self, Self::Infer | Self::TfPredict)
    }

    /// Whether it runs the model on its inputs.
    pub(crate) const fn runs_model(self) -> bool {
        matches!(
            self,
            Self::Predict
                | Self::Infer
                | Self::StreamInfer
                | Self::Generate
                | Self::GenerateStream
                | Self::TfPredict
                | Self::Invocations
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discriminants_index_the_table_of_endpoints() {
        for (index, &endpoint) in Endpoint::ALL.iter().enumerate() {
            assert_eq!(endpoint as usize, index);
        }
    }
}
