//! From a configuration to a model that the server can take: finds it, puts it on an engine, and
//! gathers what it says of itself.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, anyhow};
use radiant_contract::metadata::TEXT_BYTES_MAX;
use radiant_contract::repository::QueuePolicy;
use radiant_contract::{Layer, Metadata, ports};
use radiant_core::schema::Scoring;
use radiant_core::{Signature, Value};
use radiant_server::config::{Config, Isolated, Method};
use radiant_server::{LoadError, Model, OutputChoice, Served};
use radiant_storage::ModelUri;

use crate::fetcher::Fetcher;
use crate::trial::{self, Trial};
use crate::verify::verify;
use crate::{Builtin, engines};

/// Which model to load, and how.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) uri: ModelUri,
    /// The model's file in that folder, where that is known.
    pub(crate) file: Option<String>,
    /// Whether it is the one that Seldon's parameters and metadata speak of.
    pub(crate) is_main: bool,
    /// The engine, the method and the output that it has of its own.
    pub(crate) engine: Option<String>,
    pub(crate) method: Option<String>,
    pub(crate) output: Option<String>,
    /// How long its requests may take, and which of them come first.
    pub(crate) queue: QueuePolicy,
}

impl Wish {
    /// A further model, loaded as the configuration says.
    pub(crate) fn new(name: &str, version: &str, uri: ModelUri) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            uri,
            file: None,
            is_main: false,
            engine: None,
            method: None,
            output: None,
            queue: QueuePolicy::default(),
        }
    }
}

/// Loads a model as `config` and the wish say; `say` is told what is being done, and `serving` is
/// whether other models are being served meanwhile.
///
/// Blocks until it is loaded.
///
/// # Errors
/// When it cannot be found or read, no engine takes it, or its metadata is wrong.
pub(crate) fn load(
    (config, fetcher, builtins): (&Config, &Fetcher, &[Builtin]),
    wish: &Wish,
    (say, serving): (&dyn Fn(&str), bool),
) -> Result<Model, LoadError> {
    let Wish { uri, .. } = wish;
    let source = Source { config, fetcher, wish, serving };
    let model = match uri {
        ModelUri::Builtin(name) => builtin(&source, builtins, name),
        ModelUri::Local(_) | ModelUri::Remote(_) => file(&source, say),
    };
    model.map_err(|error| {
        LoadError::new(format!("cannot load the model `{uri}`")).with_source(error)
    })
}

/// One model of a configuration.
struct Source<'a> {
    config: &'a Config,
    fetcher: &'a Fetcher,
    wish: &'a Wish,
    /// Whether other models are being served meanwhile.
    serving: bool,
}

impl Source<'_> {
    fn is_tried_out(&self) -> bool {
        match self.config.loading.isolated {
            Isolated::Auto => self.serving || matches!(self.wish.uri, ModelUri::Remote(_)),
            Isolated::Always => true,
            Isolated::Never => false,
        }
    }

    /// The name of its engine, or `auto`.
    fn engine(&self) -> &str {
        self.wish.engine.as_ref().unwrap_or(&self.config.engine)
    }

    fn method(&self) -> anyhow::Result<Method> {
        let own = self.wish.method.as_deref().map(|name| {
            Method::named(name).ok_or_else(|| {
                anyhow!("expected method {}, got `{name}`", Method::NAMES.join(", "))
            })
        });
        Ok(own.transpose()?.unwrap_or(self.config.method))
    }

    fn trial(&self, path: &Path) -> Trial {
        let Config { engine_threads, loading, .. } = self.config;
        Trial {
            path: path.to_owned(),
            engine: self.engine().to_owned(),
            threads: *engine_threads,
            ort_library: loading.ort_library.clone(),
            pickle_allow: loading.pickle_allow.clone(),
            memory_max: loading.memory_max,
            timeout: loading.timeout,
        }
    }
}

fn builtin(source: &Source<'_>, builtins: &[Builtin], name: &str) -> anyhow::Result<Model> {
    let served = make(builtins, name)?;
    let own = match &served {
        Served::Component(component) => component.metadata(),
        Served::Engine(_) => None,
    };
    let own = own.map(|value| Layer::from_value("the component", json(value)));
    let metadata = metadata(source, own.transpose()?)?;
    tracing::info!(model = source.wish.name, builtin = name, "builtin made");
    model(source, served, &metadata, "radiant_builtin")
}

/// Makes the builtin of this name.
///
/// # Errors
/// When there is none; the message lists those that are.
fn make(builtins: &[Builtin], name: &str) -> anyhow::Result<Served> {
    let builtin = builtins.iter().find(|builtin| builtin.name == name);
    builtin.map(|builtin| (builtin.make)()).ok_or_else(|| {
        let names: Vec<_> = builtins.iter().map(|builtin| format!("`{}`", builtin.name)).collect();
        anyhow!("expected a builtin out of {}, got `{name}`", names.join(", "))
    })
}

fn file(source: &Source<'_>, say: &dyn Fn(&str)) -> anyhow::Result<Model> {
    let config = source.config;
    let started = Instant::now();
    if let ModelUri::Remote(uri) = &source.wish.uri {
        say(&format!("fetching {uri}"));
    }
    let fetched = source.fetcher.local(&source.wish.uri)?;
    let path = match &source.wish.file {
        Some(file) => radiant_storage::resolve(&fetched.folder().join(file))?.path,
        None => radiant_storage::resolve(fetched.path())?.path,
    };
    say(&format!("loading {}", path.display()));
    let own = metadata_file(path.parent().unwrap_or(Path::new(".")))?;
    if source.is_tried_out() {
        say(&format!("trying {} out in a process of its own", path.display()));
        trial::try_out(&source.trial(&path))?;
        say(&format!("loading {}", path.display()));
    }
    let options = engines::Options {
        choice: source.engine().parse()?,
        threads: config.engine_threads,
        run_threads: config.run_threads,
        ort_library: config.loading.ort_library.clone(),
    };
    let file = engines::ModelFile::read(&path, &config.loading.pickle_allow)?;
    let platform = file.platform();
    let loaded = engines::load_file(file, &options)?;
    let engines::Loaded { engine, reason, seldon_output, scoring, metadata: noted } = loaded;
    let noted = noted.map(|value| Layer::from_value("MLmodel", value)).transpose()?;
    let metadata = metadata(source, noted.into_iter().chain(own))?;
    let load_time = started.elapsed();
    if config.loading.verify {
        say("running the model's test data");
        let folder = path.parent().unwrap_or(Path::new("."));
        let n_passed = verify(&*engine, folder).context("the model does not pass its test data")?;
        tracing::info!(model = source.wish.name, n_passed, "test data passed");
    }
    let signature = engine.signature();
    tracing::info!(
        model = source.wish.name,
        version = source.wish.version,
        path = %path.display(),
        engine = engine.name(),
        reason = &*reason,
        inputs = specs(&signature.inputs),
        outputs = specs(&signature.outputs),
        load_ms = load_time.as_secs_f64() * 1e3,
        "model loaded"
    );
    let class_names = class_names(&metadata, signature);
    let model = model(source, Served::Engine(engine), &metadata, platform)?;
    let output = match (&model.output, seldon_output) {
        (OutputChoice::Probabilities, Some(name)) => OutputChoice::Named(name),
        (chosen, _) => chosen.clone(),
    };
    Ok(Model { class_names, reason, output, scoring, ..model })
}

fn model(
    source: &Source<'_>,
    served: Served,
    metadata: &Metadata,
    platform: &str,
) -> anyhow::Result<Model> {
    let config = source.config;
    let of_main = config.output.as_ref().filter(|_| source.wish.is_main);
    let output = match (source.wish.output.as_ref().or(of_main), source.method()?) {
        (Some(name), _) => OutputChoice::Named(name.clone()),
        (_, Method::Probabilities) => OutputChoice::Probabilities,
        (_, Method::Labels) => OutputChoice::Labels,
        (_, Method::Decision) => OutputChoice::Decision,
    };
    Ok(Model {
        served,
        output,
        class_names: None,
        request_path: config.node.request_path(),
        metadata: metadata.to_json() + "\n",
        platform: platform.to_owned(),
        reason: String::new(),
        scoring: Scoring::default(),
        queue: source.wish.queue,
    })
}

/// What the model says of itself, with `MODEL_METADATA` over it where it is the main one.
fn metadata(source: &Source<'_>, own: impl IntoIterator<Item = Layer>) -> anyhow::Result<Metadata> {
    let config = source.config;
    let environment = config.metadata.clone().filter(|_| source.wish.is_main);
    let layers: Vec<Layer> = own.into_iter().chain(environment).collect();
    Metadata::merge(config.node.unit_image.as_deref(), &layers).map_err(|problems| {
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        anyhow!("the model's metadata is wrong: {}", problems.join("; "))
    })
}

/// The metadata in a model's folder, if there is any.
fn metadata_file(folder: &Path) -> anyhow::Result<Option<Layer>> {
    let path = folder.join(ports::METADATA_FILE);
    if !path.is_file() {
        return Ok(None);
    }
    let mut text = String::new();
    // One byte more than may be there: enough for the length to be refused.
    let limit = TEXT_BYTES_MAX as u64 + 1;
    File::open(&path)
        .and_then(|file| file.take(limit).read_to_string(&mut text))
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(Some(Layer::parse(ports::METADATA_FILE, &text)?))
}

/// The columns' names from the metadata's first output, where they are as many as the columns.
fn class_names(metadata: &Metadata, signature: &Signature) -> Option<Vec<String>> {
    let names = metadata.output_names()?;
    let output = signature.classifier.as_ref().map_or(0, |classifier| classifier.probabilities);
    let columns = signature.outputs.get(output).and_then(|output| *output.dims.get(1)?);
    match columns {
        Some(columns) if columns != names.len() => {
            tracing::warn!(
                columns,
                names = names.len(),
                "the metadata names another number of columns than there are: not used"
            );
            None
        }
        Some(_) | None => Some(names),
    }
}

/// `x FP32 [-1, 4], y INT64 [-1]`
pub(crate) fn specs(specs: &[radiant_core::TensorSpec]) -> String {
    let specs: Vec<_> = specs.iter().map(|spec| format!("{} {spec}", spec.name)).collect();
    specs.join(", ")
}

/// A component's value as JSON has it; numbers that JSON lacks become null.
fn json(value: Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(flag) => flag.into(),
        Value::Int(number) => number.into(),
        Value::BigInt(digits) => digits.parse::<f64>().unwrap_or(f64::NAN).into(),
        Value::Float(number) => number.into(),
        Value::Text(text) => text.into(),
        Value::List(items) => items.into_iter().map(json).collect(),
        Value::Map(entries) => entries.into_iter().map(|(key, item)| (key, json(item))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use radiant_contract::MapEnv;
    use radiant_core::{Classifier, Component, DType, Error, Payload, Reply, Strings, TensorSpec};
    use radiant_server::config::Flags;

    use super::*;

    #[derive(Debug)]
    struct Described;

    impl Component for Described {
        fn predict(&self, input: Payload, _names: &[String]) -> Result<Reply, Error> {
            Ok(Reply::new(input))
        }

        fn metadata(&self) -> Option<Value> {
            let entries = [("name", "described"), ("platform", "own")];
            let entries = entries.map(|(key, text)| (key.to_owned(), Value::from(text)));
            Some(Value::Map(entries.into_iter().collect()))
        }
    }

    const DESCRIBED: Builtin =
        Builtin { name: "described", make: || Served::Component(Arc::new(Described)) };

    fn config(model: &str, variables: &[(&str, &str)]) -> Config {
        let flags = Flags { model: Some(model.to_owned()), ..Flags::default() };
        let env: MapEnv = variables.iter().copied().collect();
        Config::build(&flags, &env, None).expect("the configuration is valid")
    }

    fn main(config: &Config) -> Wish {
        let (name, uri) = config.given().next().expect("there is a main model");
        Wish { is_main: true, ..Wish::new(name, "1", uri.clone()) }
    }

    fn load_main(config: &Config, builtins: &[Builtin]) -> Result<Model, LoadError> {
        let fetcher = Fetcher::new(config.fetching.clone());
        load((config, &fetcher, builtins), &main(config), (&|_| {}, false))
    }

    fn chain(error: &dyn std::error::Error) -> String {
        let source = error.source().map(|source| format!(": {}", chain(source)));
        format!("{error}{}", source.unwrap_or_default())
    }

    #[test]
    fn a_builtin_is_served_with_its_metadata_and_the_environments_over_it() {
        let variables = [
            ("PREDICTIVE_UNIT_IMAGE", "org/img:1.0"),
            ("PREDICTIVE_UNIT_ID", "node"),
            ("MODEL_METADATA", "platform: env"),
        ];
        let config = config("builtin:described", &variables);
        let model = load_main(&config, &[crate::ECHO, DESCRIBED]).expect("it is compiled in");
        assert_eq!(
            model.metadata,
            "{\"custom\":{},\"inputs\":[],\"name\":\"described\",\"outputs\":[],\
             \"platform\":\"env\",\"versions\":[\"1.0\"]}\n"
        );
        assert_eq!(model.output, OutputChoice::Probabilities);
        assert_eq!(model.request_path, Some(("node".into(), "org/img:1.0".into())));
        assert!(matches!(model.served, Served::Component(_)));
    }

    #[test]
    fn what_cannot_be_loaded_says_why() {
        let problem = |model| {
            let config = config(model, &[]);
            let loaded = load_main(&config, &[crate::ECHO]);
            chain(&loaded.expect_err("there is none"))
        };
        assert_eq!(
            problem("builtin:nope"),
            "cannot load the model `builtin:nope`: expected a builtin out of `echo`, got `nope`"
        );
        assert_eq!(
            problem("/no/such/model"),
            "cannot load the model `/no/such/model`: model `/no/such/model`: expected a file or \
             folder, got nothing"
        );
    }

    #[test]
    fn metadata_in_the_models_folder_is_read_and_bounded() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        assert_eq!(metadata_file(folder.path()).expect("no file is fine"), None);
        let write = |text: &str| {
            let path = folder.path().join(ports::METADATA_FILE);
            std::fs::write(path, text).expect("a file can be written");
        };
        write("name: iris");
        let layer = metadata_file(folder.path()).expect("the file is YAML").expect("it is there");
        assert_eq!(layer.entries["name"], "iris");
        write(&" ".repeat(TEXT_BYTES_MAX + 100));
        let error = metadata_file(folder.path()).expect_err("the file is too long");
        assert!(error.to_string().starts_with("metadata.yaml: expected at most"), "{error}");
    }

    #[test]
    fn column_names_are_used_when_they_are_as_many_as_the_columns() {
        let spec = |dims: &[Option<usize>]| TensorSpec::new("y", DType::F32, dims.to_vec());
        let classifier = Classifier { labels: 0, probabilities: 1, classes: Strings::new() };
        let signature = |columns| Signature {
            classifier: Some(classifier.clone()),
            ..Signature::new(Vec::new(), vec![spec(&[None]), spec(&[None, columns])])
        };
        let text = "outputs: [{messagetype: tensor, schema: {names: [a, b]}}]";
        let layer = Layer::parse("metadata.yaml", text).expect("the text is YAML");
        let metadata = Metadata::merge(None, &[layer]).expect("the metadata is valid");
        let names = Some(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(class_names(&metadata, &signature(Some(2))), names);
        assert_eq!(class_names(&metadata, &signature(None)), names);
        assert_eq!(class_names(&metadata, &signature(Some(3))), None);
    }
}
