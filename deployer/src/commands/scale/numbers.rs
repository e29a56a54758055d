//! Where a SeldonDeployment says how many pods there are: read, changed, taken away and given back.

use serde_json::{Map, Value, json};

use crate::cluster::SeldonObject;

/// What of a part of a predictor decides how many pods it has.
const OF_PART: [&str; 3] = ["replicas", "hpaSpec", "kedaSpec"];

/// Which autoscaler there is, if there is one.
pub(super) fn autoscaler(spec: &Value) -> Option<&'static str> {
    let parts = predictors(spec).filter_map(|it| it.get("componentSpecs")?.as_array());
    let parts: Vec<&Value> = parts.flatten().collect();
    ["hpaSpec", "kedaSpec"]
        .into_iter()
        .find(|key| parts.iter().any(|part| part.get(key).is_some_and(|it| !it.is_null())))
}

fn predictors(spec: &Value) -> impl Iterator<Item = &Value> {
    spec.get("predictors").and_then(Value::as_array).into_iter().flatten()
}

/// Whether it says that there are no pods at all.
pub(super) fn is_zero(sdep: &SeldonObject) -> bool {
    let own: Vec<&Value> = numbers(&sdep.spec);
    !own.is_empty() && own.iter().all(|number| number.as_i64() == Some(0))
}

/// All numbers of pods, of the whole and of its parts.
fn numbers(spec: &Value) -> Vec<&Value> {
    let parts = predictors(spec).flat_map(|predictor| {
        let parts = predictor.get("componentSpecs").and_then(Value::as_array);
        std::iter::once(predictor).chain(parts.into_iter().flatten())
    });
    std::iter::once(spec).chain(parts).filter_map(|it| it.get("replicas")).collect()
}

/// A patch to so many pods. Lists are replaced as a whole by such patches, so one with predictors holds
/// for this version of the object only.
pub(super) fn scaled(sdep: &SeldonObject, replicas: u32) -> Value {
    let mut patch = json!({"spec": {"replicas": replicas}});
    let mut predictors = sdep.predictors().to_vec();
    let mut is_changed = false;
    for predictor in &mut predictors {
        is_changed |= set(predictor, replicas);
        let parts = predictor.get_mut("componentSpecs").and_then(Value::as_array_mut);
        for part in parts.into_iter().flatten() {
            is_changed |= set(part, replicas);
        }
    }
    if is_changed {
        with_predictors(&mut patch, sdep, predictors);
    }
    patch
}

fn set(part: &mut Value, replicas: u32) -> bool {
    let Some(number) = part.get_mut("replicas") else { return false };
    *number = replicas.into();
    true
}

fn with_predictors(patch: &mut Value, sdep: &SeldonObject, predictors: Vec<Value>) {
    patch["spec"]["predictors"] = Value::Array(predictors);
    patch["metadata"]["resourceVersion"] = json!(sdep.metadata.resource_version);
}

/// A patch to no pods, with a note of what there was.
pub(super) fn stopped(sdep: &SeldonObject, key: &str) -> Value {
    let mut patch = scaled(sdep, 0);
    let before = sdep.spec.get("replicas").cloned().unwrap_or(Value::Null);
    let notes: Map<String, Value> = sdep
        .predictors()
        .iter()
        .filter_map(|predictor| {
            let name = predictor.get("name")?.as_str()?;
            Some((name.to_owned(), note_of(predictor)?))
        })
        .collect();
    if notes.is_empty() {
        let number = before.as_i64().unwrap_or(1);
        patch["metadata"]["annotations"][key] = number.to_string().into();
        return patch;
    }
    let mut predictors = match patch["spec"]["predictors"].take() {
        Value::Array(predictors) => predictors,
        _ => sdep.predictors().to_vec(),
    };
    predictors.iter_mut().for_each(without_autoscalers);
    with_predictors(&mut patch, sdep, predictors);
    let note = json!({"spec": before, "predictors": notes});
    patch["metadata"]["annotations"][key] = note.to_string().into();
    patch
}

/// What decides about the pods of a predictor; nothing where the whole does.
fn note_of(predictor: &Value) -> Option<Value> {
    let parts = predictor.get("componentSpecs").and_then(Value::as_array);
    let of_part = |part: &Value| {
        let fields =
            OF_PART.iter().filter_map(|key| Some(((*key).to_owned(), part.get(*key)?.clone())));
        Value::Object(fields.collect())
    };
    let parts: Vec<Value> = parts.into_iter().flatten().map(of_part).collect();
    let own = predictor.get("replicas");
    let is_plain =
        own.is_none() && parts.iter().all(|part| part.as_object().is_some_and(Map::is_empty));
    (!is_plain).then(|| json!({"replicas": own, "parts": parts}))
}

/// An autoscaler wants at least one pod: it must go, and its part say that there are none.
fn without_autoscalers(predictor: &mut Value) {
    let parts = predictor.get_mut("componentSpecs").and_then(Value::as_array_mut);
    for part in parts.into_iter().flatten().filter_map(Value::as_object_mut) {
        let had = [part.remove("hpaSpec"), part.remove("kedaSpec")];
        if had.iter().any(Option::is_some) {
            part.insert("replicas".to_owned(), 0.into());
        }
    }
}

/// A patch back to what was noted. Predictors that came since then have what they have.
///
/// # Errors
/// What is wrong with the note.
pub(super) fn started(sdep: &SeldonObject, key: &str, note: &str) -> Result<Value, String> {
    let note: Value = serde_json::from_str(note).map_err(|_| wrong(note))?;
    let mut patch = json!({"metadata": {"annotations": {key: null}}, "spec": {}});
    if let Some(number) = note.as_u64() {
        patch["spec"]["replicas"] = number.into();
        return Ok(patch);
    }
    let noted =
        note.get("predictors").and_then(Value::as_object).ok_or_else(|| wrong("an object"))?;
    patch["spec"]["replicas"] = note.get("spec").cloned().unwrap_or(Value::Null);
    let mut predictors = sdep.predictors().to_vec();
    for predictor in &mut predictors {
        let name = predictor.get("name").and_then(Value::as_str);
        if let Some(note) = name.and_then(|name| noted.get(name)) {
            give_back(predictor, note);
        }
    }
    with_predictors(&mut patch, sdep, predictors);
    Ok(patch)
}

fn wrong(got: &str) -> String {
    format!("expected a number of pods or a note of `stop`, got `{}`", got.escape_debug())
}

fn give_back(predictor: &mut Value, note: &Value) {
    let notes = note.get("parts").and_then(Value::as_array).cloned().unwrap_or_default();
    let parts = predictor.get_mut("componentSpecs").and_then(Value::as_array_mut);
    let parts = parts.into_iter().flatten().filter_map(Value::as_object_mut);
    for (part, note) in parts.zip(&notes) {
        for key in OF_PART {
            part.remove(key);
        }
        part.extend(note.as_object().cloned().unwrap_or_default());
    }
    let Some(predictor) = predictor.as_object_mut() else { return };
    match note.get("replicas") {
        None | Some(Value::Null) => predictor.remove("replicas"),
        Some(number) => predictor.insert("replicas".to_owned(), number.clone()),
    };
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "radiant.dev/replicas";

    fn sdep(spec: &Value) -> SeldonObject {
        let metadata = json!({"name": "fraud", "resourceVersion": "7"});
        serde_json::from_value(json!({"metadata": metadata, "spec": spec})).unwrap()
    }

    /// A merge patch (RFC 7386), as the server applies it.
    fn merged(target: &mut Value, patch: &Value) {
        let Some(patch) = patch.as_object() else {
            target.clone_from(patch);
            return;
        };
        if !target.is_object() {
            *target = json!({});
        }
        for (key, value) in patch {
            if value.is_null() {
                target.as_object_mut().unwrap().remove(key);
            } else {
                merged(&mut target[key], value);
            }
        }
    }

    fn patched(object: &SeldonObject, patch: &Value) -> SeldonObject {
        let mut value = object.to_value();
        merged(&mut value, patch);
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn the_whole_is_scaled_where_nothing_says_otherwise() {
        let plain = sdep(&json!({"replicas": 2, "predictors": [{"name": "main"}]}));
        assert_eq!(scaled(&plain, 5), json!({"spec": {"replicas": 5}}));
        let zenml = sdep(&json!({"replicas": 2, "predictors": [{"name": "m", "replicas": 2}]}));
        let expected = json!({"spec": {"replicas": 5, "predictors": [{"name": "m", "replicas": 5}]},
                              "metadata": {"resourceVersion": "7"}});
        assert_eq!(scaled(&zenml, 5), expected);
    }

    #[test]
    fn a_stop_of_the_whole_notes_a_plain_number() {
        let patch = stopped(&sdep(&json!({"replicas": 3})), KEY);
        assert_eq!(patch["metadata"]["annotations"][KEY], "3");
        assert_eq!(stopped(&sdep(&json!({})), KEY)["metadata"]["annotations"][KEY], "1");
    }

    #[test]
    fn autoscalers_are_known_and_taken_away_by_a_stop() {
        let part = json!({"spec": {}, "hpaSpec": {"maxReplicas": 3}});
        let spec = json!({"predictors": [{"name": "main", "componentSpecs": [part]}]});
        assert_eq!(autoscaler(&spec), Some("hpaSpec"));
        let object = sdep(&spec);
        let after = patched(&object, &stopped(&object, KEY));
        assert_eq!(autoscaler(&after.spec), None);
        assert!(is_zero(&after));
    }

    #[test]
    fn a_note_that_somebody_changed_is_refused() {
        for note in ["", "many", "-1", "[]", "{}", "\"3\""] {
            assert!(started(&sdep(&json!({})), KEY, note).is_err(), "{note}");
        }
    }

    fn part() -> impl Strategy<Value = Value> {
        let fields = (
            proptest::option::of(1_u32..9),
            proptest::option::of(Just(json!({"maxReplicas": 4}))),
            proptest::option::of(Just(json!({"triggers": []}))),
        );
        fields.prop_map(|(replicas, hpa, keda)| {
            let mut part = json!({"spec": {"containers": []}});
            let fields =
                [("replicas", replicas.map(Value::from)), ("hpaSpec", hpa), ("kedaSpec", keda)];
            for (key, value) in fields {
                if let Some(value) = value {
                    part[key] = value;
                }
            }
            part
        })
    }

    fn any_spec() -> impl Strategy<Value = Value> {
        let predictor = (proptest::option::of(1_u32..9), proptest::collection::vec(part(), 0..3));
        let predictors = proptest::collection::vec(predictor, 1..4);
        (1_u32..9, predictors).prop_map(|(replicas, predictors)| {
            let predictors = predictors.into_iter().enumerate().map(|(idx, (own, parts))| {
                let mut predictor = json!({"name": format!("p{idx}"), "componentSpecs": parts});
                if let Some(own) = own {
                    predictor["replicas"] = own.into();
                }
                predictor
            });
            json!({"replicas": replicas, "predictors": predictors.collect::<Vec<_>>()})
        })
    }

    proptest! {
        #[test]
        fn a_start_undoes_a_stop(spec in any_spec()) {
            let before = sdep(&spec);
            let stopped = patched(&before, &stopped(&before, KEY));
            prop_assert!(is_zero(&stopped));
            prop_assert_eq!(autoscaler(&stopped.spec), None);
            let note = stopped.annotation(KEY).unwrap().to_owned();
            let after = patched(&stopped, &started(&stopped, KEY, &note).unwrap());
            prop_assert_eq!(&after.spec, &before.spec);
            prop_assert_eq!(after.annotation(KEY), None);
        }
    }
}
