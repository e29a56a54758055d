//! Kubernetes objects as plain JSON: what is read from them, and how they are written.

use anyhow::Result;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use md5::{Digest as _, Md5};
use serde_json::{Value, json};

/// A text inside a value, by its JSON pointer.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

/// The elements of a list inside a value; none where there is no list.
pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A list that is a field of an object, made where there is none.
pub(crate) fn list_mut<'a>(value: &'a mut Value, field: &str) -> Option<&'a mut Vec<Value>> {
    let field = value.as_object_mut()?.entry(field).or_insert(Value::Null);
    if field.is_null() {
        *field = json!([]);
    }
    field.as_array_mut()
}

/// Sets a field of an object unless it has one.
pub(crate) fn set_default(value: &mut Value, field: &str, default: Value) {
    if let Some(object) = value.as_object_mut() {
        let field = object.entry(field).or_insert(Value::Null);
        if field.is_null() {
            *field = default;
        }
    }
}

/// Adds an element to a list of named ones unless one of its name is there.
pub(crate) fn add_named(list: &mut Vec<Value>, element: Value) {
    if !list.iter().any(|there| there["name"] == element["name"]) {
        list.push(element);
    }
}

/// The MD5 of a text, in hexadecimal digits.
pub(crate) fn digest(text: &str) -> String {
    let digest = Md5::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// The kind of an object by its two fields.
pub(crate) fn resource(object: &Value) -> ApiResource {
    let version = text(object, "/apiVersion").unwrap_or("v1");
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let kind = text(object, "/kind").unwrap_or_default();
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}

/// Where objects of this one's kind and namespace are kept.
pub(crate) fn api(client: &Client, object: &Value) -> Api<DynamicObject> {
    let resource = resource(object);
    match text(object, "/metadata/namespace") {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    }
}

/// Whether a name can stand in a path as it is.
pub(crate) fn is_path_segment(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

/// Writes an object as its only owner, and gives what the cluster has made of it.
pub(crate) async fn apply(client: &Client, manager: &str, object: &Value) -> Result<Value> {
    let name = text(object, "/metadata/name").unwrap_or_default();
    let applied = if is_path_segment(name) {
        let how = PatchParams::apply(manager).force();
        api(client, object).patch(name, &how, &Patch::Apply(object)).await?
    } else {
        // Created, it is refused for its name, in the API server's words.
        let object = serde_json::from_value(object.clone())?;
        api(client, &serde_json::to_value(&object)?).create(&PostParams::default(), &object).await?
    };
    Ok(serde_json::to_value(applied)?)
}
