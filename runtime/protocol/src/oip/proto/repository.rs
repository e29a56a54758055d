//! The two layouts of requests to load and unload models.
//!
//! Triton's clients send the name of a repository in field 1, mostly empty, and the model's in field
//! 2; clients of KServe's Python server send the model's name in field 1.

use crate::pb::inference::RepositoryModelLoadRequest;

/// The model to load or to unload, in either layout; empty where none is named. The two requests
/// differ in their names only.
pub fn repository_model(request: &RepositoryModelLoadRequest) -> &str {
    let RepositoryModelLoadRequest { model_name, repository_name, .. } = request;
    if model_name.is_empty() { repository_name } else { model_name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_found_in_either_layout() {
        for (model, repository, expected) in
            [("iris", "", "iris"), ("iris", "main", "iris"), ("", "iris", "iris"), ("", "", "")]
        {
            let load = RepositoryModelLoadRequest {
                model_name: model.to_owned(),
                repository_name: repository.to_owned(),
                ..Default::default()
            };
            assert_eq!(repository_model(&load), expected);
        }
    }
}
