//! `radiant config`: the value of each option and where it comes from.
//!
//! No option is a secret today; one that is must be printed as `***` here.

use radiant_server::config::{Config, Flags};
use serde_json::{Value, json};

use super::configure;
use crate::args::ConfigArgs;
use crate::failure::Failure;
use crate::output::{self, OutputFormat};

/// What stands for an option that nobody set and that has no default.
const UNSET: &str = "<unset>";

pub(super) fn run(args: ConfigArgs) -> Result<(), Failure> {
    let format = args.format;
    let config = configure(&Flags::from(args.serve))?;
    match format {
        OutputFormat::Text => {
            config.warnings.iter().for_each(|warning| output::warn(warning));
            output::write(&text(&config))
        }
        OutputFormat::Json => output::write(&json_text(&config)),
    }
}

fn text(config: &Config) -> String {
    let mut rows = vec![["NAME".to_owned(), "VALUE".to_owned(), "SOURCE".to_owned()]];
    for option in &config.effective {
        let value = if option.value.is_empty() { UNSET } else { &option.value };
        rows.push([option.name.to_owned(), value.to_owned(), option.source.to_string()]);
    }
    let rows: Vec<[&str; 3]> = rows.iter().map(|row| row.each_ref().map(String::as_str)).collect();
    output::table(&rows)
}

fn json_text(config: &Config) -> String {
    let options: Vec<Value> = config
        .effective
        .iter()
        .map(|option| {
            let value = (!option.value.is_empty()).then_some(&option.value);
            json!({"name": option.name, "value": value, "source": option.source.to_string()})
        })
        .collect();
    let report = json!({
        "schema": "radiant/config/v1",
        "options": options,
        "warnings": config.warnings,
    });
    format!("{report:#}\n")
}

#[cfg(test)]
mod tests {
    use radiant_contract::MapEnv;

    use super::*;

    fn config() -> Config {
        let flags = Flags {
            model: Some("iris.onnx".to_owned()),
            threads: Some("2".to_owned()),
            engine_threads: Some("3".to_owned()),
            ..Flags::default()
        };
        let env: MapEnv = [
            ("PREDICTIVE_UNIT_HTTP_SERVICE_PORT", "9500"),
            ("RADIANT_KEEP_ALIVE", "60s"),
            ("RADIANT_REQUESTS_MAX", "1024"),
            ("RADIANT_BYTES_MAX", "1GiB"),
            (
                "PREDICTIVE_UNIT_PARAMETERS",
                r#"[{"name":"method","value":"predict","type":"STRING"}]"#,
            ),
        ]
        .into_iter()
        .collect();
        let annotations = "seldon.io/rest-timeout=\"2000\"\n";
        Config::build(&flags, &env, Some(annotations)).expect("the configuration is valid")
    }

    const EXPECTED: &str = "\
NAME                      VALUE          SOURCE
model                     iris.onnx      argument MODEL
name                      iris           default
model_version             1              default
method                    predict        parameter method in PREDICTIVE_UNIT_PARAMETERS
output                    <unset>        default
also                      <unset>        default
repository                <unset>        default
reload_interval           none           default
models_memory             none           default
engine                    auto           default
threads                   2              flag --threads
engine_threads            3              flag --engine-threads
run_threads               1              default
inline_cost_max_us        50             default
batch_rows_max            auto           default
batch_wait_max_ms         0              default
deterministic             false          default
ort_library               <unset>        default
pickle_allow              <unset>        default
verify                    false          default
load_isolated             auto           default
load_memory_max           16GiB          default
load_timeout              120s           default
credentials               <unset>        default
cache_dir                 <unset>        default
cache_bytes_max           32GiB          default
fetch_bytes_max           64GiB          default
fetch_file_bytes_max      64GiB          default
fetch_parallel            8              default
oci_plain_http            <unset>        default
host                      0.0.0.0        default
http_port                 9500           environment variable PREDICTIVE_UNIT_HTTP_SERVICE_PORT
grpc_port                 5000           default
metrics_port              6000           default
metrics_path              /metrics       default
workers                   2              default
bind_early                false          default
ports_file                <unset>        default
cors_allow_origin         *              default
response_compress_bytes_min 1KiB          default
response_cache_bytes      none           default
timing                    off            default
tls_cert_file             <unset>        default
tls_key_file              <unset>        default
tls_client_ca_file        <unset>        default
keep_alive                60s            environment variable RADIANT_KEEP_ALIVE
head_read_timeout         15s            default
body_read_timeout         30s            default
reply_read_timeout        30s            default
request_timeout           2s             annotation seldon.io/rest-timeout
shutdown_timeout          8s             default
body_bytes_max            256MiB         default
grpc_message_bytes_max    2147483647     default
requests_max              1024           environment variable RADIANT_REQUESTS_MAX
model_requests_max        auto           default
rows_max                  1048576        default
bytes_max                 1GiB           environment variable RADIANT_BYTES_MAX
client_requests_max       none           default
client_header             <unset>        default
connections_max           10000          default
header_bytes_max          32KiB          default
headers_max               96             default
grpc_streams_max          1024           default
grpc_resets_max           1024           default
tls_handshakes_max        1024           default
json_depth_max            128            default
json_elements_max         16777216       default
termination_log           /dev/termination-log default
log_level                 info           default
log_format                text           default
access_log                false          default
unit_id                   <unset>        default
unit_image                <unset>        default
predictor_id              <unset>        default
predictor_version         <unset>        default
deployment_id             <unset>        default
include_metrics_in_reply  true           default
payload_passthrough       false          default
executor_enabled          true           default
grpc_enabled              true           default
";

    #[test]
    fn each_option_has_a_line_with_its_source() {
        let printed = text(&config());
        let squeezed = |text: &str| {
            let lines =
                text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
            lines.collect::<Vec<_>>()
        };
        assert_eq!(squeezed(&printed), squeezed(EXPECTED), "{printed}");
    }

    #[test]
    fn programs_get_the_same_as_json() {
        let report: Value = serde_json::from_str(&json_text(&config())).expect("it is JSON");
        assert_eq!(report["schema"], "radiant/config/v1");
        assert_eq!(
            report["options"][0],
            json!({"name": "model", "value": "iris.onnx", "source": "argument MODEL"})
        );
        assert_eq!(report["options"][4]["value"], Value::Null);
        assert_eq!(report["warnings"].as_array().map(Vec::len), Some(1));
    }
}
