//! Names that the operator gives to what it makes.

use crate::cluster::seldon::hashed_name;

/// The longest value of a label.
const LABEL_LEN_MAX: usize = 63;

/// What the operator writes into a label for `name`: the name, or its hash where it is too long.
///
/// Source: `seldon-deployment-id` and `seldon-app` of Seldon Core 1.18.
pub(super) fn label_value(name: &str) -> String {
    if name.len() <= LABEL_LEN_MAX { name.to_owned() } else { hashed_name(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_becomes_its_hash() {
        assert_eq!(label_value("fraud"), "fraud");
        assert_eq!(label_value(&"a".repeat(63)).len(), 63);
        assert_eq!(label_value(&"a".repeat(64)), "seldon-014842d480b571495a4a0363793f7367");
    }
}
