//! The JSON Schema of `radiant.yaml`: what editors are given, and what documents are checked by.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::LocationSegment;
use jsonschema::{JsonType, ValidationError, Validator};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::Deployment;
use super::keypath::{KeyPath, Step};
use super::problem::{Problem, listed, meant, quoted, shown};

/// Where editors know it by; nothing has to be there.
pub const ID: &str = "https://radiant.dev/v1/radiant.schema.json";

/// Rules that [`check`](super::check) has in words that say more, in one place.
const LEFT_TO_CHECKS: [&str; 4] = ["pattern", "minLength", "maxLength", "minItems"];

static CHECKED_BY: LazyLock<(Value, Option<Validator>)> = LazyLock::new(|| {
    let mut schema = published();
    tighten(&mut schema);
    let validator = jsonschema::validator_for(&schema).ok();
    (schema, validator)
});

/// Where each key may stand that has one place alone, or one that is the outermost.
static PLACES: LazyLock<BTreeMap<String, KeyPath>> = LazyLock::new(|| {
    let mut places = BTreeMap::new();
    let schema = &CHECKED_BY.0;
    let mut level = vec![(KeyPath::default(), schema)];
    for _ in 0..DEPTH_MAX {
        let mut next = Vec::new();
        for (path, owner) in level {
            for (key, property) in owner["properties"].as_object().into_iter().flatten() {
                let path = path.key(key);
                // Of what is there several times, a key is not missing in one.
                if !MANY.contains(&key.as_str()) {
                    next.push((path.clone(), resolved(schema, property)));
                }
                places.entry(key.clone()).or_insert(path);
            }
        }
        level = next;
    }
    places
});

/// How deep keys are looked for.
const DEPTH_MAX: usize = 3;

/// Keys below which there are several of the same.
const MANY: [&str; 4] = ["variants", "graph", "tests", "environments"];

/// The published schema: draft 2020-12, with titles and descriptions.
pub fn published() -> Value {
    let generator = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Deployment>();
    schema.insert("$id".to_owned(), ID.into());
    schema.insert("title".to_owned(), "radiant.yaml".into());
    Value::from(schema)
}

/// Leaves out `null`, which documents have no longer when they are checked, so that an error is that of
/// what was meant and not of one of two alternatives; and what is checked elsewhere.
fn tighten(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Array(types)) = members.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    members.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(alternatives)) = members.get_mut("anyOf") {
                alternatives.retain(|one| one != &json!({"type": "null"}));
                if let [Value::Object(only)] = alternatives.as_slice() {
                    let only = only.clone();
                    members.remove("anyOf");
                    members.extend(only);
                }
            }
            let is_rule = |name: &&&str| members.get(**name).is_some_and(|rule| !rule.is_object());
            let rules: Vec<&str> = LEFT_TO_CHECKS.iter().filter(is_rule).copied().collect();
            for rule in rules {
                members.remove(rule);
            }
            members.values_mut().for_each(tighten);
        }
        Value::Array(items) => items.iter_mut().for_each(tighten),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A breach of the schema.
#[derive(Debug)]
pub(super) struct Breach {
    pub(super) problem: Problem,
    /// What must go for the rest to be read.
    pub(super) cut: KeyPath,
    /// Whether it is a scalar of another type.
    pub(super) is_type: bool,
}

/// All breaches of the schema, in the order of their places.
pub(super) fn breaches(document: &Value) -> Vec<Breach> {
    let (schema, Some(validator)) = &*CHECKED_BY else { return Vec::new() };
    let mut breaches: Vec<Breach> = Vec::new();
    for error in validator.iter_errors(document) {
        breaches.extend(of(&error, schema, document));
    }
    breaches.sort_by(|a, b| a.problem.path.cmp(&b.problem.path));
    breaches
}

fn of(error: &ValidationError<'_>, schema: &Value, document: &Value) -> Vec<Breach> {
    let path = path(error, document);
    let got = shown(error.instance());
    let breach = |problem: Problem, is_type| Breach { cut: problem.path.clone(), problem, is_type };
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let known = known(error, schema);
            let unknown = unexpected.iter().map(|key| {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let expected = format!("one of the keys {}", listed(known.iter().copied()));
                let mut problem = Problem::error(path.key(key), expected, "another key");
                let slip = meant(key, known).map(|name| format!("did you mean `{name}`?"));
                let place = || PLACES.get(key).map(|place| format!("it belongs at `{place}`"));
                problem.hint = slip.or_else(place);
                breach(problem, false)
            });
            unknown.collect()
        }
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let problem = Problem::error(path.key(name), expected(error, schema, name), "nothing");
            vec![Breach { cut: path, problem, is_type: false }]
        }
        ValidationErrorKind::Type { kind } => {
            let problem = Problem::error(path, type_name(kind), got);
            let problem = match error.instance().as_ref() {
                Value::Number(_) | Value::Bool(_) if is_text(kind) => {
                    problem.hint("put it in quotes")
                }
                _ => problem,
            };
            vec![breach(problem, true)]
        }
        ValidationErrorKind::OneOfNotValid { .. }
        | ValidationErrorKind::AnyOf { .. }
        | ValidationErrorKind::Enum { .. }
        | ValidationErrorKind::Constant { .. } => {
            let words = words(at(schema, error.schema_path().as_str()));
            let words: Vec<&str> = words.iter().filter_map(|word| word.as_str()).collect();
            let known = match words.as_slice() {
                [only] => format!("`{only}`"),
                several => format!("one of {}", listed(several.iter().copied())),
            };
            let mut problem = Problem::error(path, known, got);
            let is_choice = words.len() > 1;
            let got = error.instance().as_str().filter(|_| is_choice);
            let meant = got.and_then(|got| meant(got, words));
            problem.hint = meant.map(|name| format!("did you mean `{name}`?"));
            vec![breach(problem, false)]
        }
        ValidationErrorKind::Minimum { limit } => {
            vec![breach(Problem::error(path, format!("at least {limit}"), got), false)]
        }
        ValidationErrorKind::Maximum { limit } => {
            vec![breach(Problem::error(path, format!("at most {limit}"), got), false)]
        }
        // None of the rules that the types have; what it says may hold the value.
        _ => {
            let rule = quoted(error.kind().keyword());
            vec![breach(
                Problem::error(path, format!("what {rule} of the schema allows"), got),
                false,
            )]
        }
    }
}

/// Where an error is. Keys of digits alone look like indexes there.
fn path(error: &ValidationError<'_>, document: &Value) -> KeyPath {
    let mut path = KeyPath::default();
    let mut value = document;
    for segment in error.instance_path().segments() {
        (path, value) = match segment {
            LocationSegment::Index(index) if value.is_array() => {
                (path.index(index), value.get(index).unwrap_or(&Value::Null))
            }
            segment => {
                let key = segment.to_string();
                (path.key(key.as_str()), value.get(&key).unwrap_or(&Value::Null))
            }
        };
    }
    path
}

/// The part of a schema at a JSON pointer that leads to a keyword: the object that has it.
fn at<'a>(schema: &'a Value, pointer: &str) -> &'a Value {
    let (owner, _) = pointer.rsplit_once('/').unwrap_or_default();
    schema.pointer(owner).unwrap_or(&Value::Null)
}

/// The keys that may stand where an error is.
fn known(error: &ValidationError<'_>, schema: &Value) -> Vec<String> {
    let keys = |properties: &Map<String, Value>| properties.keys().cloned().collect();
    at(schema, error.schema_path().as_str())["properties"].as_object().map(keys).unwrap_or_default()
}

/// What should be at a key that is missing.
fn expected(error: &ValidationError<'_>, schema: &Value, name: &str) -> String {
    let property = &at(schema, error.schema_path().as_str())["properties"][name];
    let property = resolved(schema, property);
    match (words(property).as_slice(), property["type"].as_str()) {
        ([only], _) => format!("`{}`", only.as_str().unwrap_or_default()),
        ([], Some("object")) => "a mapping".to_owned(),
        ([], Some("array")) => "a list".to_owned(),
        ([], Some("integer")) => "a whole number".to_owned(),
        ([], Some("number")) => "a number".to_owned(),
        ([], Some("string")) => "a text".to_owned(),
        _ => "a value".to_owned(),
    }
}

/// A schema, or what it refers to.
fn resolved<'a>(schema: &'a Value, property: &'a Value) -> &'a Value {
    match property["$ref"].as_str().and_then(|target| target.strip_prefix('#')) {
        Some(pointer) => schema.pointer(pointer).unwrap_or(property),
        None => property,
    }
}

/// The words of a choice.
fn words(schema: &Value) -> Vec<Value> {
    let choices = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
    let nested = choices.into_iter().flatten().flat_map(words);
    let listed = schema["enum"].as_array().into_iter().flatten().cloned();
    nested.chain(listed).chain(schema.get("const").cloned()).collect()
}

fn is_text(kind: &TypeKind) -> bool {
    matches!(kind, TypeKind::Single(JsonType::String))
}

fn type_name(kind: &TypeKind) -> String {
    let name = |kind: JsonType| match kind {
        JsonType::Array => "a list",
        JsonType::Boolean => "`true` or `false`",
        JsonType::Integer => "a whole number",
        JsonType::Null => "nothing",
        JsonType::Number => "a number",
        JsonType::Object => "a mapping",
        JsonType::String => "a text",
    };
    match kind {
        TypeKind::Single(kind) => name(*kind).to_owned(),
        TypeKind::Multiple(kinds) => kinds.iter().map(name).collect::<Vec<_>>().join(" or "),
    }
}

/// Takes out what a breach is about; an item with its whole list, as others would move to its place.
/// Gives what is gone.
pub(super) fn cut(document: &mut Value, path: &KeyPath) -> KeyPath {
    let is_key = |step: &Step| matches!(step, Step::Key(_));
    let kept = path.steps().iter().take_while(|step| is_key(step)).cloned();
    let path = kept.fold(KeyPath::default(), |path, step| path.then(step));
    if let Some((owner, Step::Key(key))) = path.split_last() {
        let owner = owner.steps().iter().try_fold(document, |value, step| match step {
            Step::Key(key) => value.get_mut(key),
            Step::Index(_) => None,
        });
        if let Some(Value::Object(members)) = owner {
            members.remove(key);
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use radiant_contract::{EnvSource, ProcessEnv};

    use super::*;

    fn told(document: &Value) -> Vec<String> {
        let breaches = breaches(document).into_iter();
        breaches.map(|breach| breach.problem.to_string()).collect()
    }

    fn with(key: &str, value: Value) -> Value {
        let mut document =
            json!({"apiVersion": "radiant.dev/v1", "kind": "Deployment", "name": "fraud"});
        document[key] = value;
        document
    }

    #[test]
    fn the_schema_can_be_used() {
        assert!(CHECKED_BY.1.is_some());
        assert_eq!(told(&with("name", "fraud".into())), Vec::<String>::new());
    }

    #[test]
    fn all_breaches_are_told_with_their_places() {
        let document = json!({
            "apiVersion": "radiant.dev/v2",
            "name": 7,
            "model": {"formats": "onnx"},
            "scale": {"replicas": -1, "auto": {"min": 1}},
            "tests": [{"request": "a", "expect": "b", "tolerance": "x"}],
            "rollout": {"strategy": "canary1"},
            "server": {"env": {"A": 1}, "mode": []},
            "graph": {"name": "a", "children": [{"name": "b", "types": "model"}]},
        });
        let expected = [
            "`apiVersion`: expected `radiant.dev/v1`, got `radiant.dev/v2`",
            "`graph.children[0].types`: expected one of the keys `children`, `env`, `image`, \
             `implementation`, `logger`, `model`, `name`, `parameters`, `resources` or `type`, got \
             another key",
            "`kind`: expected `Deployment`, got nothing",
            "`model.formats`: expected one of the keys `digest`, `format`, `method`, `path` or `uri`, \
             got another key",
            "`name`: expected a text, got the number 7",
            "`rollout.strategy`: expected one of `rolling`, `recreate`, `canary` or `shadow`, got \
             `canary1`",
            "`scale.auto.max`: expected a whole number, got nothing",
            "`scale.replicas`: expected at least 0, got the number -1",
            "`server.env.A`: expected a text, got the number 1",
            "`server.mode`: expected one of `custom`, `prepackaged` or `initializer`, got a list",
            "`tests[0].tolerance`: expected a number, got `x`",
        ];
        assert_eq!(told(&document), expected);
        let hints = breaches(&document).into_iter().filter_map(|breach| breach.problem.hint);
        let expected = [
            "did you mean `type`?",
            "did you mean `format`?",
            "put it in quotes",
            "did you mean `canary`?",
            "put it in quotes",
        ];
        assert_eq!(hints.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_key_in_the_wrong_place_is_told_the_right_one() {
        for (key, value, expected) in [
            ("replicas", json!(2), "it belongs at `scale.replicas`"),
            ("uri", json!("a"), "it belongs at `model.uri`"),
            ("nodeSelector", json!({}), "it belongs at `pod.nodeSelector`"),
            ("minAvailable", json!(1), "it belongs at `scale.pdb.minAvailable`"),
        ] {
            let hint = breaches(&with(key, value)).remove(0).problem.hint;
            assert_eq!(hint.as_deref(), Some(expected), "{key}");
        }
        let document = with("model", json!({"name": "a"}));
        let hint = breaches(&document).remove(0).problem.hint;
        assert_eq!(hint.as_deref(), Some("it belongs at `name`"));
        assert_eq!(breaches(&with("nothing", json!(1))).remove(0).problem.hint, None);
    }

    #[test]
    fn nothing_is_said_of_values_alone() {
        assert_eq!(told(&json!("a")), ["expected a mapping, got `a`"]);
    }

    #[test]
    fn editors_are_told_of_forms_too() {
        let published = jsonschema::validator_for(&published()).unwrap();
        let timeout = |text: &str| with("rollout", json!({"timeout": text}));
        for (document, is_valid) in [
            (with("name", "fraud".into()), true),
            (with("name", "Fraud".into()), false),
            (with("namespace", Value::Null), true),
            (with("namespace", "a.b".into()), false),
            (timeout("1h30m"), true),
            (timeout("soon"), false),
        ] {
            assert_eq!(published.is_valid(&document), is_valid, "{document}");
        }
    }

    #[test]
    fn what_is_cut_is_gone_with_its_list() {
        let mut document = json!({"a": {"b": 1, "c": [{"d": 2}]}});
        assert_eq!(cut(&mut document, &KeyPath::parse("a.c[0].d").unwrap()), KeyPath::of("a.c"));
        assert_eq!(document, json!({"a": {"b": 1}}));
        cut(&mut document, &KeyPath::of("x.y"));
        assert_eq!(document, json!({"a": {"b": 1}}));
    }

    #[test]
    fn the_published_schema_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/radiant.schema.json");
        let now = format!("{:#}\n", published());
        if ProcessEnv.get("UPDATE_DOCS").is_some() {
            std::fs::write(path, &now).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        let way_out = "run `UPDATE_DOCS=1 cargo test -p radiant-deploy schema_is_current`";
        assert!(written == now, "docs/radiant.schema.json is not what the types say: {way_out}");
    }
}
