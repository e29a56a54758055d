//! Messages about models, beside what Triton writes for the same.

use radiant_core::DType;

use super::*;

fn spec(name: &str, dtype: DType, dims: &[Option<usize>]) -> TensorSpec {
    TensorSpec::new(name, dtype, dims.to_vec())
}

fn with_iris<R>(rows_max: Option<usize>, describe: impl FnOnce(&ModelInfo<'_>) -> R) -> R {
    let inputs = [spec("predict", DType::F32, &[None, Some(4)])];
    let outputs = [
        spec("predict", DType::I64, &[None, Some(1)]),
        spec("predict_proba", DType::F64, &[None, Some(3)]),
    ];
    let (name, version, platform, backend) = ("iris", "1", "onnx_onnxv1", "tract");
    let (inputs, outputs) = (&inputs, &outputs);
    describe(&ModelInfo {
        name,
        versions: &[version],
        platform,
        backend,
        reason: "asked",
        inputs,
        outputs,
        rows_max,
    })
}

#[track_caller]
fn check(json: &[u8], expected: &str) {
    assert_eq!(std::str::from_utf8(json).unwrap(), expected);
    let _: serde_json::Value = serde_json::from_slice(json).unwrap();
}

#[test]
fn metadata_has_the_batch_axis() {
    check(
        &model_metadata_json(&with_iris(Some(64), model_metadata)),
        r#"{"name":"iris","versions":["1"],"platform":"onnx_onnxv1","inputs":[{"name":"predict","datatype":"FP32","shape":[-1,4]}],"outputs":[{"name":"predict","datatype":"INT64","shape":[-1,1]},{"name":"predict_proba","datatype":"FP64","shape":[-1,3]}]}"#,
    );
    let info = |info: &ModelInfo<'_>| model_metadata(&ModelInfo { versions: &[], ..*info });
    assert!(with_iris(None, info).versions.is_empty());
}

#[test]
fn a_configuration_has_dimensions_without_the_batch() {
    check(
        &model_config_json(&with_iris(Some(64), model_config)),
        r#"{"name":"iris","platform":"onnx_onnxv1","backend":"tract","max_batch_size":64,"input":[{"name":"predict","data_type":"TYPE_FP32","format":"FORMAT_NONE","dims":[4],"optional":false}],"output":[{"name":"predict","data_type":"TYPE_INT64","dims":[1],"label_filename":""},{"name":"predict_proba","data_type":"TYPE_FP64","dims":[3],"label_filename":""}],"default_model_filename":"","parameters":{"engine_reason":{"string_value":"asked"}}}"#,
    );
    let whole = with_iris(None, model_config);
    assert_eq!((whole.max_batch_size, &*whole.input[0].dims), (0, &[-1, 4][..]));
    assert_eq!(with_iris(Some(usize::MAX), model_config).max_batch_size, i32::MAX);
}

#[test]
fn a_configuration_tells_all_that_the_server_adds() {
    let parameter = pb::ModelParameter { string_value: "v".into() };
    let batching = pb::ModelDynamicBatching {
        preferred_batch_size: vec![8],
        max_queue_delay_microseconds: u64::MAX,
    };
    let policy = |choice| Some(pb::ModelVersionPolicy { policy_choice: choice });
    let latest = pb::model_version_policy::Latest { num_versions: 1 };
    let mut config = pb::ModelConfig {
        version_policy: policy(Some(pb::model_version_policy::PolicyChoice::Latest(latest))),
        scheduling_choice: Some(pb::model_config::SchedulingChoice::DynamicBatching(batching)),
        parameters: [("b".to_owned(), parameter.clone()), ("a".to_owned(), parameter)].into(),
        model_transaction_policy: Some(pb::ModelTransactionPolicy { decoupled: true }),
        ..pb::ModelConfig::default()
    };
    check(
        &model_config_json(&config),
        r#"{"name":"","platform":"","backend":"","version_policy":{"latest":{"num_versions":1}},"max_batch_size":0,"input":[],"output":[],"dynamic_batching":{"preferred_batch_size":[8],"max_queue_delay_microseconds":18446744073709551615},"default_model_filename":"","parameters":{"a":{"string_value":"v"},"b":{"string_value":"v"}},"model_transaction_policy":{"decoupled":true}}"#,
    );
    let all = pb::model_version_policy::All {};
    let specific = pb::model_version_policy::Specific { versions: vec![1, 2] };
    for (choice, text) in [
        (pb::model_version_policy::PolicyChoice::All(all), r#""version_policy":{"all":{}}"#),
        (
            pb::model_version_policy::PolicyChoice::Specific(specific),
            r#""version_policy":{"specific":{"versions":[1,2]}}"#,
        ),
    ] {
        config.version_policy = policy(Some(choice));
        let json = String::from_utf8(model_config_json(&config)).unwrap();
        assert!(json.contains(text), "{json}");
    }
}

#[test]
fn each_type_has_a_name_in_the_configuration() {
    for dtype in DType::ALL {
        let name = data_type(dtype).as_str_name();
        let expected = if dtype == DType::Bytes { "STRING" } else { dtype.name() };
        assert_eq!(name, format!("TYPE_{expected}"));
    }
}

#[test]
fn statistics_are_counts_and_nanoseconds() {
    let duration = |count, ns| Some(pb::StatisticDuration { count, ns });
    let responses = pb::InferResponseStatistics { cancel: duration(1, 2), ..Default::default() };
    let model = pb::ModelStatistics {
        name: "iris".into(),
        version: "1".into(),
        last_inference: 1_795_347_613_931,
        inference_count: 2,
        execution_count: 1,
        inference_stats: Some(pb::InferStatistics {
            success: duration(1, 111_399_114),
            queue: duration(1, 7_307_920),
            ..Default::default()
        }),
        batch_stats: vec![pb::InferBatchStatistics {
            batch_size: 2,
            compute_infer: duration(1, 103_884_978),
            ..Default::default()
        }],
        memory_usage: vec![pb::MemoryUsage { r#type: "CPU".into(), id: 0, byte_size: 7 }],
        response_stats: [("0".to_owned(), responses)].into(),
    };
    check(
        &statistics_json(&pb::ModelStatisticsResponse { model_stats: vec![model] }),
        r#"{"model_stats":[{"name":"iris","version":"1","last_inference":1795347613931,"inference_count":2,"execution_count":1,"inference_stats":{"success":{"count":1,"ns":111399114},"fail":{"count":0,"ns":0},"queue":{"count":1,"ns":7307920},"compute_input":{"count":0,"ns":0},"compute_infer":{"count":0,"ns":0},"compute_output":{"count":0,"ns":0},"cache_hit":{"count":0,"ns":0},"cache_miss":{"count":0,"ns":0}},"response_stats":{"0":{"compute_infer":{"count":0,"ns":0},"compute_output":{"count":0,"ns":0},"success":{"count":0,"ns":0},"fail":{"count":0,"ns":0},"empty_response":{"count":0,"ns":0},"cancel":{"count":1,"ns":2}}},"batch_stats":[{"batch_size":2,"compute_input":{"count":0,"ns":0},"compute_infer":{"count":1,"ns":103884978},"compute_output":{"count":0,"ns":0}}],"memory_usage":[{"type":"CPU","id":0,"byte_size":7}]}]}"#,
    );
}

#[test]
fn servers_models_and_settings_are_told() {
    let server = pb::ServerMetadataResponse {
        name: "radiant".into(),
        version: "1".into(),
        extensions: vec!["binary_tensor_data".into(), "statistics".into()],
    };
    let expected =
        r#"{"name":"radiant","version":"1","extensions":["binary_tensor_data","statistics"]}"#;
    check(&server_metadata_json(&server), expected);
    check(&model_ready_json("a\"b"), r#"{"name":"a\"b","ready":true}"#);
    check(&model_list_json(["a", "b"].into_iter()), r#"{"models":["a","b"]}"#);

    let model = |version: &str, state: &str, reason: &str| {
        let (version, state, reason) = (version.into(), state.into(), reason.into());
        pb::repository_index_response::ModelIndex { name: "m".into(), version, state, reason }
    };
    let models = vec![model("1", "READY", ""), model("", "UNAVAILABLE", "no file")];
    check(
        &index_json(&pb::RepositoryIndexResponse { models }),
        r#"[{"name":"m","version":"1","state":"READY","reason":""},{"name":"m","state":"UNAVAILABLE","reason":"no file"}]"#,
    );

    let traced = [("trace_rate", "1000"), ("trace_level", "OFF"), ("trace_file", "")];
    let settings = traced.map(|(key, value)| {
        let value = vec![value.to_owned()];
        (key.to_owned(), pb::trace_setting_response::SettingValue { value })
    });
    check(
        &trace_settings_json(&pb::TraceSettingResponse { settings: settings.into() }),
        r#"{"trace_file":"","trace_level":["OFF"],"trace_rate":"1000"}"#,
    );

    use pb::log_settings_response::setting_value::ParameterChoice;
    let logged = [
        ("log_verbose_level", Some(ParameterChoice::Uint32Param(0))),
        ("log_info", Some(ParameterChoice::BoolParam(true))),
        ("log_format", Some(ParameterChoice::StringParam("default".into()))),
        ("log_file", None),
    ];
    let settings = logged.map(|(key, parameter_choice)| {
        (key.to_owned(), pb::log_settings_response::SettingValue { parameter_choice })
    });
    check(
        &log_settings_json(&pb::LogSettingsResponse { settings: settings.into() }),
        r#"{"log_format":"default","log_info":true,"log_verbose_level":0}"#,
    );
}
