//! The two layouts of requests to load and unload models.
//!
//! Triton's clients send the name of a repository in field 1, mostly empty, and the model's in field
//! 2; clients of KServe's Python server send the model's name in field 1.

use crate::pb::inference::{RepositoryModelLoadRequest, RepositoryModelUnloadRequest};

/// The model to load, in either layout; empty where none is named.
pub fn repository_model(request: &RepositoryModelLoadRequest) -> &str {
    model(&request.model_name, &request.repository_name)
}

/// The model to unload, in either layout; empty where none is named.
pub fn repository_model_to_unload(request: &RepositoryModelUnloadRequest) -> &str {
    model(&request.model_name, &request.repository_name)
}

fn model<'a>(model_name: &'a str, repository_name: &'a str) -> &'a str {
    if model_name.is_empty() { repository_name } else { model_name }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn the_model_is_found_in_either_layout() {
        for (model, repository, expected) in
            [("iris", "", "iris"), ("iris", "main", "iris"), ("", "iris", "iris"), ("", "", "")]
        {
            let (model_name, repository_name) = (model.to_owned(), repository.to_owned());
            let load = RepositoryModelLoadRequest {
                model_name: model_name.clone(),
                repository_name: repository_name.clone(),
                ..Default::default()
            };
            assert_eq!(repository_model(&load), expected);
            let parameters = HashMap::new();
            let unload = RepositoryModelUnloadRequest { model_name, repository_name, parameters };
            assert_eq!(repository_model_to_unload(&unload), expected);
        }
    }
}
