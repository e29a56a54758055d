//! Paths to endpoints: the whole table of the REST surface.
//!
//! One `match` instead of a router of patterns: the hot paths cost a comparison, and unknown
//! paths, wrong methods and CORS preflights are answered in one place.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::endpoint::Endpoint;

/// The methods that a path answers; `HEAD` goes with `GET`, `OPTIONS` with all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Methods {
    Get,
    Post,
    GetPost,
}

impl Methods {
    /// Whether requests with this method are answered.
    pub(crate) fn allow(self, method: &str) -> bool {
        match method {
            "POST" => self != Self::Get,
            "GET" | "HEAD" => self != Self::Post,
            _ => false,
        }
    }

    /// The value of the `Allow` header.
    pub(crate) const fn header(self) -> &'static str {
        match self {
            Self::Get => "GET, HEAD, OPTIONS",
            Self::Post => "OPTIONS, POST",
            Self::GetPost => "GET, HEAD, OPTIONS, POST",
        }
    }
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    pub(crate) endpoint: Endpoint,
    pub(crate) methods: Methods,
    /// Whether an orchestrator or an ingress would have answered this path.
    pub(crate) external: bool,
    /// The model that the path names; the main one where it names none.
    pub(crate) model: Option<Cow<'a, str>>,
    /// The version that the path names; empty where it names none.
    pub(crate) version: Cow<'a, str>,
}

impl<'a> Target<'a> {
    /// A path that names no model.
    const fn of(endpoint: Endpoint, methods: Methods, external: bool) -> Self {
        Self { endpoint, methods, external, model: None, version: Cow::Borrowed("") }
    }

    /// Whether the path stands for nothing.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self.endpoint, Endpoint::Unknown | Endpoint::V2Unknown | Endpoint::TfUnknown)
    }

    fn with_model(self, model: &'a str, version: &'a str) -> Self {
        Self { model: Some(decoded(model)), version: decoded(version), ..self }
    }
}

/// A segment of a path as its text.
fn decoded(segment: &str) -> Cow<'_, str> {
    percent_decode_str(segment).decode_utf8_lossy()
}

/// Finds what a path stands for, behind the prefixes of an ingress or not.
pub(crate) fn resolve(path: &str) -> Target<'_> {
    match path.strip_prefix("/seldon/") {
        None => direct(path),
        Some(rest) => behind_ingress(rest),
    }
}

fn direct(path: &str) -> Target<'_> {
    if let Some(target) = microservice(path) {
        return target;
    }
    let below = |prefix| path.strip_prefix(prefix).filter(|rest| rest.is_empty() || is_below(rest));
    if let Some(rest) = below("/v2") {
        return v2(rest);
    }
    below("/v1").map_or_else(|| api(path), tensorflow)
}

fn is_below(rest: &str) -> bool {
    rest.starts_with('/')
}

/// The paths that an orchestrator calls, and other short ones.
fn microservice(path: &str) -> Option<Target<'_>> {
    let (endpoint, methods) = match path {
        "/predict" => (Endpoint::Predict, Methods::GetPost),
        "/send-feedback" => (Endpoint::Feedback, Methods::GetPost),
        "/transform-input" => (Endpoint::TransformInput, Methods::GetPost),
        "/transform-output" => (Endpoint::TransformOutput, Methods::GetPost),
        "/route" => (Endpoint::Route, Methods::GetPost),
        "/aggregate" => (Endpoint::Aggregate, Methods::GetPost),
        "/health/ping" => (Endpoint::Ping, Methods::Get),
        "/health/status" => (Endpoint::HealthStatus, Methods::Get),
        "/metadata" => (Endpoint::Metadata, Methods::Get),
        "/ready" => (Endpoint::Ready, Methods::Get),
        "/live" => (Endpoint::Live, Methods::Get),
        "/seldon.json" => (Endpoint::OpenApi, Methods::Get),
        "/" => (Endpoint::TfLive, Methods::Get),
        "/invocations" => (Endpoint::Invocations, Methods::Post),
        "/ping" | "/health" => (Endpoint::MlflowPing, Methods::Get),
        "/version" => (Endpoint::MlflowVersion, Methods::Get),
        _ => return None,
    };
    Some(Target::of(endpoint, methods, false))
}

/// The external paths, `/api/v1.0/...` and `/api/v0.1/...`.
fn api(path: &str) -> Target<'_> {
    let old = path.strip_prefix("/api/v0.1/");
    let Some(rest) = path.strip_prefix("/api/v1.0/").or(old) else {
        return Target::of(Endpoint::Unknown, Methods::GetPost, path.starts_with("/api/"));
    };
    let (head, model) = match rest.split_once('/') {
        Some((head @ ("metadata" | "status"), model))
            if !model.is_empty() && !model.contains('/') =>
        {
            (head, Some(model))
        }
        _ => (rest, None),
    };
    let (endpoint, methods) = match head {
        "predictions" => (Endpoint::Predict, Methods::Post),
        "feedback" => (Endpoint::Feedback, Methods::Post),
        "status" | "health/status" => (Endpoint::HealthStatus, Methods::Get),
        "metadata" => (Endpoint::Metadata, Methods::Get),
        "doc" | "doc/" if old.is_none() => (Endpoint::Doc, Methods::Get),
        "doc/seldon.json" if old.is_none() => (Endpoint::OpenApi, Methods::Get),
        _ => (Endpoint::Unknown, Methods::GetPost),
    };
    let target = Target::of(endpoint, methods, true);
    model.map_or(target.clone(), |model| target.with_model(model, ""))
}

/// The paths of the Open Inference Protocol with Triton's extensions, without their `/v2`. A slash
/// at the end changes nothing.
fn v2(rest: &str) -> Target<'_> {
    use Endpoint as E;
    use Methods::{Get, GetPost, Post};
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if let Some(rest) = rest.strip_prefix("/models/") {
        return v2_model(rest);
    }
    let (endpoint, methods) = match rest {
        "" => (E::ServerMetadata, Get),
        "/health/live" => (E::ServerLive, Get),
        "/health/ready" => (E::ServerReady, Get),
        "/models" => (E::ModelList, Get),
        "/repository/index" => (E::RepositoryIndex, Post),
        "/trace/setting" => (E::TraceSetting, GetPost),
        "/logging" => (E::LogSettings, GetPost),
        "/docs" => (E::V2Doc, Get),
        "/docs/dataplane.json" => (E::V2OpenApi, Get),
        _ => return repository(rest).or_else(|| shared_memory(rest)).unwrap_or(V2_UNKNOWN),
    };
    Target::of(endpoint, methods, true)
}

const V2_UNKNOWN: Target<'static> = Target::of(Endpoint::V2Unknown, Methods::GetPost, true);

/// What stands behind `/v2/models/`.
fn v2_model(rest: &str) -> Target<'_> {
    use Endpoint as E;
    use Methods::{Get, GetPost, Post};
    let (model, rest) = rest.split_once('/').unwrap_or((rest, ""));
    let (version, action) = match rest.strip_prefix("versions/") {
        Some(rest) => rest.split_once('/').unwrap_or((rest, "")),
        None => ("", rest),
    };
    let (endpoint, methods) = match action {
        "infer" => (E::Infer, Post),
        "" if model == "stats" && version.is_empty() => {
            return Target::of(E::ModelStatistics, Get, true);
        }
        // What Seldon's orchestrator answers beside the path with a name.
        "" if model == "infer" && version.is_empty() => return Target::of(E::Infer, Post, true),
        "" => (E::ModelMetadata, Get),
        "ready" => (E::ModelReady, Get),
        "config" => (E::ModelConfig, Get),
        "stats" => (E::ModelStatistics, Get),
        "generate" => (E::Generate, Post),
        "generate_stream" => (E::GenerateStream, Post),
        "trace/setting" => (E::TraceSetting, GetPost),
        "docs" => (E::V2Doc, Get),
        "docs/dataplane.json" => (E::V2OpenApi, Get),
        _ => return V2_UNKNOWN,
    };
    Target::of(endpoint, methods, true).with_model(model, version)
}

fn repository(rest: &str) -> Option<Target<'_>> {
    let (model, action) = rest.strip_prefix("/repository/models/")?.rsplit_once('/')?;
    let endpoint = match action {
        "load" => Endpoint::RepositoryLoad,
        "unload" => Endpoint::RepositoryUnload,
        _ => return None,
    };
    Some(Target::of(endpoint, Methods::Post, true).with_model(model, ""))
}

/// `/{system,cuda}sharedmemory[/region/{name}]/{status,register,unregister}`
fn shared_memory(rest: &str) -> Option<Target<'_>> {
    let system = rest.strip_prefix("/systemsharedmemory/");
    let rest = system.or_else(|| rest.strip_prefix("/cudasharedmemory/"))?;
    let action = match rest.strip_prefix("region/") {
        Some(rest) => rest.split_once('/')?.1,
        None => rest,
    };
    let (endpoint, methods) = match action {
        "status" => (Endpoint::SharedMemoryStatus, Methods::Get),
        "register" => (Endpoint::SharedMemoryRegister, Methods::Post),
        "unregister" => (Endpoint::SharedMemoryUnregister, Methods::Post),
        _ => return None,
    };
    Some(Target::of(endpoint, methods, true))
}

/// The paths of TensorFlow Serving and of KServe's first protocol, without their `/v1`, in all
/// spellings that Seldon's orchestrator takes.
fn tensorflow(rest: &str) -> Target<'_> {
    let unknown = || Target::of(Endpoint::TfUnknown, Methods::GetPost, true);
    let Some(rest) = rest.strip_prefix("/models") else { return unknown() };
    if let Some(named) = rest.strip_suffix(":predict") {
        let target = Target::of(Endpoint::TfPredict, Methods::Post, true);
        let named = named.strip_suffix('/').unwrap_or(named);
        return match named.strip_prefix('/') {
            None if named.is_empty() => target,
            Some(named) => tf_model(named).map_or_else(unknown, |(m, v)| target.with_model(m, v)),
            None => unknown(),
        };
    }
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let Some(named) = rest.strip_prefix('/') else {
        let list = Target::of(Endpoint::TfList, Methods::Get, true);
        return if rest.is_empty() { list } else { unknown() };
    };
    let (named, endpoint) = match named.strip_suffix("/metadata") {
        Some(named) => (named, Endpoint::TfMetadata),
        None => (named, Endpoint::TfStatus),
    };
    let target = Target::of(endpoint, Methods::Get, true);
    tf_model(named).map_or_else(unknown, |(model, version)| target.with_model(model, version))
}

/// `{name}`, `{name}/versions/{version}` or `{name}/labels/{label}`: the model and its version. There
/// are no labels here: one is a version that does not exist.
fn tf_model(named: &str) -> Option<(&str, &str)> {
    let Some((model, rest)) = named.split_once('/') else {
        return (!named.contains(':')).then_some((named, ""));
    };
    let version = rest.strip_prefix("versions/").or_else(|| rest.strip_prefix("labels/"))?;
    (!version.contains('/')).then_some((model, version))
}

/// What an ingress would have stripped: `/seldon/<namespace>/<name>/` or `/seldon/<name>/`.
fn behind_ingress(rest: &str) -> Target<'_> {
    let mut cut = rest;
    for _ in 0..2 {
        let Some(at) = cut.find('/') else { break };
        let (_, tail) = cut.split_at(at);
        let target = direct(tail);
        if !target.is_unknown() {
            return Target { external: true, ..target };
        }
        cut = tail.strip_prefix('/').unwrap_or_default();
    }
    Target::of(Endpoint::Unknown, Methods::GetPost, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_path_leads_to_its_endpoint() {
        for (path, endpoint, external, model) in [
            ("/predict", Endpoint::Predict, false, None),
            ("/api/v1.0/predictions", Endpoint::Predict, true, None),
            ("/api/v0.1/predictions", Endpoint::Predict, true, None),
            ("/seldon/ns/iris/api/v1.0/predictions", Endpoint::Predict, true, None),
            ("/seldon/iris/api/v1.0/predictions", Endpoint::Predict, true, None),
            ("/seldon/ns/iris/api/v0.1/feedback", Endpoint::Feedback, true, None),
            ("/seldon/iris/api/v1.0/metadata/iris", Endpoint::Metadata, true, Some("iris")),
            ("/api/v1.0/status", Endpoint::HealthStatus, true, None),
            ("/api/v1.0/status/iris", Endpoint::HealthStatus, true, Some("iris")),
            ("/api/v1.0/health/status", Endpoint::HealthStatus, true, None),
            ("/api/v1.0/doc/", Endpoint::Doc, true, None),
            ("/predict/", Endpoint::Unknown, false, None),
            ("/api/v1.0/nope", Endpoint::Unknown, true, None),
            ("/api/v0.1/doc/", Endpoint::Unknown, true, None),
            ("/api/v1.0/metadata/a/b", Endpoint::Unknown, true, None),
            ("/seldon/", Endpoint::Unknown, true, None),
            ("/seldon/a/b/c/predict", Endpoint::Unknown, true, None),
            ("/", Endpoint::TfLive, false, None),
            ("/invocations", Endpoint::Invocations, false, None),
            ("/seldon/ns/iris/invocations", Endpoint::Invocations, true, None),
            ("/ping", Endpoint::MlflowPing, false, None),
            ("/health", Endpoint::MlflowPing, false, None),
            ("/version", Endpoint::MlflowVersion, false, None),
            ("", Endpoint::Unknown, false, None),
        ] {
            let target = resolve(path);
            let got = (target.endpoint, target.external, target.model.as_deref());
            assert_eq!(got, (endpoint, external, model), "{path}");
        }
    }

    #[test]
    fn paths_of_v2_and_of_tensorflow_name_model_and_version() {
        use Endpoint as E;
        for (path, endpoint, model, version) in [
            ("/v2", E::ServerMetadata, None, ""),
            ("/v2/", E::ServerMetadata, None, ""),
            ("/v2/health/live", E::ServerLive, None, ""),
            ("/v2/models", E::ModelList, None, ""),
            ("/v2/models/stats", E::ModelStatistics, None, ""),
            ("/v2/models/infer", E::Infer, None, ""),
            ("/v2/models/iris", E::ModelMetadata, Some("iris"), ""),
            ("/v2/models/iris/", E::ModelMetadata, Some("iris"), ""),
            ("/v2/models/iris/versions/3/infer", E::Infer, Some("iris"), "3"),
            ("/v2/models/my%20iris/infer", E::Infer, Some("my iris"), ""),
            ("/seldon/ns/dep/v2/models/iris/infer", E::Infer, Some("iris"), ""),
            ("/v2/models/iris/versions/v1", E::ModelMetadata, Some("iris"), "v1"),
            ("/v2/models/iris/nope", E::V2Unknown, None, ""),
            ("/v2/repository/models/iris/load", E::RepositoryLoad, Some("iris"), ""),
            ("/v2/repository/models/iris", E::V2Unknown, None, ""),
            ("/v2/systemsharedmemory/status", E::SharedMemoryStatus, None, ""),
            ("/v2/cudasharedmemory/region/r/register", E::SharedMemoryRegister, None, ""),
            ("/v2x", E::Unknown, None, ""),
            ("/v1/models", E::TfList, None, ""),
            ("/v1/models/iris", E::TfStatus, Some("iris"), ""),
            ("/v1/models/iris:predict", E::TfPredict, Some("iris"), ""),
            ("/v1/models/iris/:predict", E::TfPredict, Some("iris"), ""),
            ("/v1/models/:predict", E::TfPredict, None, ""),
            ("/v1/models:predict", E::TfPredict, None, ""),
            ("/v1/models/iris/versions/2:predict", E::TfPredict, Some("iris"), "2"),
            ("/v1/models/iris/versions/2/metadata", E::TfMetadata, Some("iris"), "2"),
            ("/v1/models/iris/labels/stable:predict", E::TfPredict, Some("iris"), "stable"),
            ("/v1/models/iris:classify", E::TfUnknown, None, ""),
            ("/v1/modelsx", E::TfUnknown, None, ""),
        ] {
            let target = resolve(path);
            let got = (target.endpoint, target.model.as_deref(), &*target.version);
            assert_eq!(got, (endpoint, model, version), "{path}");
        }
    }
}
