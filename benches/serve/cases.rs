//! What is measured, and beside what.

use anyhow::Result;

use crate::load::{Request, Width};
use crate::requests;

/// One request to one model.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// A folder of the example models; served under its name.
    pub(crate) model: &'static str,
    pub(crate) request: fn() -> Result<Request>,
    pub(crate) width: Width,
    pub(crate) beside: &'static [Beside],
}

/// What a case is held against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beside {
    pub(crate) other: Other,
    /// The most that a request may cost, in the other's processor time.
    pub(crate) limit: Option<f64>,
}

/// The other server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Other {
    /// actix-web that answers a constant: the first reply of the server that is measured.
    Constant,
    /// tonic that answers a message with its own bytes.
    Echo,
    /// tonic's usual way to build a server, as an echo.
    Stock,
    /// Seldon Core's Python microservice with an equal model.
    Seldon,
}

impl Other {
    /// Its name in tables.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Echo => "echo",
            Self::Stock => "stock echo",
            Self::Seldon => "seldon-core",
        }
    }

    /// Whether it is somebody's server rather than a floor.
    pub(crate) const fn is_peer(self) -> bool {
        match self {
            Self::Constant | Self::Echo | Self::Stock => false,
            Self::Seldon => true,
        }
    }
}

const WIDE: Width = Width { connections: 64, streams: 1 };
const DEEP: Width = Width { connections: 8, streams: 16 };
const FEW: Width = Width { connections: 8, streams: 1 };

const fn beside(other: Other, limit: Option<f64>) -> Beside {
    Beside { other, limit }
}

const CONSTANT: Beside = beside(Other::Constant, None);
const ECHO: Beside = beside(Other::Echo, None);
const SELDON: Beside = beside(Other::Seldon, None);
const V2_REST: &[Beside] = &[beside(Other::Constant, Some(1.25))];
const V2_GRPC: &[Beside] = &[beside(Other::Echo, Some(1.20)), beside(Other::Stock, Some(1.00))];

pub(crate) const CASES: [Case; 11] = [
    Case {
        name: "v1 rest iris",
        model: "iris",
        request: requests::seldon_iris,
        width: WIDE,
        beside: &[beside(Other::Constant, Some(1.15)), SELDON],
    },
    Case {
        name: "v1 rest iris, the orchestrator's path",
        model: "iris",
        request: requests::seldon_iris_orchestrator,
        width: WIDE,
        beside: &[beside(Other::Constant, Some(1.15))],
    },
    Case {
        name: "v1 rest digits-mlp",
        model: "digits-mlp",
        request: requests::seldon_digit,
        width: WIDE,
        beside: &[CONSTANT],
    },
    Case {
        name: "v2 rest iris json",
        model: "iris",
        request: requests::v2_iris_json,
        width: WIDE,
        beside: V2_REST,
    },
    Case {
        name: "v2 rest iris binary",
        model: "iris",
        request: requests::v2_iris_binary,
        width: WIDE,
        beside: V2_REST,
    },
    Case {
        name: "v2 grpc iris raw",
        model: "iris",
        request: requests::v2_iris_raw,
        width: WIDE,
        beside: V2_GRPC,
    },
    Case {
        name: "v2 grpc iris raw, many streams",
        model: "iris",
        request: requests::v2_iris_raw,
        width: DEEP,
        beside: V2_GRPC,
    },
    Case {
        name: "v2 grpc digits-mlp raw, 784 rows",
        model: "digits-mlp",
        request: requests::v2_digits_raw,
        width: FEW,
        beside: &[ECHO],
    },
    // What a tensor costs that goes in and comes out and is not computed with.
    Case {
        name: "v2 grpc echo raw, 64 x 784",
        model: "builtin:echo",
        request: requests::v2_echo_raw,
        width: FEW,
        beside: &[ECHO],
    },
    Case {
        name: "v1 grpc iris ndarray",
        model: "iris",
        request: requests::seldon_iris_ndarray,
        width: WIDE,
        beside: &[ECHO, SELDON],
    },
    Case {
        name: "v1 grpc iris tensor",
        model: "iris",
        request: requests::seldon_iris_tensor,
        width: WIDE,
        beside: &[ECHO, SELDON],
    },
];
