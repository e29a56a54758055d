//! Names of what the operator makes.

use super::spec::Predictor;
use crate::object::digest;

/// The longest name that may be a label's value.
const NAME_MAX: usize = 63;

/// A name, or what stands for one that is too long.
pub(crate) fn shortened(name: &str) -> String {
    if name.len() <= NAME_MAX {
        return name.to_owned();
    }
    format!("seldon-{}", digest(name))
}

/// The name of a predictor's Deployment, of which each component has one.
pub(crate) fn deployment(
    name: &str,
    predictor: &str,
    component_idx: usize,
    containers: &[String],
) -> String {
    shortened(&format!("{name}-{predictor}-{component_idx}-{}", containers.join("-")))
}

/// The name of a predictor's Service, and its value of the label `seldon-app`.
pub(crate) fn predictor(name: &str, predictor: &Predictor) -> String {
    match predictor.annotations.get("seldon.io/svc-name") {
        Some(fixed) => fixed.clone(),
        None => shortened(&format!("{name}-{}", predictor.name)),
    }
}

/// The name of a container's Service.
pub(crate) fn container(name: &str, predictor: &str, container: &str) -> String {
    shortened(&format!("{name}-{predictor}-{container}"))
}

#[cfg(test)]
mod tests {
    use super::{deployment, shortened};

    #[test]
    fn a_deployment_is_named_after_all_its_containers() {
        let containers = ["model".to_owned(), "scaler".to_owned()];
        assert_eq!(deployment("iris", "main", 0, &containers), "iris-main-0-model-scaler");
    }

    #[test]
    fn a_name_that_is_too_long_becomes_its_digest() {
        assert_eq!(shortened(&"x".repeat(63)), "x".repeat(63));
        // By `md5sum` of 64 times `x`.
        assert_eq!(shortened(&"x".repeat(64)), "seldon-c1bb4f81d892b2d57947682aeb252456");
    }
}
