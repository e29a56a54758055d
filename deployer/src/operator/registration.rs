//! Servers that the operator knows by name: the key `predictor_servers` of its ConfigMap `seldon-config`.
//!
//! The value is JSON: `{NAME: {"protocols": {PROTOCOL: {"image", "defaultImageVersion"}}}}`. It is
//! read at every reconcile, so that a change takes effect without a restart.

use serde_json::{Map, Value, json};

/// The key of the ConfigMap.
pub const KEY: &str = "predictor_servers";

/// The name that our server has there.
pub const OURS: &str = "RADIANT_SERVER";

/// Where somebody's own entry for a server is kept while ours has its place.
const REPLACED: &str = "radiant.dev/replaced";

/// Which protocols our entry has.
const PROTOCOLS: [&str; 2] = ["seldon", "v2"];

/// A text that is no table of servers.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    /// It is no JSON.
    #[error("`{KEY}`: expected JSON")]
    Json(#[source] serde_json::Error),
    /// It is JSON of another form.
    #[error("`{KEY}`: expected an object of servers, got {0}")]
    Form(String),
    /// A server is to be replaced that is not there.
    #[error("`{KEY}` has no server `{name}`: it has {known}")]
    Unknown {
        /// The one.
        name: String,
        /// Those that there are.
        known: String,
    },
}

/// Puts our server into the table, and in place of those of `overrides`; all others stay as they are.
///
/// # Errors
/// When `table` is no table of servers, or has none of a name in `overrides`.
pub fn install(
    table: &str,
    image: &str,
    overrides: &[String],
) -> Result<String, RegistrationError> {
    let mut servers = parse(table)?;
    servers.insert(OURS.to_owned(), entry(image));
    for name in overrides {
        let Some(server) = servers.get_mut(name) else {
            let known = servers.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>();
            return Err(RegistrationError::Unknown { name: name.clone(), known: known.join(", ") });
        };
        let mut ours = entry(image);
        // One that was replaced before keeps what it was at first.
        let before = server.get(REPLACED).unwrap_or(server).clone();
        ours[REPLACED] = before;
        *server = ours;
    }
    Ok(print(servers))
}

/// Takes our server out of the table, and gives back the places that it had taken.
///
/// # Errors
/// When `table` is no table of servers.
pub fn uninstall(table: &str) -> Result<String, RegistrationError> {
    let mut servers = parse(table)?;
    servers.remove(OURS);
    for server in servers.values_mut() {
        if let Some(before) = server.get(REPLACED) {
            *server = before.clone();
        }
    }
    Ok(print(servers))
}

/// The image that a name stands for with a protocol, as the operator puts it together.
pub fn image(table: &str, name: &str, protocol: &str) -> Option<String> {
    let servers = parse(table).ok()?;
    let protocols = servers.get(name)?.get("protocols")?;
    // The older name of V2 is preferred where both are there.
    let names: &[&str] = match protocol {
        "v2" | "kfserving" => &["kfserving", "v2"],
        "tensorflow" => &["tensorflow"],
        _ => &["seldon"],
    };
    let entry = names.iter().find_map(|name| protocols.get(*name))?;
    let text = |field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default();
    let (image, version) = (text("image"), text("defaultImageVersion"));
    match (image, version) {
        ("", _) => None,
        (image, "") => Some(image.to_owned()),
        (image, version) => Some(format!("{image}:{version}")),
    }
}

fn parse(table: &str) -> Result<Map<String, Value>, RegistrationError> {
    if table.trim().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_str(table).map_err(RegistrationError::Json)? {
        Value::Object(servers) => Ok(servers),
        other => Err(RegistrationError::Form(other.to_string().chars().take(40).collect())),
    }
}

fn print(servers: Map<String, Value>) -> String {
    Value::Object(servers).to_string()
}

/// Our entry. The whole name is the image, and the version is empty: a digest can be said so.
fn entry(image: &str) -> Value {
    let each = PROTOCOLS
        .map(|protocol| (protocol.to_owned(), json!({"image": image, "defaultImageVersion": ""})));
    json!({"protocols": each.into_iter().collect::<Map<_, _>>()})
}

#[cfg(test)]
mod tests {
    use super::*;

    const STOCK: &str = r#"{"SKLEARN_SERVER":{"protocols":{
        "seldon":{"image":"seldonio/sklearnserver","defaultImageVersion":"1.17.1"},
        "v2":{"image":"seldonio/mlserver","defaultImageVersion":"1.3.5-sklearn"}}}}"#;

    fn value(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn ours_is_added_and_others_stay() {
        let table = install(STOCK, "r.example/radiant@sha256:1", &[]).unwrap();
        assert_eq!(value(&table)["SKLEARN_SERVER"], value(STOCK)["SKLEARN_SERVER"]);
        assert_eq!(image(&table, OURS, "v2").as_deref(), Some("r.example/radiant@sha256:1"));
        assert_eq!(
            image(&table, "SKLEARN_SERVER", "seldon").as_deref(),
            Some("seldonio/sklearnserver:1.17.1")
        );
        assert_eq!(value(&uninstall(&table).unwrap()), value(STOCK));
    }

    #[test]
    fn what_is_replaced_comes_back() {
        let names = ["SKLEARN_SERVER".to_owned()];
        let table = install(STOCK, "radiant:1", &names).unwrap();
        assert_eq!(image(&table, "SKLEARN_SERVER", "seldon").as_deref(), Some("radiant:1"));
        // A second time, with another image.
        let table = install(&table, "radiant:2", &names).unwrap();
        assert_eq!(image(&table, "SKLEARN_SERVER", "seldon").as_deref(), Some("radiant:2"));
        assert_eq!(value(&uninstall(&table).unwrap()), value(STOCK));
    }

    #[test]
    fn an_empty_table_is_one() {
        assert_eq!(
            image(&install("", "radiant:1", &[]).unwrap(), OURS, "seldon").as_deref(),
            Some("radiant:1")
        );
    }

    #[test]
    fn what_is_no_table_is_refused() {
        assert!(matches!(install("{", "r", &[]), Err(RegistrationError::Json(_))));
        assert!(matches!(uninstall("[]"), Err(RegistrationError::Form(_))));
        let error = install(STOCK, "r", &["XGBOOST".to_owned()]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`predictor_servers` has no server `XGBOOST`: it has `RADIANT_SERVER`, `SKLEARN_SERVER`"
        );
    }
}
