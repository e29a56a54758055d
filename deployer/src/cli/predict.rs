//! The arguments of `radiant-deploy predict`, `test` and `bench`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ClusterArgs, ConfigArgs};
use crate::config::Protocol;

pub(super) const PREDICT_EXAMPLES: &str = "\
Examples:
  # Rows, put where the deployment's protocol wants them
  radiant-deploy predict fraud -d '[[5.1, 3.5, 1.4, 0.2]]'

  # What radiant.yaml in this folder describes
  radiant-deploy predict -d @tests/one.json

  # A whole request from a file, by the ingress
  radiant-deploy predict fraud -d @request.json \\
    --base-url https://models.example.com

  # Names for the columns, and one number of the answer
  radiant-deploy predict fraud -d '[[1, 2]]' --names age,income \\
    -o jsonpath='{.data.ndarray[0][1]}'

  # By gRPC, through a tunnel to a pod
  radiant-deploy predict fraud -d '[[1, 2]]' --protocol v2-grpc --via pod

  # A server that is no deployment
  radiant-deploy predict local --url http://127.0.0.1:9000 -d @request.json -i";

pub(super) const TEST_EXAMPLES: &str = "\
Examples:
  # The requests in `tests` of radiant.yaml
  radiant-deploy test fraud

  # One request and the answer that is expected, numbers up to a millionth apart
  radiant-deploy test fraud --request one.json --expect one.out.json \\
    --tolerance 1e-6

  # Only pods of the canary
  radiant-deploy test fraud --request one.json --expect one.out.json \\
    --predictor canary-8

What the expected answer does not name may be anything. Exit code 11 when
an answer is another one.";

pub(super) const BENCH_EXAMPLES: &str = "\
Examples:
  # Ten seconds, eight requests at once
  radiant-deploy bench fraud -d @request.json \\
    --base-url https://models.example.com -c 8

  # At most 50 requests a second for a minute; times count from when each was
  # to begin
  radiant-deploy bench fraud -d @request.json --rate 50 --duration 1m";

/// The longest time that a deployment is loaded for.
const BENCH_SECONDS_MAX: u64 = 600;

/// By which way a deployment is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Via {
    /// By its URL where one is given, else by the API server; gRPC by a tunnel.
    #[default]
    Auto,
    /// By the ingress.
    Url,
    /// By a tunnel to one pod, as `kubectl port-forward` makes it.
    Pod,
    /// By one pod, each request through the API server.
    Proxy,
}

/// A protocol as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProtocolChoice {
    /// Seldon v1.
    Seldon,
    /// The Open Inference Protocol.
    V2,
    /// TensorFlow Serving's predict API.
    Tensorflow,
    /// Seldon v1 over gRPC.
    SeldonGrpc,
    /// The Open Inference Protocol over gRPC.
    V2Grpc,
}

impl ProtocolChoice {
    /// The protocol, whatever carries it.
    pub(crate) const fn protocol(self) -> Protocol {
        match self {
            Self::Seldon | Self::SeldonGrpc => Protocol::Seldon,
            Self::V2 | Self::V2Grpc => Protocol::V2,
            Self::Tensorflow => Protocol::Tensorflow,
        }
    }

    /// Whether gRPC carries it, and not REST.
    pub(crate) const fn is_grpc(self) -> bool {
        matches!(self, Self::SeldonGrpc | Self::V2Grpc)
    }
}

/// Which deployment is asked, and how.
#[derive(Debug, Clone, Args)]
pub(crate) struct TargetArgs {
    /// The deployment; by default that of the configuration
    ///
    /// A configuration is read where it is named by `-f`, `-e` or `--set`, or no name is given: it says the
    /// namespace and the ingress, and the protocol of a server that is no deployment.
    pub(crate) name: Option<String>,
    /// By which way it is asked
    #[arg(long, value_enum, value_name = "WAY", default_value = "auto", help_heading = "Target")]
    pub(crate) via: Via,
    /// The ingress, as https://HOST; requests go below /seldon/NAMESPACE/NAME
    #[arg(long, value_name = "URL", help_heading = "Target")]
    pub(crate) base_url: Option<String>,
    /// A server's own address; the cluster is not asked then
    #[arg(long, value_name = "URL", conflicts_with_all = ["base_url", "via", "predictor"], help_heading = "Target")]
    pub(crate) url: Option<String>,
    /// Trust the certificates in this file too, in PEM
    #[arg(long, value_name = "FILE", help_heading = "Target")]
    pub(crate) ca_certificates: Option<PathBuf>,
    /// Only pods of this predictor
    #[arg(long, value_name = "NAME", help_heading = "Target")]
    pub(crate) predictor: Option<String>,
    /// The protocol; by default what the deployment says, then seldon
    #[arg(long, value_enum, value_name = "PROTOCOL", help_heading = "Target")]
    pub(crate) protocol: Option<ProtocolChoice>,
    /// The model in paths of V2 and TensorFlow; by default the graph's root
    #[arg(long = "model-name", value_name = "NAME", help_heading = "Target")]
    pub(crate) model: Option<String>,
    /// A header of requests, as `Name: value`; repeat it for several
    #[arg(short = 'H', long = "header", value_name = "HEADER", help_heading = "Target")]
    pub(crate) headers: Vec<String>,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// What is sent.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Request")]
pub(crate) struct DataArgs {
    /// Rows or a whole request in JSON; `@FILE` reads a file, `-` stdin
    ///
    /// A JSON object is sent as it is. A list is rows, and is put where the protocol wants them.
    #[arg(short, long, value_name = "DATA")]
    pub(crate) data: String,
    /// Names of the columns, or of the one tensor
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) names: Vec<String>,
    /// Send it as it is, whatever it is
    #[arg(long, conflicts_with = "names")]
    pub(crate) raw: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PredictArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Send it so many times, one after the other
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) repeat: u32,
    /// Print status and headers of answers too
    #[arg(short, long)]
    pub(crate) include: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// A file with a request's body
    #[arg(long, value_name = "FILE", requires = "expect", help_heading = "Request")]
    pub(crate) request: Option<PathBuf>,
    /// A file with the answer's body
    #[arg(long, value_name = "FILE", requires = "request", help_heading = "Request")]
    pub(crate) expect: Option<PathBuf>,
    /// How far numbers may be apart, absolutely and as a share of the expected one
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 0.0,
        requires = "request",
        help_heading = "Request"
    )]
    pub(crate) tolerance: f64,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// How many requests are in flight at once
    #[arg(short, long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Load")]
    pub(crate) concurrency: u16,
    /// How long new requests begin; at most 10m
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = bench_duration, help_heading = "Load")]
    pub(crate) duration: std::time::Duration,
    /// How many requests begin in a second, instead of as many as are answered
    #[arg(long, value_name = "NUMBER", value_parser = rate, help_heading = "Load")]
    pub(crate) rate: Option<f64>,
    /// How many requests there are at most
    #[arg(long, value_name = "N", help_heading = "Load")]
    pub(crate) requests: Option<u64>,
}

fn bench_duration(text: &str) -> Result<std::time::Duration, String> {
    let duration = super::duration(text)?;
    if duration.is_zero() || duration.as_secs() > BENCH_SECONDS_MAX {
        return Err("expected more than nothing and at most `10m`".to_owned());
    }
    Ok(duration)
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    if rate.is_finite() && rate > 0.0 && rate <= 1e6 {
        return Ok(rate);
    }
    Err("expected more than 0 and at most 1000000".to_owned())
}
