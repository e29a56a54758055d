//! The models that are served beside the main one.

use radiant_contract::env::RADIANT_ALSO;
use radiant_storage::ModelUri;

use super::Flags;
use super::resolve::{Effective, Resolver, Source};
use super::value::NAME;

const OPTION: &str = "also";

/// The further models with their names: from the flag, one each time it was given, else from the
/// variable, separated by commas. No name comes twice, and none is `main`, the main model's.
pub(super) fn models(
    resolver: &mut Resolver<'_>,
    flags: &Flags,
    main: &str,
) -> Vec<(String, ModelUri)> {
    let (entries, source) = entries(resolver, flags);
    let mut models: Vec<(String, ModelUri)> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        match model(entry).and_then(|found| unlike(&models, main, found)) {
            Ok(found) => models.push(found),
            // Told by its number: what does not parse may hold a password anywhere.
            Err(wrong) => {
                let message = format!("model {}: {wrong}", index + 1);
                resolver.problem(OPTION, source.clone(), message);
            }
        }
    }
    let printed: Vec<String> = models.iter().map(|(name, uri)| format!("{name}={uri}")).collect();
    resolver.effective.push(Effective { name: OPTION, value: printed.join(","), source });
    models
}

fn entries(resolver: &Resolver<'_>, flags: &Flags) -> (Vec<String>, Source) {
    if !flags.also.is_empty() {
        return (flags.also.clone(), Source::Flag(OPTION));
    }
    match RADIANT_ALSO.read(resolver.env) {
        Some(text) => {
            (text.split(',').map(str::to_owned).collect(), Source::Env(RADIANT_ALSO.name))
        }
        None => (Vec::new(), Source::Default),
    }
}

/// Reads `NAME=MODEL`.
fn model(entry: &str) -> Result<(String, ModelUri), String> {
    let Some((name, uri)) = entry.split_once('=') else {
        return Err("expected NAME=MODEL, got no `=`".to_owned());
    };
    let Some(name) = (NAME.parse)(name.trim()) else {
        return Err(format!("expected {} before the `=`, got another", NAME.accepts));
    };
    match ModelUri::parse(uri.trim()) {
        Ok(uri) => Ok((name, uri)),
        Err(error) => Err(format!("`{name}`: {error}")),
    }
}

/// Passes a model on whose name nobody has yet.
fn unlike(
    earlier: &[(String, ModelUri)],
    main: &str,
    found: (String, ModelUri),
) -> Result<(String, ModelUri), String> {
    let name = &found.0;
    let owner = if name == main {
        Some("the main model's".to_owned())
    } else {
        let twin = earlier.iter().find(|(other, _)| other == name);
        twin.map(|(_, uri)| format!("that of `{uri}`"))
    };
    match owner {
        Some(owner) => Err(format!("expected a name of its own, got `{name}`, which is {owner}")),
        None => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use radiant_contract::MapEnv;

    use super::super::{Config, ConfigErrors};
    use super::*;

    fn build(flags: &[&str], variable: &str) -> Result<Config, ConfigErrors> {
        let flags = Flags {
            model: Some("iris.onnx".to_owned()),
            also: flags.iter().map(ToString::to_string).collect(),
            ..Flags::default()
        };
        let env: MapEnv = [("RADIANT_ALSO", variable)].into_iter().collect();
        Config::build(&flags, &env, None)
    }

    fn shown(config: &Config) -> (Vec<(&str, String)>, &str, String) {
        let also = config.also.iter().map(|(name, uri)| (name.as_str(), uri.to_string())).collect();
        let mut options = config.effective.iter();
        let option = options.find(|option| option.name == OPTION).expect("it is reported");
        (also, &option.value, option.source.to_string())
    }

    #[test]
    fn further_models_come_from_the_flag_or_else_from_the_variable() {
        let config = build(&[], "").expect("none is fine");
        assert_eq!(shown(&config), (vec![], "", "default".into()));

        let config = build(&[], "digits=/m/digits.onnx, echo=builtin:echo").expect("it is a list");
        assert_eq!(
            shown(&config),
            (
                vec![("digits", "/m/digits.onnx".into()), ("echo", "builtin:echo".into())],
                "digits=/m/digits.onnx,echo=builtin:echo",
                "environment variable RADIANT_ALSO".into()
            )
        );

        let config = build(&["a=/m/x,y=1"], "digits=/m/digits.onnx").expect("the flag holds");
        assert_eq!(
            shown(&config),
            (vec![("a", "/m/x,y=1".into())], "a=/m/x,y=1", "flag --also".into())
        );
    }

    #[test]
    fn each_wrong_model_is_told_by_its_number_and_without_secrets() {
        let flags = [
            "https://user:SECRET@host/m",
            "=m.onnx",
            "https://user:SECRET@host/m?sig=SECRET",
            "b=",
            "iris=other.onnx",
            "a=https://user:SECRET@host/a",
            "a=/m/a",
            "c=/m/c",
        ];
        let errors = build(&flags, "").expect_err("most are wrong");
        let lines: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "`also` from flag --also: model 1: expected NAME=MODEL, got no `=`",
                "`also` from flag --also: model 2: expected a name without `/` and control \
                 characters before the `=`, got another",
                "`also` from flag --also: model 3: expected a name without `/` and control \
                 characters before the `=`, got another",
                "`also` from flag --also: model 4: `b`: model uri: expected a path or an address, \
                 got ``",
                "`also` from flag --also: model 5: expected a name of its own, got `iris`, which \
                 is the main model's",
                "`also` from flag --also: model 7: expected a name of its own, got `a`, which is \
                 that of `https://***@host/a`",
            ]
        );
        let errors = build(&[], "a=/m/a,").expect_err("nothing follows the comma");
        assert_eq!(
            errors.to_string(),
            "`also` from environment variable RADIANT_ALSO: model 2: expected NAME=MODEL, got no \
             `=`"
        );
    }
}
