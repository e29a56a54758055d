//! Where we answer otherwise than Triton or MLServer, row by row, and why.
//!
//! `docs/compatibility.md` holds the same table for people; a test keeps the two together.

/// Why a row deviates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Offered,
    NotFound,
    OneVersion,
    OutsideV2,
    ClientMistake,
    OutputOrder,
    NoBatching,
    Generate,
    Unloaded,
    Statistics,
    Parameters,
    NoText,
    HealthOfNothing,
    Streams,
    OwnMetadata,
    AllOutputs,
    Checked,
    OtherModel,
    FlatData,
    RepositoryReply,
}

impl Class {
    /// The sentence that the documentation has above the rows.
    pub(super) const fn because(self) -> &'static str {
        match self {
            Self::Offered => {
                "What one server offers and its clients use is offered to the clients of the others, too."
            }
            Self::NotFound => {
                "An unknown model is 404 over REST; over gRPC it is not ready, which is no failure."
            }
            Self::OneVersion => "A process serves one version of a model, so it lists one.",
            Self::OutsideV2 => {
                "A path that does not begin with `/v2` is answered as Seldon's protocol is."
            }
            Self::ClientMistake => {
                "A client's mistake is 400 over REST and INVALID_ARGUMENT over gRPC, whatever was recorded."
            }
            Self::OutputOrder => {
                "Outputs come in the order in which they are asked for, as MLServer's do; Triton keeps the model's order."
            }
            Self::NoBatching => {
                "There is no dynamic batching and no tracing yet, so that neither their settings nor their limits exist."
            }
            Self::Generate => {
                "A model that writes no text answers 501, and a prompt is called `text_input`."
            }
            Self::Unloaded => {
                "A model that was unloaded on request is not missed: the server stays ready."
            }
            Self::Statistics => {
                "Statistics count what this process has run: the recorded rows are spread over two, and failures that Triton leaves out are counted."
            }
            Self::Parameters => "Unknown parameters are ignored, whatever their type.",
            Self::NoText => {
                "Bytes that are not UTF-8 are refused in JSON; Triton writes a body that is no JSON."
            }
            Self::HealthOfNothing => {
                "A service that does not exist is NOT_FOUND, as gRPC's health protocol says; Triton calls it well."
            }
            Self::Streams => {
                "A stream has one reply for each request, in Triton's form; there is no decoupled model, and no path `infer_stream`."
            }
            Self::OwnMetadata => {
                "Metadata come from the model file; MLServer repeats its settings, which may say nothing."
            }
            Self::AllOutputs => {
                "Without `outputs` in the request every output is answered; MLServer's scikit-learn runtime answers `predict` alone."
            }
            Self::Checked => {
                "Names, datatypes, shapes and elements are checked against the model; MLServer computes with what comes."
            }
            Self::OtherModel => {
                "The classifier of the recording was not kept: shapes, names, datatypes and labels are compared, probabilities are not."
            }
            Self::FlatData => {
                "`data` of a reply is a flat list, as the specification's examples have it; MLServer repeats the nesting of the request."
            }
            Self::RepositoryReply => {
                "The replies tell the model and that it was done, as KServe's do; other clients skip these fields."
            }
        }
    }

    /// Whether a row of this class whose status is the recorded one is still compared, without what
    /// the class is about.
    pub(super) const fn is_compared(self) -> bool {
        matches!(
            self,
            Self::AllOutputs
                | Self::FlatData
                | Self::OneVersion
                | Self::OtherModel
                | Self::OutputOrder
                | Self::OwnMetadata
                | Self::RepositoryReply
        )
    }
}

/// One row that is answered otherwise than recorded.
#[derive(Debug)]
pub(super) struct Deviation {
    pub(super) server: &'static str,
    pub(super) transport: &'static str,
    pub(super) row: &'static str,
    /// The recorded status.
    pub(super) recorded: &'static str,
    /// The status that we answer.
    pub(super) ours: &'static str,
    pub(super) class: Class,
}

impl Deviation {
    /// The class without which the answer must be as recorded, where that can be said.
    pub(super) fn compared(&self) -> Option<Class> {
        (self.recorded == self.ours && self.class.is_compared()).then_some(self.class)
    }
}

/// The deviation of a row, if it has one.
pub(super) fn of(server: &str, transport: &str, row: &str) -> Option<&'static Deviation> {
    DEVIATIONS.iter().find(|deviation| {
        (deviation.server, deviation.transport, deviation.row) == (server, transport, row)
    })
}

/// All deviations, in the order of the recordings.
pub(super) static DEVIATIONS: [Deviation; 125] = [
    triton_rest("server_metadata_slash", "404", "200", Class::Offered),
    triton_rest("model_ready_bad_version", "400", "404", Class::NotFound),
    triton_rest("model_ready_unknown", "400", "404", Class::NotFound),
    triton_rest("model_metadata_bare", "200", "200", Class::OneVersion),
    triton_rest("openapi_json", "404", "200", Class::Offered),
    triton_rest("docs_html", "404", "200", Class::Offered),
    triton_rest("unknown_path", "404", "404", Class::OutsideV2),
    triton_rest("root", "404", "200", Class::OutsideV2),
    triton_rest("head_live", "405", "200", Class::Offered),
    triton_rest("infer_numeric_id", "500", "400", Class::ClientMistake),
    triton_rest("infer_outputs_both", "200", "200", Class::OutputOrder),
    triton_rest("infer_bad_shape_data_mismatch", "500", "400", Class::ClientMistake),
    triton_rest("infer_negative_shape", "500", "400", Class::ClientMistake),
    triton_rest("infer_missing_shape", "500", "400", Class::ClientMistake),
    triton_rest("infer_missing_inputs", "500", "400", Class::ClientMistake),
    triton_rest("infer_null_inputs", "500", "400", Class::ClientMistake),
    triton_rest("infer_numeric_strings_for_fp32", "500", "400", Class::ClientMistake),
    triton_rest("infer_json_null", "500", "400", Class::ClientMistake),
    triton_rest("infer_json_string", "500", "400", Class::ClientMistake),
    triton_rest("infer_utf16_body", "500", "400", Class::ClientMistake),
    triton_rest("infer_accept_gzip_large", "400", "200", Class::NoBatching),
    triton_rest("identity_FP16", "400", "200", Class::Offered),
    triton_rest("identity_UINT8_overflow", "500", "400", Class::ClientMistake),
    triton_rest("identity_data_scalar_not_list", "500", "200", Class::Offered),
    triton_rest("generate_triton_schema", "400", "501", Class::Generate),
    triton_rest("repo_index_ready", "200", "200", Class::OneVersion),
    triton_rest("repo_index_notready", "200", "200", Class::OneVersion),
    triton_rest("repo_index_nobody", "200", "200", Class::OneVersion),
    triton_rest("ready_after_unload", "400", "200", Class::Unloaded),
    triton_rest("repo_unload_unknown", "200", "404", Class::NotFound),
    triton_rest("metrics_on_rest_port", "404", "404", Class::OutsideV2),
    triton_rest("model_config", "200", "200", Class::NoBatching),
    triton_rest("model_stats", "200", "200", Class::Statistics),
    triton_rest("model_stats_version", "200", "200", Class::Statistics),
    triton_rest("all_stats", "200", "200", Class::Statistics),
    triton_rest("trace_setting", "200", "200", Class::NoBatching),
    triton_rest("dims_batch_too_big", "400", "200", Class::NoBatching),
    triton_rest("nested_param", "400", "200", Class::Parameters),
    triton_rest("binary_no_header", "500", "400", Class::ClientMistake),
    triton_rest("bytes_binary_json_out_nonutf8", "200", "400", Class::NoText),
    triton_grpc("malformed_proto", "INTERNAL", "INVALID_ARGUMENT", Class::ClientMistake),
    triton_grpc("model_config_triton", "OK", "OK", Class::NoBatching),
    triton_grpc("reflection_v1alpha", "UNIMPLEMENTED", "INVALID_ARGUMENT", Class::Offered),
    triton_grpc("model_config", "OK", "OK", Class::NoBatching),
    triton_grpc("health_bad_service", "OK", "NOT_FOUND", Class::HealthOfNothing),
    triton_grpc("trace", "OK", "OK", Class::NoBatching),
    triton_grpc("stream_decoupled", "OK", "OK", Class::Streams),
    triton_grpc("decoupled_unary", "UNIMPLEMENTED", "OK", Class::Streams),
    triton_grpc("batch_too_big", "INVALID_ARGUMENT", "OK", Class::NoBatching),
    mlserver_rest("server_metadata_slash", "307", "200", Class::Offered),
    mlserver_rest("model_metadata_bare", "200", "200", Class::OwnMetadata),
    mlserver_rest("model_metadata_version", "200", "200", Class::OwnMetadata),
    mlserver_rest("model_metadata_declared", "200", "200", Class::OwnMetadata),
    mlserver_rest("unknown_path", "404", "404", Class::OutsideV2),
    mlserver_rest("root", "404", "200", Class::OutsideV2),
    mlserver_rest("head_live", "405", "200", Class::Offered),
    mlserver_rest("infer_ok_nested", "200", "200", Class::AllOutputs),
    mlserver_rest("infer_ok_flat", "200", "200", Class::AllOutputs),
    mlserver_rest("infer_numeric_id", "422", "400", Class::ClientMistake),
    mlserver_rest("infer_version", "200", "200", Class::AllOutputs),
    mlserver_rest("infer_any_input_name", "200", "400", Class::Checked),
    mlserver_rest("infer_outputs_both", "200", "200", Class::OtherModel),
    mlserver_rest("infer_outputs_empty", "200", "200", Class::AllOutputs),
    mlserver_rest("infer_bad_shape_data_mismatch", "500", "400", Class::ClientMistake),
    mlserver_rest("infer_bad_shape_features", "500", "400", Class::ClientMistake),
    mlserver_rest("infer_negative_shape", "200", "400", Class::Checked),
    mlserver_rest("infer_bf16_datatype", "422", "400", Class::ClientMistake),
    mlserver_rest("infer_missing_shape", "422", "400", Class::ClientMistake),
    mlserver_rest("infer_missing_data", "422", "400", Class::ClientMistake),
    mlserver_rest("infer_missing_inputs", "422", "400", Class::ClientMistake),
    mlserver_rest("infer_null_inputs", "422", "400", Class::ClientMistake),
    mlserver_rest("infer_numeric_strings_for_fp32", "200", "400", Class::Checked),
    mlserver_rest("infer_no_body", "422", "400", Class::ClientMistake),
    mlserver_rest("infer_json_null", "422", "400", Class::ClientMistake),
    mlserver_rest("infer_json_string", "422", "400", Class::ClientMistake),
    mlserver_rest("infer_no_content_type", "200", "200", Class::AllOutputs),
    mlserver_rest("infer_octet_stream", "422", "200", Class::Offered),
    mlserver_rest("infer_ct_charset", "200", "200", Class::AllOutputs),
    mlserver_rest("infer_utf16_body", "422", "400", Class::ClientMistake),
    mlserver_rest("infer_extra_fields", "200", "200", Class::AllOutputs),
    mlserver_rest("infer_parameters_echo", "200", "200", Class::FlatData),
    mlserver_rest("infer_accept_gzip_small", "200", "200", Class::AllOutputs),
    mlserver_rest("infer_accept_gzip_large", "200", "200", Class::AllOutputs),
    mlserver_rest("identity_UINT8_overflow", "200", "400", Class::Checked),
    mlserver_rest("identity_data_scalar_not_list", "200", "200", Class::FlatData),
    mlserver_rest("strict_wrong_input_name", "200", "400", Class::Checked),
    mlserver_rest("strict_wrong_dtype", "200", "400", Class::Checked),
    mlserver_rest("strict_ok", "200", "200", Class::AllOutputs),
    mlserver_rest("infer_stream", "200", "404", Class::Streams),
    mlserver_rest("generate_triton_schema", "422", "501", Class::Generate),
    mlserver_rest("generate_stream", "200", "400", Class::Generate),
    mlserver_rest("infer_stream_not_implemented", "200", "404", Class::Streams),
    mlserver_rest("infer_stream_unknown_model", "500", "404", Class::Streams),
    mlserver_rest("repo_index_ready", "200", "200", Class::OneVersion),
    mlserver_rest("repo_index_notready", "200", "200", Class::OneVersion),
    mlserver_rest("repo_index_nobody", "422", "200", Class::Offered),
    mlserver_rest("metrics_on_rest_port", "404", "404", Class::OutsideV2),
    mlserver_grpc("model_metadata_version", "OK", "OK", Class::OwnMetadata),
    mlserver_grpc("model_ready_bad_version", "UNKNOWN", "OK", Class::NotFound),
    mlserver_grpc("model_ready_unknown", "UNKNOWN", "OK", Class::NotFound),
    mlserver_grpc("model_ready_empty", "UNKNOWN", "OK", Class::NotFound),
    mlserver_grpc("model_metadata_declared", "OK", "OK", Class::OwnMetadata),
    mlserver_grpc("infer_ok_raw", "OK", "OK", Class::AllOutputs),
    mlserver_grpc("infer_version", "OK", "OK", Class::AllOutputs),
    mlserver_grpc("infer_raw_short", "INTERNAL", "INVALID_ARGUMENT", Class::ClientMistake),
    mlserver_grpc("infer_raw_too_few", "INTERNAL", "INVALID_ARGUMENT", Class::ClientMistake),
    mlserver_grpc("infer_bad_shape_features", "INTERNAL", "INVALID_ARGUMENT", Class::ClientMistake),
    mlserver_grpc("infer_bad_datatype_raw", "INTERNAL", "INVALID_ARGUMENT", Class::ClientMistake),
    mlserver_grpc("infer_bf16_raw", "INTERNAL", "OK", Class::Offered),
    mlserver_grpc("infer_empty_datatype", "INTERNAL", "INVALID_ARGUMENT", Class::ClientMistake),
    mlserver_grpc("infer_any_input_name", "OK", "INVALID_ARGUMENT", Class::Checked),
    mlserver_grpc("custom_metadata", "OK", "OK", Class::AllOutputs),
    mlserver_grpc("deadline_ok", "OK", "OK", Class::AllOutputs),
    mlserver_grpc("gzip_request", "OK", "OK", Class::AllOutputs),
    mlserver_grpc("malformed_proto", "UNKNOWN", "INVALID_ARGUMENT", Class::ClientMistake),
    mlserver_grpc("model_config_triton", "UNIMPLEMENTED", "OK", Class::Offered),
    mlserver_grpc("grpc_health_v1", "UNIMPLEMENTED", "OK", Class::Offered),
    mlserver_grpc("reflection_v1alpha", "UNIMPLEMENTED", "INVALID_ARGUMENT", Class::Offered),
    mlserver_grpc("stream_infer", "OK", "OK", Class::Streams),
    mlserver_grpc("stream_not_implemented", "OK", "OK", Class::Streams),
    mlserver_grpc("stream_empty", "INTERNAL", "OK", Class::Streams),
    mlserver_grpc("repo_index_ready", "OK", "OK", Class::OneVersion),
    mlserver_grpc("repo_unload", "OK", "OK", Class::RepositoryReply),
    mlserver_grpc("repo_index_after", "OK", "OK", Class::OneVersion),
    mlserver_grpc("repo_load", "OK", "OK", Class::RepositoryReply),
];

const fn triton_rest(
    row: &'static str,
    recorded: &'static str,
    ours: &'static str,
    class: Class,
) -> Deviation {
    Deviation { server: "triton", transport: "rest", row, recorded, ours, class }
}

const fn triton_grpc(
    row: &'static str,
    recorded: &'static str,
    ours: &'static str,
    class: Class,
) -> Deviation {
    Deviation { server: "triton", transport: "grpc", row, recorded, ours, class }
}

const fn mlserver_rest(
    row: &'static str,
    recorded: &'static str,
    ours: &'static str,
    class: Class,
) -> Deviation {
    Deviation { server: "mlserver", transport: "rest", row, recorded, ours, class }
}

const fn mlserver_grpc(
    row: &'static str,
    recorded: &'static str,
    ours: &'static str,
    class: Class,
) -> Deviation {
    Deviation { server: "mlserver", transport: "grpc", row, recorded, ours, class }
}
