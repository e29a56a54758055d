//! Which models there are: one, others beside it, those of a repository; and what they may take.

use radiant_contract::env::{
    MLSERVER_MODEL_NAME, MLSERVER_MODEL_URI, MLSERVER_MODEL_VERSION, PREDICTIVE_UNIT_ID,
    RADIANT_METHOD, RADIANT_MODEL, RADIANT_MODEL_VERSION, RADIANT_MODELS_MEMORY, RADIANT_NAME,
    RADIANT_OUTPUT, RADIANT_RELOAD_INTERVAL, RADIANT_REPOSITORY,
};
use radiant_contract::ports;
use radiant_storage::ModelUri;

use super::choice::default_name;
use super::resolve::Resolver;
use super::value::{DURATION_OR_NONE, Kind, METHOD, MODEL, NAME, SIZE_OR_NONE, TEXT};
use super::{Config, Flags, also};

impl Config {
    /// The models that were given one by one, each with its name, the main one first; none where there
    /// is a repository and nothing beside it.
    pub fn given(&self) -> impl Iterator<Item = (&str, &ModelUri)> {
        let main = self.model.as_ref().map(|uri| (self.model_name.as_str(), uri));
        main.into_iter().chain(self.also.iter().map(|(name, uri)| (name.as_str(), uri)))
    }
}

const REPOSITORY: Kind<ModelUri> = Kind {
    accepts: "a folder or a URI",
    parse: |text| ModelUri::parse(text.trim()).ok().filter(|uri| !is_builtin(uri)),
    print: ToString::to_string,
};

const fn is_builtin(uri: &ModelUri) -> bool {
    matches!(uri, ModelUri::Builtin(_))
}

/// What holds of all this.
pub(super) fn models(config: &mut Config, resolver: &mut Resolver<'_>, flags: &Flags) {
    let has_repository =
        flags.repository.is_some() || RADIANT_REPOSITORY.read(resolver.env).is_some();
    config.model = model(resolver, flags, has_repository);
    config.model_name = resolver
        .option("name")
        .flag(flags.name.as_ref())
        .env(&[&RADIANT_NAME, &PREDICTIVE_UNIT_ID, &MLSERVER_MODEL_NAME])
        .or(&NAME, config.model.as_ref().map(default_name).unwrap_or_default());
    config.model_version = resolver
        .option("model_version")
        .flag(flags.model_version.as_ref())
        .env(&[&RADIANT_MODEL_VERSION, &MLSERVER_MODEL_VERSION])
        .or(&NAME, config.model_version.clone());
    config.method = resolver
        .option("method")
        .flag(flags.method.as_ref())
        .env(&[&RADIANT_METHOD])
        .parameter("method")
        .or(&METHOD, config.method);
    config.output = resolver
        .option("output")
        .flag(flags.output.as_ref())
        .env(&[&RADIANT_OUTPUT])
        .parameter("output")
        .optional(&TEXT);
    config.also = also::models(resolver, flags, &config.model_name);
    config.repository = resolver
        .option("repository")
        .flag(flags.repository.as_ref())
        .env(&[&RADIANT_REPOSITORY])
        .optional(&REPOSITORY);
    config.reload_interval = resolver
        .option("reload_interval")
        .flag(flags.reload_interval.as_ref())
        .env(&[&RADIANT_RELOAD_INTERVAL])
        .or(&DURATION_OR_NONE, config.reload_interval);
    config.models_memory = resolver
        .option("models_memory")
        .flag(flags.models_memory.as_ref())
        .env(&[&RADIANT_MODELS_MEMORY])
        .or(&SIZE_OR_NONE, config.models_memory);
}

/// The one model. Beside a repository it is one that somebody chose to have there: what an operator sets
/// in every pod, and the folder that is looked in otherwise, are not meant then.
fn model(resolver: &mut Resolver<'_>, flags: &Flags, has_repository: bool) -> Option<ModelUri> {
    let search =
        resolver.option("model").argument(flags.model.as_ref(), "MODEL").env(&[&RADIANT_MODEL]);
    if has_repository {
        return search.optional(&MODEL);
    }
    let search = search.parameter("model_uri").env(&[&MLSERVER_MODEL_URI]);
    Some(search.or(&MODEL, ModelUri::Local(ports::MODEL_DIR.into())))
}

#[cfg(test)]
mod tests {
    use radiant_contract::MapEnv;

    use super::*;

    fn given(flags: &Flags, variables: &[(&str, &str)]) -> (Vec<String>, String) {
        let env: MapEnv = variables.iter().copied().collect();
        let config = Config::build(flags, &env, None).expect("the configuration is valid");
        let given = config.given().map(|(name, uri)| format!("{name}={uri}")).collect();
        (given, config.repository.map(|uri| uri.to_string()).unwrap_or_default())
    }

    #[test]
    fn beside_a_repository_a_model_is_one_that_somebody_chose() {
        let repository = Flags { repository: Some("/repository".to_owned()), ..Flags::default() };
        let also = Flags { also: vec!["b=/b.onnx".to_owned()], ..repository.clone() };
        let chosen = Flags { model: Some("/a.onnx".to_owned()), ..repository.clone() };
        let operator = [("MLSERVER_MODEL_URI", "/mnt/models"), ("PREDICTIVE_UNIT_ID", "unit")];
        let variable = [("RADIANT_REPOSITORY", "/other"), ("RADIANT_MODEL", "/c.onnx")];
        for (flags, variables, expected, folder) in [
            (&Flags::default(), &[][..], &["models=/mnt/models"][..], ""),
            (&Flags::default(), &operator, &["unit=/mnt/models"], ""),
            (&repository, &operator, &[], "/repository"),
            (&also, &[], &["b=/b.onnx"], "/repository"),
            (&chosen, &operator, &["unit=/a.onnx"], "/repository"),
            (&Flags::default(), &variable, &["c=/c.onnx"], "/other"),
        ] {
            let (given, repository) = given(flags, variables);
            let given: Vec<&str> = given.iter().map(String::as_str).collect();
            assert_eq!((&given[..], &*repository), (expected, folder));
        }
    }

    #[test]
    fn a_repository_is_no_part_of_the_program() {
        let flags = Flags { repository: Some("builtin:echo".to_owned()), ..Flags::default() };
        let errors = Config::build(&flags, &MapEnv::default(), None).expect_err("it is wrong");
        let line = "`repository` from flag --repository: expected a folder or a URI, got \
                    `builtin:echo`";
        assert_eq!(errors.to_string(), line);
    }
}
