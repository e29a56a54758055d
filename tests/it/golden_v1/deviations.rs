//! Where we answer otherwise than the original, row by row, and why.
//!
//! `docs/compatibility.md` holds the same table for people; a test keeps the two together. A row
//! that the original answered with 200 has no place here.

use super::row::Row;

/// What kind of deviation a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// The original blames itself for what the client did wrong.
    ClientMistake,
    /// The original answers an unknown path with 500.
    UnknownPath,
    /// The original answers a wrong method with 500.
    WrongMethod,
    /// A path of the orchestrator, which a pod without one needs.
    AddedPath,
    /// A payload that the original reads only with TensorFlow installed.
    TfTensor,
    /// The original fails for an estimator without probabilities where nobody chose a method.
    Regressor,
}

impl Class {
    /// The sentence that orders it, as quoted in the documentation.
    pub(super) const fn ordered_by(self) -> &'static str {
        match self {
            Self::ClientMistake => {
                "a client's mistake answered with 500 becomes 400 MICROSERVICE_BAD_DATA"
            }
            Self::UnknownPath => "an unknown path is 404 with the same body",
            Self::WrongMethod => "a wrong method on a known path is 405 with the same body",
            Self::AddedPath => "a recorded 404 or 500 for a path that we add is a listed deviation",
            Self::TfTensor => "supporting tftensor natively is a strict superset",
            Self::Regressor => "a regressor under the default method answers `predict`",
        }
    }
}

/// One row that is answered otherwise than recorded.
#[derive(Debug)]
pub(super) struct Deviation {
    pub(super) model: &'static str,
    pub(super) row: &'static str,
    pub(super) class: Class,
    /// The status that we answer.
    pub(super) status: u16,
    /// For a status of 200: JSON pointers into our answer, with what is found there.
    pub(super) body: &'static [(&'static str, &'static str)],
}

impl Deviation {
    /// The reason that we answer, for an error.
    pub(super) const fn reason(&self) -> Option<&'static str> {
        match self.class {
            Class::ClientMistake => Some("MICROSERVICE_BAD_DATA"),
            Class::UnknownPath | Class::WrongMethod => Some("MICROSERVICE_INTERNAL_ERROR"),
            Class::AddedPath | Class::TfTensor | Class::Regressor => None,
        }
    }

    /// Whether this is the deviation of a row.
    pub(super) fn is_of(&self, row: &Row) -> bool {
        self.model == row.model && self.row == row.name
    }
}

/// The deviation of a row, if it has one.
pub(super) fn of(row: &Row) -> Option<&'static Deviation> {
    DEVIATIONS.iter().find(|deviation| deviation.is_of(row))
}

/// All deviations, in the order of the recording.
pub(super) static DEVIATIONS: [Deviation; 36] = [
    ident("ndarray ragged", Class::ClientMistake),
    ident("tensor bad shape", Class::ClientMistake),
    ident("tensor no shape", Class::ClientMistake),
    Deviation {
        body: &[
            ("/data/tftensor/dtype", "DT_FLOAT"),
            ("/data/tftensor/tensorShape/dim/0/size", "1"),
            ("/data/tftensor/floatVal/0", "1.5"),
            ("/meta/requestPath/classifier", "org/img:1.0"),
        ],
        ..ident("tftensor (no tf)", Class::TfTensor)
    },
    ident("data null", Class::ClientMistake),
    ident("binData bad b64", Class::ClientMistake),
    ident("form bad json", Class::ClientMistake),
    ident("get bad json", Class::ClientMistake),
    ident("mp bad json field", Class::ClientMistake),
    ident("mp binData as text", Class::ClientMistake),
    ident("meta null", Class::ClientMistake),
    ident("meta list", Class::ClientMistake),
    ident("GET /api/v1.0/predictions", Class::WrongMethod),
    ident("GET /api/v0.1/predictions", Class::WrongMethod),
    ident("PUT /predict", Class::WrongMethod),
    ident("404", Class::UnknownPath),
    Deviation { body: &[("/status", "alive")], ..ident("root", Class::AddedPath) },
    ident("/predict/", Class::UnknownPath),
    ident("health ping POST", Class::WrongMethod),
    Deviation {
        body: &[("/name", "org/img"), ("/versions/0", "1.0")],
        ..ident("metadata/classifier", Class::AddedPath)
    },
    ident("api doc", Class::AddedPath),
    ident("metrics on http port", Class::UnknownPath),
    ident("prometheus on http port", Class::UnknownPath),
    Deviation { model: "Multi", ..ident("multi-29", Class::ClientMistake) },
    Deviation { model: "xgb_multi", ..ident("iris-3", Class::ClientMistake) },
    Deviation { model: "xgb_multi", ..ident("iris-6", Class::ClientMistake) },
    Deviation { model: "xgb_multi", ..ident("iris-9", Class::ClientMistake) },
    Deviation { model: "xgb_binary", ..ident("iris-3", Class::ClientMistake) },
    Deviation { model: "xgb_binary", ..ident("iris-6", Class::ClientMistake) },
    Deviation { model: "xgb_binary", ..ident("iris-9", Class::ClientMistake) },
    Deviation {
        model: "sk_reg_proba",
        body: &[("/data/ndarray/0", "-0.08254936159009313")],
        ..ident("iris-0", Class::Regressor)
    },
    Deviation {
        model: "sk_reg_proba",
        body: &[("/data/tensor/values/1", "1.7565509086104623")],
        ..ident("iris-1", Class::Regressor)
    },
    Deviation {
        model: "sk_reg_proba",
        body: &[("/meta/requestPath/classifier", "org/img:1.0")],
        ..ident("iris-2", Class::Regressor)
    },
    Deviation {
        model: "sk_reg_proba",
        body: &[("/data/tensor/values/0", "-0.08254936159009313")],
        ..ident("iris-5", Class::Regressor)
    },
    Deviation {
        model: "sk_reg_proba",
        body: &[("/data/ndarray/2", "1.280199445149555")],
        ..ident("iris-10", Class::Regressor)
    },
    Deviation {
        model: "sk_reg_proba",
        body: &[("/meta/requestPath/classifier", "org/img:1.0")],
        ..ident("iris-api", Class::Regressor)
    },
];

/// A deviation of the model `Ident` with the status that its class has.
const fn ident(row: &'static str, class: Class) -> Deviation {
    let status = match class {
        Class::ClientMistake => 400,
        Class::UnknownPath => 404,
        Class::WrongMethod => 405,
        Class::AddedPath | Class::TfTensor | Class::Regressor => 200,
    };
    Deviation { model: "Ident", row, class, status, body: &[] }
}
