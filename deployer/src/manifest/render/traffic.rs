//! Who gets which share of the requests.

use super::part::{MAIN, Part};
use super::{Context, Release, RenderError, object_name};
use crate::manifest::queue;
use crate::manifest::seldon::Predictor;

/// All predictors with their shares: the main one first, then the variants, then what is new.
pub(super) fn share(
    release: &Release,
    context: &Context<'_>,
    new: Predictor,
    variants: &[Part<'_>],
    others: Vec<Predictor>,
) -> Result<Vec<Predictor>, RenderError> {
    let object = object_name(context.config);
    let name = |kind: &str| match context.facts.revision {
        Some(revision) => format!("{kind}-{revision}"),
        None => kind.to_owned(),
    };
    let (mut main, beside) = match release {
        Release::Whole => (new, None),
        Release::Canary { live, traffic } => {
            if !(1..100).contains(traffic) {
                let got = format!("`{traffic}`");
                return Err(RenderError::new("rollout.canary", "a share from 1 to 99", got).hint(
                    "a canary of nothing is taken away, and one of all is the main predictor",
                ));
            }
            let canary = renamed(new, &object, name("canary"));
            let canary = Predictor { traffic: Some((*traffic).into()), ..canary };
            ((**live).clone(), Some(canary))
        }
        Release::Shadow { live, mirrored } => {
            let traffic = mirrored.map(i32::from);
            let shadow = renamed(new, &object, name("shadow"));
            let shadow = Predictor { shadow: Some(true), traffic, ..shadow };
            ((**live).clone(), Some(shadow))
        }
    };
    MAIN.clone_into(&mut main.name);
    let mut predictors = vec![];
    for (mut other, part) in others.into_iter().zip(variants) {
        other.traffic = part.traffic.map(i32::from);
        other.shadow = part.is_shadow.then_some(true);
        predictors.push(other);
    }
    predictors.extend(beside);
    main.traffic = None;
    if !predictors.is_empty() {
        let answering = predictors.iter().filter(|predictor| predictor.shadow != Some(true));
        let taken: i32 = answering.map(|predictor| predictor.traffic.unwrap_or(0)).sum();
        if !(0..=100).contains(&taken) {
            let expected = "shares of the traffic that sum to 100 at most";
            return Err(RenderError::new("variants", expected, format!("`{taken}`")));
        }
        main.traffic = Some(100 - taken);
    }
    predictors.insert(0, main);
    Ok(predictors)
}

/// The predictor by another name, which what is asked of its pods follows.
fn renamed(mut predictor: Predictor, object: &str, name: String) -> Predictor {
    let specs = predictor.component_specs.iter_mut();
    for keda in specs.filter_map(|component| component.keda_spec.as_mut()) {
        queue::follow(keda, object, &predictor.name, &name);
    }
    Predictor { name, ..predictor }
}
