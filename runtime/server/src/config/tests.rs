//! Who wins, what is refused, and what the report shows.

use radiant_contract::{MapEnv, env};

use super::*;

fn build(flags: &Flags, variables: &[(&str, &str)], annotations: &str) -> Config {
    try_build(flags, variables, annotations).expect("the configuration is valid")
}

fn try_build(
    flags: &Flags,
    variables: &[(&str, &str)],
    annotations: &str,
) -> Result<Config, ConfigErrors> {
    let env: MapEnv = variables.iter().copied().collect();
    Config::build(flags, &env, Some(annotations))
}

fn effective<'a>(config: &'a Config, name: &str) -> (&'a str, String) {
    let found = config.effective.iter().find(|effective| effective.name == name);
    let found = found.unwrap_or_else(|| panic!("{name} is in the report"));
    (&found.value, found.source.to_string())
}

fn parameters(name: &str, value: &str) -> String {
    format!(r#"[{{"name":"{name}","value":"{value}","type":"STRING"}}]"#)
}

const OURS: [(&str, &str); 4] = [
    ("RADIANT_MODEL", "/by/variable"),
    ("RADIANT_HTTP_PORT", "2"),
    ("RADIANT_REQUEST_TIMEOUT", "6s"),
    ("RADIANT_NAME", "ours"),
];

const MLSERVER: [(&str, &str); 3] = [
    ("MLSERVER_MODEL_URI", "/by/mlserver"),
    ("MLSERVER_HTTP_PORT", "4"),
    ("MLSERVER_MODEL_NAME", "mlserver"),
];

#[test]
fn the_first_place_that_sets_an_option_wins() {
    let model_uri = parameters("model_uri", "/by/parameter");
    let annotation = "seldon.io/rest-timeout=\"20000\"\nseldon.io/grpc-max-message-size=\"1024\"";
    let flags = Flags {
        model: Some("/by/argument".into()),
        http_port: Some("1".into()),
        request_timeout: Some("5s".into()),
        ..Flags::default()
    };
    let theirs = [
        ("PREDICTIVE_UNIT_PARAMETERS", model_uri.as_str()),
        ("PREDICTIVE_UNIT_HTTP_SERVICE_PORT", "3"),
        ("PREDICTIVE_UNIT_ID", "unit"),
    ];
    let layers: [&[(&str, &str)]; 3] = [&OURS, &theirs, &MLSERVER];
    let from = |first: usize| layers[first..].concat();
    let none = Flags::default();
    let row = |flags: &Flags, variables: &[(&str, &str)], annotations: &str| {
        let config = build(flags, variables, annotations);
        ["model", "http_port", "name", "request_timeout"].map(|name| {
            let (value, source) = effective(&config, name);
            format!("{value} <- {source}")
        })
    };
    assert_eq!(
        row(&flags, &from(0), annotation),
        [
            "/by/argument <- argument MODEL",
            "1 <- flag --http-port",
            "ours <- environment variable RADIANT_NAME",
            "5s <- flag --request-timeout",
        ]
    );
    assert_eq!(
        row(&none, &from(0), annotation),
        [
            "/by/variable <- environment variable RADIANT_MODEL",
            "2 <- environment variable RADIANT_HTTP_PORT",
            "ours <- environment variable RADIANT_NAME",
            "6s <- environment variable RADIANT_REQUEST_TIMEOUT",
        ]
    );
    assert_eq!(
        row(&none, &from(1), annotation),
        [
            "/by/parameter <- parameter model_uri in PREDICTIVE_UNIT_PARAMETERS",
            "3 <- environment variable PREDICTIVE_UNIT_HTTP_SERVICE_PORT",
            "unit <- environment variable PREDICTIVE_UNIT_ID",
            "20s <- annotation seldon.io/rest-timeout",
        ]
    );
    assert_eq!(
        row(&none, &from(2), ""),
        [
            "/by/mlserver <- environment variable MLSERVER_MODEL_URI",
            "4 <- environment variable MLSERVER_HTTP_PORT",
            "mlserver <- environment variable MLSERVER_MODEL_NAME",
            "none <- default",
        ]
    );
    assert_eq!(
        row(&none, &[], ""),
        ["/mnt/models <- default", "9000 <- default", "models <- default", "none <- default"]
    );
    assert_eq!(build(&none, &[], annotation).grpc_message_bytes_max, 1024);
}

#[test]
fn an_empty_variable_sets_nothing() {
    let config = build(&Flags::default(), &[("RADIANT_HTTP_PORT", ""), ("MODEL_METADATA", "")], "");
    assert_eq!((config.http_port, config.metadata), (9000, None));
}

#[test]
fn defaults_are_those_of_the_documentation() {
    let config = build(&Flags::default(), &[], "");
    for effective in &config.effective {
        let name = format!("RADIANT_{}", effective.name.to_uppercase());
        let variable = env::ALL.iter().find(|variable| variable.name == name);
        let of_machine = ["threads", "workers", "engine_threads", "requests_max", "rows_max"];
        let derived = [&of_machine[..], &["bytes_max", "name", "grpc_message_bytes_max"]].concat();
        if let Some(variable) = variable
            && !derived.contains(&effective.name)
        {
            assert_eq!(effective.value, variable.default, "{name}");
        }
    }
    assert!(config.workers >= 1 && config.engine_threads >= 1);
    assert_eq!(config.grpc_message_bytes_max, 2_147_483_647);
    assert_eq!(config.warnings, Vec::<String>::new());
}

#[test]
fn every_variable_of_ours_is_an_option() {
    let config = build(&Flags::default(), &[], "");
    let ours = env::ALL.iter().filter(|variable| variable.origin == env::Origin::Ours);
    for variable in ours {
        let option = variable.name.trim_start_matches("RADIANT_").to_lowercase();
        assert!(config.effective.iter().any(|e| e.name == option), "{option}");
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let flags = Flags {
        http_port: Some("70000".into()),
        keep_alive: Some("soon".into()),
        engine: Some("onnxruntime".into()),
        engine_names: &["native", "tract"],
        ..Flags::default()
    };
    let variables = [
        ("RADIANT_BODY_BYTES_MAX", "0"),
        ("PREDICTIVE_UNIT_METRICS_SERVICE_PORT", "5000"),
        (
            "PREDICTIVE_UNIT_PARAMETERS",
            r#"[{"name":"n","value":"x","type":"INT"},{"name":"m","value":"1","type":"LONG"}]"#,
        ),
        ("SELDON_LOG_LEVEL", "LOUD"),
        ("MODEL_METADATA", "{name: 1, versions: [2.0]}"),
        ("PREDICTOR_LABELS", "v1"),
        ("SELDON_EXECUTOR_ENABLED", "maybe"),
        ("RADIANT_CORS_ALLOW_ORIGIN", "example.com"),
    ];
    let errors = try_build(&flags, &variables, "seldon.io/rest-timeout=\"-1\"")
        .expect_err("everything is wrong");
    let lines: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "`parameters` from environment variable PREDICTIVE_UNIT_PARAMETERS: parameter `n` of \
             type INT: expected a 64-bit integer, got `x`",
            "`parameters` from environment variable PREDICTIVE_UNIT_PARAMETERS: parameter `m` with \
             value `1`: expected type INT, FLOAT, DOUBLE, STRING or BOOL, got `LONG`",
            "`engine` from flag --engine: expected auto or native, tract, got `onnxruntime`",
            "`http_port` from flag --http-port: expected a port number from 0 (any free one) to \
             65535, got `70000`",
            "`cors_allow_origin` from environment variable RADIANT_CORS_ALLOW_ORIGIN: expected \
             `*`, `none` or a comma-separated list of origins such as https://example.com, got \
             `example.com`",
            "`keep_alive` from flag --keep-alive: expected a duration above 0, such as 8s, 500ms \
             or 2m, got `soon`",
            "`request_timeout` from annotation seldon.io/rest-timeout: expected a positive whole \
             number of milliseconds, got `-1`",
            "`body_bytes_max` from environment variable RADIANT_BODY_BYTES_MAX: expected a size \
             above 0, such as 1048576, 64MiB or 1GB, got `0`",
            "`log_level` from environment variable SELDON_LOG_LEVEL: expected debug, info, \
             warning, error or critical, got `LOUD`",
            "`predictor_version` from environment variable PREDICTOR_LABELS: expected a JSON \
             object whose `version` is a string, got `v1`",
            "`executor_enabled` from environment variable SELDON_EXECUTOR_ENABLED: expected true \
             or false, got `maybe`",
            "`metadata` from environment variable MODEL_METADATA: `name`: expected \
             a string, got `1`",
            "`metadata` from environment variable MODEL_METADATA: `versions[0]`: \
             expected a string, got `2.0`",
            "`metrics_port` from environment variable PREDICTIVE_UNIT_METRICS_SERVICE_PORT: \
             expected a port of its own, got 5000, which is `grpc_port` from default",
        ]
    );
    let report = errors.to_string();
    assert!(
        report.starts_with("14 problems in the configuration\n  `parameters` from "),
        "{report}"
    );
}

#[test]
fn ports_from_the_system_do_not_collide() {
    let zero = || Some("0".to_owned());
    let flags =
        Flags { http_port: zero(), grpc_port: zero(), metrics_port: zero(), ..Flags::default() };
    let config = build(&flags, &[], "");
    assert_eq!((config.http_port, config.grpc_port, config.metrics_port), (0, 0, 0));
}

#[test]
fn parameters_set_method_and_output_and_unknown_ones_are_warned_of() {
    let method = |value: &str| {
        let text = parameters("method", value);
        try_build(&Flags::default(), &[("PREDICTIVE_UNIT_PARAMETERS", &text)], "")
    };
    let labels = |value| method(value).expect("the method is known").method;
    assert_eq!(labels("predict"), Method::Labels);
    assert_eq!(labels("predict_proba"), Method::Probabilities);
    assert_eq!(labels("anything_else"), Method::Labels);
    assert_eq!(labels("decision_function"), Method::Decision);

    let text = r#"[{"name":"output","value":"scores","type":"STRING"},
                   {"name":"xtype","value":"DataFrame","type":"STRING"}]"#;
    let config = build(&Flags::default(), &[("PREDICTIVE_UNIT_PARAMETERS", text)], "");
    assert_eq!(config.output.as_deref(), Some("scores"));
    assert_eq!(config.warnings, ["parameter `xtype` is not known here and has no effect"]);

    let text = r#"[{"name":"model_uri","value":"1","type":"INT"}]"#;
    let error = try_build(&Flags::default(), &[("PREDICTIVE_UNIT_PARAMETERS", text)], "")
        .expect_err("a model is a string");
    assert_eq!(
        error.to_string(),
        "`model` from parameter model_uri in PREDICTIVE_UNIT_PARAMETERS: parameter `model_uri` of \
         type INT: expected type STRING, got `1`"
    );
}

#[test]
fn a_keep_alive_shorter_than_the_orchestrators_is_warned_of() {
    let flags = |text: &str| Flags { keep_alive: Some(text.into()), ..Flags::default() };
    assert_eq!(build(&flags("91s"), &[], "").warnings.len(), 0);
    let warnings = build(&flags("90s"), &[], "").warnings;
    assert!(warnings[0].contains("Seldon's orchestrator reuses connections"), "{warnings:?}");
    let warnings = build(&Flags::default(), &[], "nonsense").warnings;
    assert!(warnings[0].contains("line 1 is no"), "{warnings:?}");
}

#[test]
fn the_node_knows_its_names_and_says_when_it_does_not() {
    let variables = [
        ("PREDICTIVE_UNIT_ID", "classifier"),
        ("PREDICTIVE_UNIT_IMAGE", "reg:5000/img:1.0"),
        ("PREDICTOR_ID", "default"),
        ("PREDICTOR_LABELS", r#"{"version":"v1"}"#),
        ("SELDON_DEPLOYMENT_ID", "iris"),
    ];
    let node = build(&Flags::default(), &variables, "").node;
    assert_eq!(
        node.seldon_labels().map(|(_, value)| value),
        [
            "iris",
            "classifier",
            "reg:5000/img",
            "1.0",
            "default",
            "v1",
            "iris",
            "reg:5000/img",
            "1.0"
        ]
    );
    assert_eq!(node.request_path(), Some(("classifier".into(), "reg:5000/img:1.0".into())));

    let nobody = build(&Flags::default(), &[], "").node;
    assert!(nobody.seldon_labels().iter().all(|(_, value)| *value == "NOT_IMPLEMENTED"));
    assert_eq!(nobody.request_path(), None);
}

#[test]
fn what_only_seldons_variables_set_is_set() {
    let variables = [
        ("INCLUDE_METRICS_IN_CLIENT_RESPONSE", "false"),
        ("PAYLOAD_PASSTHROUGH", "True"),
        ("SELDON_EXECUTOR_ENABLED", "false"),
        ("GUNICORN_ACCESS_LOG", "1"),
        ("SELDON_LOG_LEVEL", "WARNING"),
        ("MODEL_METADATA", "name: m"),
        ("CORS_ALLOWED_ORIGINS", "https://example.com"),
    ];
    let config = build(&Flags::default(), &variables, "");
    assert!(!config.include_metrics_in_reply && config.payload_passthrough);
    assert!(!config.executor_enabled && config.access_log);
    assert_eq!(config.log_level, LogLevel::Warning);
    assert_eq!(config.cors, Cors::Only(vec!["https://example.com".into()]));
    assert_eq!(config.metadata.expect("metadata is set").entries["name"], "m");
}

#[test]
fn no_grpc_processes_are_no_grpc_and_its_port_is_free_for_others() {
    let workers = |n: &str| {
        let variables = [("GRPC_WORKERS", n), ("PREDICTIVE_UNIT_HTTP_SERVICE_PORT", "5000")];
        try_build(&Flags::default(), &variables, "")
    };
    let config = workers("0").expect("gRPC is off");
    assert!(!config.grpc_enabled);
    let source = "environment variable GRPC_WORKERS".to_owned();
    assert_eq!(effective(&config, "grpc_enabled"), ("false", source));
    assert_eq!((config.http_port, config.grpc_port), (5000, 5000));

    let error = workers("2").expect_err("gRPC is on").to_string();
    assert!(error.contains("`grpc_port` from default: expected a port of its own"), "{error}");
    for n in ["1", "4", ""] {
        assert!(build(&Flags::default(), &[("GRPC_WORKERS", n)], "").grpc_enabled, "{n}");
    }
    for n in ["-1", "many"] {
        let error = try_build(&Flags::default(), &[("GRPC_WORKERS", n)], "").expect_err(n);
        let expected = format!(
            "`grpc_enabled` from environment variable GRPC_WORKERS: expected a whole number of \
             processes, 0 for no gRPC, got `{n}`"
        );
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn replies_are_compressed_from_a_size_or_never() {
    let from = |text: &str| {
        let flags =
            Flags { response_compress_bytes_min: Some(text.to_owned()), ..Flags::default() };
        try_build(&flags, &[], "").map(|config| config.compress_bytes_min)
    };
    assert_eq!(build(&Flags::default(), &[], "").compress_bytes_min, Some(1024));
    assert_eq!(from("none").expect("off"), None);
    assert_eq!(from("1").expect("all"), Some(1));
    assert_eq!(from("64KiB").expect("large ones"), Some(65_536));
    assert_eq!(
        from("0").expect_err("0 is no size").to_string(),
        "`response_compress_bytes_min` from flag --response-compress-bytes-min: expected a size \
         above 0, such as 1048576, 64MiB or 1GB, or `none`, got `0`"
    );
}

#[test]
fn a_limit_that_another_makes_meaningless_stops_the_start() {
    let text = |text: &str| Some(text.to_owned());
    let (body, all) = (text("2MiB"), text("1MiB"));
    let flags = Flags { body_bytes_max: body, bytes_max: all, ..Flags::default() };
    let flags = Flags { requests_max: text("8"), model_requests_max: text("9"), ..flags };
    let errors = try_build(&flags, &[], "").expect_err("both are wrong");
    let lines: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "`model_requests_max` from flag --model-requests-max: expected at most `requests_max`, \
             which is 8, got `9`",
            "`body_bytes_max` from flag --body-bytes-max: expected at most `bytes_max`, which is \
             1MiB, got `2MiB`",
        ]
    );
    let flags = Flags { bytes_max: text("1MiB"), requests_max: text("8"), ..Flags::default() };
    let admission = build(&flags, &[], "").admission;
    assert_eq!((admission.bytes_max, admission.rows_max), (1 << 20, 8192));
    assert_eq!(admission.model_requests_max, None);
}
