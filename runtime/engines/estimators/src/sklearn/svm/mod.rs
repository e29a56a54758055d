//! Support vector machines of libsvm.

mod classify;
mod kernel;
mod pairs;
mod probability;
mod single;

use super::registry::Reader;

/// The reader of a class of this family.
pub(crate) fn reader(class: &str) -> Option<Reader> {
    Some(match class {
        "SVC" | "NuSVC" => classify::read,
        "SVR" | "NuSVR" => single::read_regressor,
        "OneClassSVM" => single::read_one_class,
        _ => return None,
    })
}
