//! What texts say, and that no text does harm.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(label, version)| ((*label).to_owned(), (*version).to_owned())).collect()
}

fn specific(versions: &[&str]) -> VersionPolicy {
    VersionPolicy::Specific(versions.iter().map(ToString::to_string).collect())
}

/// The errors of texts, as people read them.
fn check_refused(read: fn(&str) -> Result<ModelSettings, SettingsError>, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let error = read(text).expect_err(text);
        assert_eq!(error.to_string(), *expected, "{text}");
    }
}

#[test]
fn a_configuration_of_triton_is_read_for_what_it_means_here() {
    let text = r#"
        # A model of two inputs.
        name: "iris"
        platform: "onnxruntime_onnx"
        max_batch_size: 8
        input [
          { name: "x" data_type: TYPE_FP32 dims: [ 4 ] },
          { name: 'y', data_type: TYPE_INT64; dims: [ -1, 2 ] reshape { shape: [ ] } }
        ]
        output { name: "p" data_type: TYPE_FP32 dims: 3 label_filename: "labels.txt" }
        instance_group [ { count: 2 kind: KIND_CPU } ]
        default_model_filename: "net" ".onnx"
        version_policy: { latest: { num_versions: 2 } }
        parameters { key: "x" value: { string_value: "a\tb\x41\101\u00e9" } }
        optimization < graph: < level: 1 > >
        dynamic_batching { }
        brand_new_field: 1.5e+3
    "#;
    let settings = ModelSettings::from_triton(text).expect("it is a configuration");
    let ignored = [
        "`input`: the model says what it takes",
        "`output`: the model says what it gives",
        "`instance_group`: models run on the server's threads: `--engine-threads`",
        "`parameters`: these settings are for Triton's backends",
        "`optimization`: engines optimise by themselves: `--engine`",
        "`dynamic_batching`: of it, priorities and the timeout of the default queue are read",
        "`brand_new_field`: is not known",
    ];
    let expected = ModelSettings {
        name: Some("iris".to_owned()),
        versions: Some(VersionPolicy::Latest(2)),
        file: Some("net.onnx".to_owned()),
        platform: Some("onnxruntime_onnx".to_owned()),
        queue: QueuePolicy { batch_rows_max: Some(8), ..QueuePolicy::default() },
        ignored: ignored.map(str::to_owned).to_vec(),
        ..ModelSettings::default()
    };
    assert_eq!(settings, expected);
}

fn queue(
    timeout: Option<Duration>,
    priority_levels: Option<u32>,
    default_priority: Option<u32>,
) -> QueuePolicy {
    QueuePolicy { timeout, priority_levels, default_priority, ..QueuePolicy::default() }
}

#[test]
fn queues_of_triton_are_ours() {
    let micros = Duration::from_micros;
    for (text, expected) in [
        ("", queue(None, None, None)),
        ("dynamic_batching { preferred_batch_size: [4, 8] }", queue(None, None, None)),
        (
            "dynamic_batching { priority_levels: 3 default_priority_level: 2 }",
            queue(None, Some(3), Some(2)),
        ),
        (
            "dynamic_batching { default_queue_policy { default_timeout_microseconds: 500 } }",
            queue(Some(micros(500)), None, None),
        ),
        (
            "dynamic_batching { priority_levels: 0 default_queue_policy { timeout_action: DELAY \
             default_timeout_microseconds: 500 } }",
            queue(None, None, None),
        ),
    ] {
        let settings = ModelSettings::from_triton(text).expect(text);
        assert_eq!(settings.queue, expected, "{text}");
    }
    let cases = [
        (
            "dynamic_batching { priority_levels: -1 }",
            "`dynamic_batching.priority_levels`: expected a whole number from 0, got `-1`",
        ),
        ("dynamic_batching: 1", "`dynamic_batching`: expected a message: `{ ... }`, got `1`"),
    ];
    check_refused(ModelSettings::from_triton, &cases);
}

#[test]
fn what_our_settings_leave_open_of_a_queue_triton_says() {
    let ours = ModelSettings::from_radiant("default_priority: 1").expect("these are settings");
    let text = "dynamic_batching { priority_levels: 2 default_priority_level: 2 }";
    let theirs = ModelSettings::from_triton(text).expect("it is a configuration");
    assert_eq!(ours.over(theirs).queue, queue(None, Some(2), Some(1)));
}

#[test]
fn policies_of_triton_are_ours() {
    for (text, expected) in [
        ("", None),
        ("version_policy { }", None),
        ("version_policy { latest { } }", Some(VersionPolicy::Latest(1))),
        ("version_policy: { latest: { num_versions: 3 } }", Some(VersionPolicy::Latest(3))),
        ("version_policy { all { } }", Some(VersionPolicy::All)),
        ("version_policy: <all: <>>", Some(VersionPolicy::All)),
        ("version_policy: { specific: { versions: [1, 3] } }", Some(specific(&["1", "3"]))),
        ("version_policy{specific{versions:1 versions:3}}", Some(specific(&["1", "3"]))),
        ("version_policy { specific { versions: [] } }", Some(specific(&[]))),
    ] {
        let settings = ModelSettings::from_triton(text).expect(text);
        assert_eq!(settings.versions, expected, "{text}");
    }
}

#[test]
fn forests_of_triton_have_the_files_of_their_backend() {
    let forest = |kind: &str| {
        let text = format!(
            "backend: \"fil\" parameters [{{ key: \"model_type\" value {{ string_value: \"{kind}\" \
             }} }}]"
        );
        ModelSettings::from_triton(&text)
    };
    for (kind, file) in [("xgboost_json", "xgboost.json"), ("lightgbm", "model.txt")] {
        assert_eq!(forest(kind).expect(kind).file.as_deref(), Some(file));
    }
    let plain = ModelSettings::from_triton("backend: 'fil'").expect("XGBoost is the default");
    assert_eq!(plain.file.as_deref(), Some("xgboost.model"));
    assert_eq!(
        forest("treelite_checkpoint").expect_err("only Triton reads it").to_string(),
        "`parameters.model_type`: expected one of `xgboost`, `xgboost_json`, `xgboost_ubj`, \
         `lightgbm`, got `treelite_checkpoint`: save the model with its own library, and serve \
         that file"
    );
}

#[test]
fn what_triton_serves_and_we_do_not_is_refused_with_a_way_out() {
    let kinds = "a model that is a file, of `onnxruntime_onnx`, `onnxruntime`, `fil`";
    let hint = "export the model as ONNX and leave `platform` and `backend` out, or serve it with \
                Triton";
    for (text, place, got) in [
        ("platform: 'tensorrt_plan'", "platform", "`tensorrt_plan`"),
        ("backend: 'python'", "backend", "`python`"),
        ("platform: 'ensemble' ensemble_scheduling { }", "platform", "`ensemble`"),
        ("ensemble_scheduling { step [ ] }", "ensemble_scheduling", "an ensemble"),
    ] {
        let error = ModelSettings::from_triton(text).expect_err(text).to_string();
        assert_eq!(error, format!("`{place}`: expected {kinds}, got {got}: {hint}"));
    }
}

#[test]
fn a_wrong_configuration_of_triton_says_where() {
    let inner = "a path below the folder of the version, without `.`, `..` and `\\`";
    let cases = [
        ("name 'iris'", "line 1: expected `:` or `{` after `name`, got the string `iris`"),
        (
            "name: \"iris\nx: 1",
            "line 1: expected `\"` at the end of a string, got the end of the line",
        ),
        ("name: \"\\q\"", "line 1: expected an escape as in C in a string, got `\\q`"),
        ("name: '\\777'", "line 1: expected an escape as in C in a string, got `\\777`"),
        ("name: '\\uD800'", "line 1: expected an escape as in C in a string, got `\\uD800`"),
        ("\n\nx { y: 1", "line 3: expected the name of a field, or `}`, got the end of the text"),
        ("x: [1, 2", "line 1: expected `,` or `]`, got the end of the text"),
        ("x: [1, ]", "line 1: expected a value, got `]`"),
        ("} x: 1", "line 1: expected the name of a field, got `}`"),
        ("[a.b]: 1", "line 1: expected the name of a field, got `[`"),
        ("x:", "line 1: expected a value, got the end of the text"),
        ("x: -", "line 1: expected a value, got `-`"),
        ("name: iris", "`name`: expected a string in quotes, got `iris`"),
        ("name: 'a/b'", "`name`: expected a name without `/` and control characters, got `a/b`"),
        ("name: 'a' name: 'b'", "`name`: expected this field once, got another one in line 1"),
        (
            "version_policy { latest { num_versions: 0 } }",
            "`version_policy.latest.num_versions`: expected a whole number from 1, got `0`",
        ),
        (
            "version_policy { specific { versions: - 1 } }",
            "`version_policy.specific.versions`: expected whole numbers from 0, got `-1`",
        ),
        (
            "version_policy { all { } latest { } }",
            "`version_policy`: expected one of `latest`, `all` and `specific`, got several",
        ),
        (
            "version_policy { newest { } }",
            "`version_policy`: expected one of `latest`, `all` and `specific`, got `newest`",
        ),
        ("version_policy: 1", "`version_policy`: expected a message: `{ ... }`, got `1`"),
    ];
    check_refused(ModelSettings::from_triton, &cases);
    for file in ["../m.onnx", "/m.onnx", "a//m.onnx", "a\\\\m.onnx"] {
        let error = ModelSettings::from_triton(&format!("default_model_filename: '{file}'"));
        let error = error.expect_err(file).to_string();
        assert!(
            error.starts_with(&format!("`default_model_filename`: expected {inner}")),
            "{error}"
        );
    }
}

#[test]
fn nesting_and_length_are_bounded() {
    let deep = "x{".repeat(100_000);
    let error = ModelSettings::from_triton(&deep).expect_err("it is too deep").to_string();
    assert_eq!(error, "line 1: expected at most 32 nested messages, got `{`");
    let long = format!("x: [{}0]", "0,".repeat(150_000));
    let error = ModelSettings::from_triton(&long).expect_err("it has too many values").to_string();
    assert_eq!(error, "line 1: expected at most 100000 values, got `0`");
    for read in
        [ModelSettings::from_triton, ModelSettings::from_mlserver, ModelSettings::from_radiant]
    {
        let error = read(&" ".repeat(TEXT_BYTES_MAX + 1)).expect_err("it is too long");
        assert_eq!(error.to_string(), "expected at most 1048576 bytes of settings, got 1048577");
    }
    let many: Vec<String> = (0..10_000).map(|n| format!("x{n}: 1")).collect();
    let settings = ModelSettings::from_triton(&many.join(" ")).expect("none of it is known");
    assert_eq!(settings.ignored.len(), 51);
    assert_eq!(settings.ignored[50], "9950 more: have no effect");
    let deep = "[".repeat(100_000);
    assert!(ModelSettings::from_mlserver(&deep).is_err());
    assert!(ModelSettings::from_radiant(&deep).is_err());
    let bomb = "a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b]\n\
                d: &d [*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e]";
    assert!(ModelSettings::from_radiant(bomb).is_err());
}

#[test]
fn settings_of_mlserver_are_read_for_what_they_mean_here() {
    let text = r#"{
        "name": "wine",
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parallel_workers": 2,
        "max_batch_size": 16,
        "inputs": [],
        "warm": true,
        "parameters": {
            "uri": "./model.joblib",
            "version": "v0.1.0",
            "content_type": "np",
            "environment_tarball": "",
            "extra": {"predict_fn": "x"},
            "other": null
        }
    }"#;
    let mut settings = ModelSettings::from_mlserver(text).expect("these are settings");
    settings.ignored.sort();
    let ignored = [
        "`parallel_workers`: models run on the server's threads: `--engine-threads`",
        "`parameters.content_type`: requests say how they are written",
        "`parameters.extra`: these settings are for Python code",
        "`warm`: is not known",
    ];
    let expected = ModelSettings {
        name: Some("wine".to_owned()),
        uri: Some("./model.joblib".to_owned()),
        version: Some("v0.1.0".to_owned()),
        platform: Some("mlserver_sklearn.SKLearnModel".to_owned()),
        queue: QueuePolicy { batch_rows_max: Some(16), ..QueuePolicy::default() },
        ignored: ignored.map(str::to_owned).to_vec(),
        ..ModelSettings::default()
    };
    assert_eq!(settings, expected);
    let file = ModelSettings::from_mlserver(r#"{"parameters": {"uri": "file:///m/wine"}}"#);
    assert_eq!(file.expect("it is a path").uri.as_deref(), Some("/m/wine"));
    for empty in ["{}", r#"{"name": "", "parameters": null, "implementation": null}"#] {
        assert_eq!(ModelSettings::from_mlserver(empty), Ok(ModelSettings::default()), "{empty}");
    }
}

#[test]
fn wrong_settings_of_mlserver_say_where_and_tell_no_secret() {
    let cases = [
        ("{", "expected a JSON object: EOF while parsing an object at line 1 column 1"),
        ("[]", "`the whole`: expected a JSON object, got a list"),
        (r#"{"name": 1}"#, "`name`: expected a string, got `1`"),
        (
            r#"{"name": "a/b"}"#,
            "`name`: expected a name without `/` and control characters, got `a/b`",
        ),
        (r#"{"parameters": "x"}"#, "`parameters`: expected a mapping, got `x`"),
        (
            r#"{"parameters": {"version": "a/b"}}"#,
            "`parameters.version`: expected a version: a whole number from 0, or text without `/` \
             and control characters, got `a/b`",
        ),
        (
            r#"{"parameters": {"uri": "https://user:SECRET@host/model?sig=SECRET"}}"#,
            "`parameters.uri`: expected a path below the repository, got `https:...`, an address \
             of another place: put the model into the repository, or serve it by its address: \
             `--also NAME=ADDRESS`",
        ),
        (
            r#"{"implementation": "models.MyModel"}"#,
            "`implementation`: expected one of `mlserver_sklearn.SKLearnModel`, \
             `mlserver_xgboost.XGBoostModel`, `mlserver_lightgbm.LightGBMModel`, \
             `mlserver_catboost.CatboostModel`, `mlserver_mlflow.MLflowRuntime`, \
             `mlserver_onnx.OnnxModel`, got `models.MyModel`: other runtimes are Python code, \
             which does not run here: export the model as ONNX, or serve it with MLServer",
        ),
    ];
    check_refused(ModelSettings::from_mlserver, &cases);
}

#[test]
fn our_own_settings_are_read_whole() {
    let text = "
        name: iris
        versions: {latest: 3}
        labels: {stable: 1, canary: \"2\", no: v3}
        default: stable
        file: net/model.onnx
        engine: native
        method: predict
        output: label
        timeout_ms: 250
        priority_levels: 3
        default_priority: 2
        batch_rows_max: 32
        weight: 3
    ";
    let expected = ModelSettings {
        name: Some("iris".to_owned()),
        versions: Some(VersionPolicy::Latest(3)),
        labels: labels(&[("stable", "1"), ("canary", "2"), ("no", "v3")]),
        default_version: Some("stable".to_owned()),
        file: Some("net/model.onnx".to_owned()),
        engine: Some("native".to_owned()),
        method: Some("predict".to_owned()),
        output: Some("label".to_owned()),
        queue: QueuePolicy {
            batch_rows_max: Some(32),
            weight: Some(3),
            ..queue(Some(Duration::from_millis(250)), Some(3), Some(2))
        },
        ..ModelSettings::default()
    };
    assert_eq!(ModelSettings::from_radiant(text), Ok(expected));
    for (text, expected) in [
        ("versions: latest", VersionPolicy::Latest(1)),
        ("versions: all", VersionPolicy::All),
        ("versions: [1, '2', v3]", specific(&["1", "2", "v3"])),
        (r#"{"versions": ["1"]}"#, specific(&["1"])),
    ] {
        let settings = ModelSettings::from_radiant(text).expect(text);
        assert_eq!(settings.versions, Some(expected), "{text}");
    }
    for empty in ["", "# nothing", "null", "{}", "labels:\nname:"] {
        assert_eq!(ModelSettings::from_radiant(empty), Ok(ModelSettings::default()), "{empty}");
    }
}

#[test]
fn wrong_settings_of_ours_say_where() {
    let policies = "`latest`, `all`, a list of versions, or a mapping with `latest` (how many)";
    let keys = "one of the keys `name`, `versions`, `labels`, `default`, `file`, `engine`, \
                `method`, `output`, `timeout_ms`, `priority_levels`, `default_priority`, \
                `batch_rows_max`, `weight`";
    for (text, expected) in [
        ("- 1", "`the whole`: expected a mapping, got a list".to_owned()),
        ("version: 1", format!("`version`: expected {keys}, got another key")),
        ("versions: newest", format!("`versions`: expected {policies}, got `newest`")),
        ("versions: []", format!("`versions`: expected {policies}, got a list")),
        (
            "versions: {latest: 2, all: 1}",
            format!("`versions`: expected {policies}, got a mapping"),
        ),
        ("timeout_ms: 1.5", "`timeout_ms`: expected a whole number from 1, got `1.5`".to_owned()),
        ("weight: 101", "`weight`: expected a whole number from 1 to 100, got `101`".to_owned()),
        (
            "{priority_levels: 2, default_priority: 3}",
            "`default_priority`: expected a level up to `priority_levels`, which is 2, got `3`"
                .to_owned(),
        ),
        (
            "versions: {latest: 0}",
            "`versions.latest`: expected a whole number from 1, got `0`".to_owned(),
        ),
        (
            "versions: [1, 1.5]",
            "`versions[1]`: expected a version: a whole number from 0, or text without `/` and \
             control characters, got `1.5`"
                .to_owned(),
        ),
        ("labels: [a]", "`labels`: expected a mapping, got a list".to_owned()),
        (
            "labels: {stable: -1}",
            "`labels.stable`: expected a version: a whole number from 0, or text without `/` and \
             control characters, got `-1`"
                .to_owned(),
        ),
        (
            "labels: {'7': 1}",
            "`labels.7`: expected a label that is no number, without `/` and control characters, \
             got `7`"
                .to_owned(),
        ),
        (
            "labels: {a/b: 1}",
            "`labels.a/b`: expected a label that is no number, without `/` and control \
             characters, got `a/b`"
                .to_owned(),
        ),
        (
            "method: transform",
            "`method`: expected one of `predict_proba`, `predict`, `decision_function`, got \
             `transform`"
                .to_owned(),
        ),
        ("engine: 1", "`engine`: expected a string, got `1`".to_owned()),
    ] {
        check_refused(ModelSettings::from_radiant, &[(text, &expected)]);
    }
    let error = ModelSettings::from_radiant("a: [").expect_err("it is no YAML").to_string();
    assert!(error.starts_with("expected YAML or JSON: "), "{error}");
}

#[test]
fn ours_come_before_theirs() {
    let read = |text| ModelSettings::from_radiant(text).expect(text);
    let ours = read("{versions: all, labels: {a: 1}, method: predict}");
    let theirs = read("{versions: [2], labels: {b: 2}, file: x, name: n, engine: rten}");
    let expected =
        read("{versions: all, labels: {a: 1}, method: predict, file: x, name: n, engine: rten}");
    assert_eq!(ours.over(theirs), expected);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_does_harm(text in "\\PC{0,200}") {
        let _triton = ModelSettings::from_triton(&text);
        let _mlserver = ModelSettings::from_mlserver(&text);
        let _ours = ModelSettings::from_radiant(&text);
    }

    #[test]
    fn no_text_made_of_the_format_does_harm(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "name", ":", "{", "}", "<", ">", "[", "]", ",", ";", "\"", "'", "\\", "x", "-", "1e",
                "+5", "version_policy", "specific", "versions", "latest", "num_versions", "all",
                "\n", " ", "#", "0", "labels", "é", "&a", "*a", "- ", "? ", "|", "parameters", "key",
            ]),
            0..60,
        )
    ) {
        let text = parts.concat();
        let _triton = ModelSettings::from_triton(&text);
        let _mlserver = ModelSettings::from_mlserver(&text);
        let _ours = ModelSettings::from_radiant(&text);
    }

    #[test]
    fn any_policy_that_is_written_is_read(versions in prop::collection::vec(any::<u64>(), 1..20)) {
        let names: Vec<String> = versions.iter().map(ToString::to_string).collect();
        let list = names.join(", ");
        let expected = Some(VersionPolicy::Specific(names));
        let triton = format!("version_policy {{ specific {{ versions: [{list}] }} }}");
        prop_assert_eq!(ModelSettings::from_triton(&triton).unwrap().versions, expected.clone());
        let ours = format!("versions: [{list}]");
        prop_assert_eq!(ModelSettings::from_radiant(&ours).unwrap().versions, expected);
    }

    #[test]
    fn any_name_that_is_quoted_is_read(name in "[^/\\p{Cc}]{1,40}") {
        prop_assume!(name != "." && name != "..");
        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
        let settings = ModelSettings::from_triton(&format!("name: \"{quoted}\"")).unwrap();
        prop_assert_eq!(settings.name, Some(name));
    }
}
