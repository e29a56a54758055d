//! Transformers one after the other, and an estimator at the end.

use radiant_core::Error;

use crate::sklearn::data::{Data, Table};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, no_method, transform};
use crate::sklearn::source::{Read, Source};

/// `Pipeline`.
#[derive(Debug)]
struct Pipeline {
    /// All but the last.
    steps: Vec<Box<dyn Estimator>>,
    /// `None` where the last step passes rows through.
    last: Option<Box<dyn Estimator>>,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let list = source.attr("steps")?;
    let (mut steps, mut last) = (Vec::new(), None);
    let n_steps = list.items()?.len();
    for (at, step) in list.items()?.enumerate() {
        let [_name, node] = step.tuple()?;
        let passes = node.is_none() || node.text_opt().is_some_and(|text| text == "passthrough");
        if passes {
            continue;
        }
        let estimator = source.estimator(node)?;
        if at + 1 == n_steps {
            last = Some(estimator);
        } else if estimator.fact(Method::Transform).is_some() {
            steps.push(estimator);
        } else {
            return Err(node.expected("a transformer"));
        }
    }
    if n_steps == 0 {
        return Err(list.expected("at least one step"));
    }
    Ok(Box::new(Pipeline { steps, last }))
}

impl Estimator for Pipeline {
    fn fact(&self, method: Method) -> Option<Fact> {
        match (&self.last, method) {
            (Some(last), _) => last.fact(method),
            (None, Method::Transform) => self.steps.last()?.fact(method),
            (None, _) => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        let mut rows: Option<Table<'static>> = None;
        for step in &self.steps {
            rows = Some(transform(&**step, rows.as_ref().unwrap_or(x))?);
        }
        match (&self.last, method) {
            (Some(last), _) => last.run(method, rows.as_ref().unwrap_or(x)),
            (None, Method::Transform) => {
                Ok(Answer::Table(rows.unwrap_or_else(|| x.clone().into_owned())))
            }
            (None, _) => Err(no_method("Pipeline", method)),
        }
    }

    fn wants(&self) -> Wants {
        let first = self.steps.first().or(self.last.as_ref());
        first.map_or(Wants::Matrix(None), |first| first.wants())
    }

    fn classes(&self) -> Option<&Data<'static>> {
        self.last.as_ref()?.classes()
    }
}
