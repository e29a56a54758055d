//! Messages about models as JSON, with Triton's keys: integers of 64 bits are numbers, maps are in
//! the order of their keys.

use std::collections::HashMap;

use crate::json::{push_i64, push_string};
use crate::oip::rest::{Object, push_list};
use crate::pb::inference as pb;
use crate::pb::inference::log_settings_response::setting_value::ParameterChoice;

fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}

fn push_texts(out: &mut Vec<u8>, texts: &[String]) {
    push_list(out, texts, |out, text| push_string(out, text));
}

/// A map's entries in the order of their keys.
fn sorted<V>(map: &HashMap<String, V>) -> Vec<(&String, &V)> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    entries
}

/// That a model is ready, `{"name":"m","ready":true}`.
pub fn model_ready_json(name: &str) -> Vec<u8> {
    written(|out| {
        let mut object = Object::open(out);
        object.text("name", name);
        object.boolean("ready", true);
        object.close();
    })
}

/// The names of all models, `{"models":["m"]}`.
pub fn model_list_json<'a>(names: impl Iterator<Item = &'a str>) -> Vec<u8> {
    written(|out| {
        let mut object = Object::open(out);
        push_list(object.key("models"), names, push_string);
        object.close();
    })
}

/// The server's metadata.
pub fn server_metadata_json(server: &pb::ServerMetadataResponse) -> Vec<u8> {
    written(|out| {
        let mut object = Object::open(out);
        object.text("name", &server.name);
        object.text("version", &server.version);
        push_texts(object.key("extensions"), &server.extensions);
        object.close();
    })
}

/// A model's metadata.
pub fn model_metadata_json(model: &pb::ModelMetadataResponse) -> Vec<u8> {
    written(|out| {
        let mut object = Object::open(out);
        object.text("name", &model.name);
        push_texts(object.key("versions"), &model.versions);
        object.text("platform", &model.platform);
        push_list(object.key("inputs"), &model.inputs, push_tensor_metadata);
        push_list(object.key("outputs"), &model.outputs, push_tensor_metadata);
        object.close();
    })
}

fn push_tensor_metadata(out: &mut Vec<u8>, tensor: &pb::model_metadata_response::TensorMetadata) {
    let mut object = Object::open(out);
    object.text("name", &tensor.name);
    object.text("datatype", &tensor.datatype);
    push_dims(object.key("shape"), &tensor.shape);
    object.close();
}

fn push_dims(out: &mut Vec<u8>, dims: &[i64]) {
    push_list(out, dims, |out, &dim| push_i64(out, dim));
}

/// A model's configuration.
pub fn model_config_json(config: &pb::ModelConfig) -> Vec<u8> {
    written(|out| {
        let mut object = Object::open(out);
        object.text("name", &config.name);
        object.text("platform", &config.platform);
        object.text("backend", &config.backend);
        if let Some(policy) = &config.version_policy {
            push_version_policy(object.key("version_policy"), policy);
        }
        object.signed("max_batch_size", config.max_batch_size.into());
        push_list(object.key("input"), &config.input, push_model_input);
        push_list(object.key("output"), &config.output, push_model_output);
        if let Some(pb::model_config::SchedulingChoice::DynamicBatching(batching)) =
            &config.scheduling_choice
        {
            push_dynamic_batching(object.key("dynamic_batching"), batching);
        }
        object.text("default_model_filename", &config.default_model_filename);
        let mut parameters = Object::open(object.key("parameters"));
        for (key, value) in sorted(&config.parameters) {
            let mut parameter = Object::open(parameters.key(key));
            parameter.text("string_value", &value.string_value);
            parameter.close();
        }
        parameters.close();
        if let Some(policy) = &config.model_transaction_policy {
            let mut transactions = Object::open(object.key("model_transaction_policy"));
            transactions.boolean("decoupled", policy.decoupled);
            transactions.close();
        }
        object.close();
    })
}

fn push_version_policy(out: &mut Vec<u8>, policy: &pb::ModelVersionPolicy) {
    use pb::model_version_policy::PolicyChoice;
    let mut object = Object::open(out);
    match &policy.policy_choice {
        Some(PolicyChoice::Latest(latest)) => {
            let mut latest_object = Object::open(object.key("latest"));
            latest_object.unsigned("num_versions", latest.num_versions.into());
            latest_object.close();
        }
        Some(PolicyChoice::All(pb::model_version_policy::All {})) => {
            Object::open(object.key("all")).close();
        }
        Some(PolicyChoice::Specific(specific)) => {
            let mut specific_object = Object::open(object.key("specific"));
            push_dims(specific_object.key("versions"), &specific.versions);
            specific_object.close();
        }
        None => {}
    }
    object.close();
}

fn push_model_input(out: &mut Vec<u8>, input: &pb::ModelInput) {
    let mut object = Object::open(out);
    object.text("name", &input.name);
    object.text("data_type", input.data_type().as_str_name());
    object.text("format", input.format().as_str_name());
    push_dims(object.key("dims"), &input.dims);
    object.boolean("optional", input.optional);
    object.close();
}

fn push_model_output(out: &mut Vec<u8>, output: &pb::ModelOutput) {
    let mut object = Object::open(out);
    object.text("name", &output.name);
    object.text("data_type", output.data_type().as_str_name());
    push_dims(object.key("dims"), &output.dims);
    object.text("label_filename", &output.label_filename);
    object.close();
}

fn push_dynamic_batching(out: &mut Vec<u8>, batching: &pb::ModelDynamicBatching) {
    let mut object = Object::open(out);
    let sizes = &batching.preferred_batch_size;
    push_list(object.key("preferred_batch_size"), sizes, |out, &rows| push_i64(out, rows.into()));
    object.unsigned("max_queue_delay_microseconds", batching.max_queue_delay_microseconds);
    object.close();
}

/// What models have run so far.
pub fn statistics_json(statistics: &pb::ModelStatisticsResponse) -> Vec<u8> {
    written(|out| {
        let mut object = Object::open(out);
        push_list(object.key("model_stats"), &statistics.model_stats, push_model_statistics);
        object.close();
    })
}

fn push_model_statistics(out: &mut Vec<u8>, model: &pb::ModelStatistics) {
    let mut object = Object::open(out);
    object.text("name", &model.name);
    object.text("version", &model.version);
    object.unsigned("last_inference", model.last_inference);
    object.unsigned("inference_count", model.inference_count);
    object.unsigned("execution_count", model.execution_count);
    let runs = model.inference_stats.unwrap_or_default();
    push_durations(
        object.key("inference_stats"),
        &[
            ("success", runs.success),
            ("fail", runs.fail),
            ("queue", runs.queue),
            ("compute_input", runs.compute_input),
            ("compute_infer", runs.compute_infer),
            ("compute_output", runs.compute_output),
            ("cache_hit", runs.cache_hit),
            ("cache_miss", runs.cache_miss),
        ],
    );
    let mut responses = Object::open(object.key("response_stats"));
    for (index, response) in sorted(&model.response_stats) {
        push_durations(
            responses.key(index),
            &[
                ("compute_infer", response.compute_infer),
                ("compute_output", response.compute_output),
                ("success", response.success),
                ("fail", response.fail),
                ("empty_response", response.empty_response),
                ("cancel", response.cancel),
            ],
        );
    }
    responses.close();
    push_list(object.key("batch_stats"), &model.batch_stats, push_batch_statistics);
    push_list(object.key("memory_usage"), &model.memory_usage, |out, usage| {
        let mut object = Object::open(out);
        object.text("type", &usage.r#type);
        object.signed("id", usage.id);
        object.unsigned("byte_size", usage.byte_size);
        object.close();
    });
    object.close();
}

fn push_batch_statistics(out: &mut Vec<u8>, batch: &pb::InferBatchStatistics) {
    let mut object = Object::open(out);
    object.unsigned("batch_size", batch.batch_size);
    push_duration(object.key("compute_input"), batch.compute_input);
    push_duration(object.key("compute_infer"), batch.compute_infer);
    push_duration(object.key("compute_output"), batch.compute_output);
    object.close();
}

fn push_durations(out: &mut Vec<u8>, durations: &[(&str, Option<pb::StatisticDuration>)]) {
    let mut object = Object::open(out);
    for &(key, duration) in durations {
        push_duration(object.key(key), duration);
    }
    object.close();
}

fn push_duration(out: &mut Vec<u8>, duration: Option<pb::StatisticDuration>) {
    let duration = duration.unwrap_or_default();
    let mut object = Object::open(out);
    object.unsigned("count", duration.count);
    object.unsigned("ns", duration.ns);
    object.close();
}

/// The index of the repository: a list, not an object.
pub fn index_json(index: &pb::RepositoryIndexResponse) -> Vec<u8> {
    written(|out| {
        push_list(out, &index.models, |out, model| {
            let mut object = Object::open(out);
            object.text("name", &model.name);
            if !model.version.is_empty() {
                object.text("version", &model.version);
            }
            object.text("state", &model.state);
            object.text("reason", &model.reason);
            object.close();
        });
    })
}

/// Settings of traces. `trace_level` is a list; the others are single texts.
pub fn trace_settings_json(settings: &pb::TraceSettingResponse) -> Vec<u8> {
    written(|out| {
        let mut object = Object::open(out);
        for (key, setting) in sorted(&settings.settings) {
            match &*setting.value {
                [value] if key != "trace_level" => object.text(key, value),
                values => push_texts(object.key(key), values),
            }
        }
        object.close();
    })
}

/// Settings of the log. One without a value is left out.
pub fn log_settings_json(settings: &pb::LogSettingsResponse) -> Vec<u8> {
    written(|out| {
        let mut object = Object::open(out);
        for (key, setting) in sorted(&settings.settings) {
            match &setting.parameter_choice {
                Some(ParameterChoice::BoolParam(value)) => object.boolean(key, *value),
                Some(ParameterChoice::Uint32Param(value)) => object.unsigned(key, (*value).into()),
                Some(ParameterChoice::StringParam(value)) => object.text(key, value),
                None => {}
            }
        }
        object.close();
    })
}
