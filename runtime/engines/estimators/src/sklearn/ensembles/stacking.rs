//! The answers of estimators as the features of a last one.

use radiant_core::{DType, Error};

use crate::sklearn::data::{Array, Data, Table};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, Width, no_method};
use crate::sklearn::intake::numbers;
use crate::sklearn::source::{Read, Source};

use super::member::{array, codes, columns, members};
use super::voting::is_dropped;

/// A member, and what it is asked.
#[derive(Debug)]
struct Member {
    estimator: Box<dyn Estimator>,
    method: Method,
    /// Whether the first of two columns says nothing new.
    drops_first: bool,
}

/// `StackingClassifier` and `StackingRegressor`.
#[derive(Debug)]
struct Stacking {
    class: Box<str>,
    // Invariant: at least one.
    members: Vec<Member>,
    last: Box<dyn Estimator>,
    /// Whether the rows themselves are features too.
    passes_rows: bool,
    /// `None` for a regressor.
    classes: Option<Data<'static>>,
}

pub(super) fn read_classifier(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    if source.attr("classes_")?.items().is_ok_and(|mut items| {
        items.next().is_some_and(|first| {
            first.items().is_ok() || first.array().is_ok_and(|a| a.shape().len() == 1)
        })
    }) {
        let what = "several outputs";
        return Err(source.unsupported(what, "train an estimator for each output"));
    }
    let classes = source.classes()?;
    read(source, Some(classes))
}

pub(super) fn read_regressor(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    read(source, None)
}

fn read(source: &Source<'_>, classes: Option<Data<'static>>) -> Read<Box<dyn Estimator>> {
    let all = members(source, "estimators_")?;
    let names = source.attr("stack_method_")?;
    let mut names_kept: Vec<_> = names.items()?.collect();
    if names_kept.len() != all.len() {
        // Methods of members that were left out (0.22).
        let mut named = source.attr("estimators")?.items()?;
        names_kept.retain(|_| {
            let member = named.next().and_then(|named| named.item(1).ok());
            member.is_some_and(|member| !is_dropped(member))
        });
    }
    if names_kept.len() != all.len() {
        return Err(names.expected(format_args!("the methods of {} members", all.len())));
    }
    let is_binary = classes.as_ref().is_some_and(|classes| classes.len() == 2);
    let mut members = Vec::new();
    for ((node, estimator), name) in all.into_iter().zip(names_kept) {
        let text = name.text()?;
        let method = Method::ALL.into_iter().find(|method| method.name() == text);
        let method = method.ok_or_else(|| name.expected("the name of a method"))?;
        let fact = estimator.fact(method);
        let fact = fact.ok_or_else(|| node.expected(format_args!("an estimator with `{text}`")))?;
        if let Width::List(_) = fact.width {
            return Err(node.unsupported("a member with several outputs", "use one output"));
        }
        let drops_first = method == Method::PredictProba && is_binary && columns(fact) != Some(1);
        members.push(Member { estimator, method, drops_first });
    }
    let node = source.attr("final_estimator_")?;
    let last = source.estimator(node)?;
    if last.fact(Method::Predict).is_none() {
        return Err(node.expected("an estimator with `predict`"));
    }
    Ok(Box::new(Stacking {
        class: source.class().into(),
        members,
        last,
        passes_rows: source.flag("passthrough", false)?,
        classes,
    }))
}

impl Stacking {
    /// What the last estimator sees.
    fn features(&self, x: &Table<'_>) -> Result<Table<'static>, Error> {
        let mut parts = Vec::with_capacity(self.members.len() + 1);
        for member in &self.members {
            parts.push((array(&*member.estimator, member.method, x)?, member.drops_first));
        }
        if self.passes_rows {
            parts.push((rows(x)?, false));
        }
        let all_whole = parts.iter().all(|(part, _)| matches!(part.data, Data::I64(_)));
        let mut width = 0;
        for (part, drops_first) in &parts {
            width += part.n_columns.unwrap_or(1) - usize::from(*drops_first);
        }
        let values = parts.iter().map(|(part, _)| numbers(&part.data));
        let values = values.collect::<Result<Vec<_>, Error>>()?;
        let mut all = Vec::with_capacity(x.n_rows() * width);
        for row in 0..x.n_rows() {
            for ((part, drops_first), values) in parts.iter().zip(&values) {
                let n_columns = part.n_columns.unwrap_or(1);
                let start = row * n_columns;
                let from = start + usize::from(*drops_first);
                all.extend_from_slice(&values[from..start + n_columns]);
            }
        }
        let data: Data<'static> = if all_whole {
            #[expect(clippy::cast_possible_truncation, reason = "they were whole numbers")]
            let whole = all.into_iter().map(|number| number as i64).collect::<Vec<_>>();
            whole.into()
        } else {
            all.into()
        };
        Ok(Table::Array(Array::matrix(x.n_rows(), width, data)))
    }

    fn n_features(&self) -> Option<usize> {
        let of = |member: &Member| {
            let n = columns(member.estimator.fact(member.method)?)?;
            n.checked_sub(usize::from(member.drops_first))
        };
        if self.passes_rows { None } else { self.members.iter().map(of).sum() }
    }
}

/// The rows as numbers.
fn rows(x: &Table<'_>) -> Result<Array<'static>, Error> {
    let n_columns = x.n_columns();
    let data = match x {
        Table::Array(array) => match array.data.view() {
            data @ (Data::F64(_) | Data::I64(_)) => data.into_owned(),
            data => numbers(&data)?.into_owned().into(),
        },
        Table::Sparse(sparse) => sparse.to_dense().into(),
        Table::Frame { n_rows, columns } => {
            let columns = columns.iter().map(numbers).collect::<Result<Vec<_>, Error>>()?;
            let row = |row: usize| columns.iter().map(move |column| column[row]);
            (0..*n_rows).flat_map(row).collect::<Vec<f64>>().into()
        }
    };
    Ok(Array::matrix(x.n_rows(), n_columns, data))
}

impl Estimator for Stacking {
    fn fact(&self, method: Method) -> Option<Fact> {
        match (&self.classes, method) {
            (Some(classes), Method::Predict) => Some(Fact::labels(classes)),
            (_, Method::Transform) => {
                Some(Fact { dtype: DType::F64, width: Width::Columns(self.n_features()) })
            }
            (Some(_), Method::PredictProba | Method::DecisionFunction)
            | (None, Method::Predict) => self.last.fact(method),
            _ => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if self.fact(method).is_none() {
            return Err(no_method(&self.class, method));
        }
        let features = self.features(x)?;
        match (&self.classes, method) {
            (_, Method::Transform) => Ok(Answer::Table(features)),
            (Some(classes), Method::Predict) => {
                let codes = codes(&*self.last, &features, classes.len())?;
                Ok(Answer::column(classes.pick(codes.into_iter())))
            }
            _ => self.last.run(method, &features),
        }
    }

    fn wants(&self) -> Wants {
        self.members.first().map_or(Wants::Matrix(None), |first| first.estimator.wants())
    }

    fn classes(&self) -> Option<&Data<'static>> {
        self.classes.as_ref()
    }
}
