//! Paths to endpoints: the whole table of Seldon v1's REST surface.
//!
//! One `match` instead of a router of patterns: the hot paths cost a comparison, and unknown
//! paths, wrong methods and CORS preflights are answered in one place.

/// What a path stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// A prediction.
    Predict,
    /// What became of a prediction.
    Feedback,
    /// A graph method.
    TransformInput,
    /// A graph method.
    TransformOutput,
    /// A graph method.
    Route,
    /// A graph method.
    Aggregate,
    /// Answers `pong` as long as the process lives.
    Ping,
    /// How the component is, as a message.
    HealthStatus,
    /// What the model says of itself.
    Metadata,
    /// Whether requests are answered; the orchestrator's path.
    Ready,
    /// Whether the process lives; the orchestrator's path.
    Live,
    /// The page that explains the paths.
    Doc,
    /// The OpenAPI document.
    OpenApi,
    /// Anything else.
    Unknown,
}

impl Endpoint {
    /// All endpoints, in the order of their discriminants.
    pub(crate) const ALL: [Self; 14] = [
        Self::Predict,
        Self::Feedback,
        Self::TransformInput,
        Self::TransformOutput,
        Self::Route,
        Self::Aggregate,
        Self::Ping,
        Self::HealthStatus,
        Self::Metadata,
        Self::Ready,
        Self::Live,
        Self::Doc,
        Self::OpenApi,
        Self::Unknown,
    ];

    /// The value of the label `method`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Predict => "predict",
            Self::Feedback => "send-feedback",
            Self::TransformInput => "transform-input",
            Self::TransformOutput => "transform-output",
            Self::Route => "route",
            Self::Aggregate => "aggregate",
            Self::Ping => "ping",
            Self::HealthStatus => "health",
            Self::Metadata => "metadata",
            Self::Ready => "ready",
            Self::Live => "live",
            Self::Doc => "doc",
            Self::OpenApi => "openapi",
            Self::Unknown => "unknown",
        }
    }

    /// The value of the orchestrator's label `service`.
    pub(crate) const fn service(self) -> &'static str {
        match self {
            Self::Predict => "predictions",
            Self::Feedback => "feedback",
            Self::HealthStatus => "status",
            Self::Metadata => "metadata",
            other => other.name(),
        }
    }
}

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    pub(crate) endpoint: Endpoint,
    pub(crate) methods: Methods,
    /// Whether an orchestrator or an ingress would have answered this path.
    pub(crate) external: bool,
    /// The model that the path names.
    pub(crate) model: Option<&'a str>,
}

/// Finds what a path stands for, behind the prefixes of an ingress or not.
pub(crate) fn resolve(path: &str) -> Target<'_> {
    match path.strip_prefix("/seldon/") {
        None => microservice(path).unwrap_or_else(|| api(path)),
        Some(rest) => behind_ingress(rest),
    }
}

/// The paths that an orchestrator calls.
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
        _ => return None,
    };
    Some(Target { endpoint, methods, external: false, model: None })
}

/// The external paths, `/api/v1.0/...` and `/api/v0.1/...`.
fn api(path: &str) -> Target<'_> {
    let old = path.strip_prefix("/api/v0.1/");
    let Some(rest) = path.strip_prefix("/api/v1.0/").or(old) else {
        return Target {
            endpoint: Endpoint::Unknown,
            methods: Methods::GetPost,
            external: path.starts_with("/api/"),
            model: None,
        };
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
    Target { endpoint, methods, external: true, model }
}

/// What an ingress would have stripped: `/seldon/<namespace>/<name>/` or `/seldon/<name>/`.
fn behind_ingress(rest: &str) -> Target<'_> {
    let mut cut = rest;
    for _ in 0..2 {
        let Some(at) = cut.find('/') else { break };
        let (_, tail) = cut.split_at(at);
        let target = microservice(tail).unwrap_or_else(|| api(tail));
        if target.endpoint != Endpoint::Unknown {
            return Target { external: true, ..target };
        }
        cut = tail.strip_prefix('/').unwrap_or_default();
    }
    Target { endpoint: Endpoint::Unknown, methods: Methods::GetPost, external: true, model: None }
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
            ("/", Endpoint::Unknown, false, None),
            ("", Endpoint::Unknown, false, None),
        ] {
            let target = resolve(path);
            let got = (target.endpoint, target.external, target.model);
            assert_eq!(got, (endpoint, external, model), "{path}");
        }
    }

    #[test]
    fn discriminants_index_the_table_of_endpoints() {
        for (index, endpoint) in Endpoint::ALL.into_iter().enumerate() {
            assert_eq!(endpoint as usize, index);
        }
    }
}
