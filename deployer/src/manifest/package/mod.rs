//! Manifests as files: plain, as a base of kustomize, and as a chart of Helm.

mod helm;
mod yaml;

use serde_json::{Value, json};

pub use helm::helm;
pub use yaml::{documents, yaml};

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path below the folder that all are written to.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// Each object in a file that is named after it.
pub fn plain(objects: &[Value]) -> Vec<File> {
    let file = |object: &Value| File { path: file_name(object), text: yaml(object) };
    objects.iter().map(file).collect()
}

/// The same with the file that kustomize reads first. Overlays name this folder in `resources`.
pub fn kustomize(objects: &[Value]) -> Vec<File> {
    let mut files = plain(objects);
    let names: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let kustomization = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": names,
    });
    files.insert(0, File { path: "kustomization.yaml".to_owned(), text: yaml(&kustomization) });
    files
}

fn file_name(object: &Value) -> String {
    let kind = object["kind"].as_str().unwrap_or("object").to_lowercase();
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    // Names of objects are DNS labels; one that is not must not lead out of the folder.
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let name: String = name.chars().filter(is_plain).collect();
    format!("{kind}-{name}.yaml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_stay_in_their_folder() {
        let object = json!({"kind": "SeldonDeployment", "metadata": {"name": "../../x"}});
        assert_eq!(file_name(&object), "seldondeployment-....x.yaml");
    }

    #[test]
    fn kustomize_reads_all_objects() {
        let object = json!({"kind": "SeldonDeployment", "metadata": {"name": "iris"}});
        let files = kustomize(std::slice::from_ref(&object));
        assert_eq!(files[0].path, "kustomization.yaml");
        assert!(files[0].text.contains("- seldondeployment-iris.yaml"), "{}", files[0].text);
        assert_eq!(files[1].path, "seldondeployment-iris.yaml");
    }
}
