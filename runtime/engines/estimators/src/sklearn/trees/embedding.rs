//! The leaves that rows end in, as features.

use radiant_core::Error;
use radiant_kernels::forest::{ForestKernel, Rows, Vote};

use crate::sklearn::data::Table;
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, no_method};
use crate::sklearn::intake::Intake;
use crate::sklearn::source::{Read, Source, indices};
use crate::sklearn::sparse::Sparse;

use super::grove::Grove;
use super::tree::{Tree, takes_nan};

/// `RandomTreesEmbedding`.
#[derive(Debug)]
struct Embedding {
    intake: Intake,
    /// Tells for each tree which column its leaf is.
    columns: ForestKernel<f32, f64>,
    n_columns: usize,
    is_sparse: bool,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let list = source.attr("estimators_")?;
    let encoder = source.attr("one_hot_encoder_")?;
    let lists = encoder.attr("categories_")?;
    let n_trees = list.items()?.len();
    if lists.items()?.len() != n_trees {
        return Err(lists.expected(format_args!("the leaves of {n_trees} trees")));
    }
    let (mut n_columns, mut takes_missing) = (0, false);
    let mut grove: Option<(usize, Grove)> = None;
    for ((node, leaves), output) in list.items()?.zip(lists.items()?).zip(0_u32..) {
        let member = source.part(node)?;
        let tree = Tree::read(&member)?;
        let leaves = indices(leaves)?;
        if !leaves.iter().copied().eq(tree.leaves()) {
            return Err(lists.expected("all leaves of each tree"));
        }
        let (n_features, grove) =
            grove.get_or_insert_with(|| (tree.n_features, Grove::new(tree.n_features, n_trees)));
        if *n_features != tree.n_features {
            return Err(node.expected(format_args!("a tree of {n_features} features")));
        }
        let mut columns = n_columns..;
        // A file has fewer leaves than doubles count.
        let mut vote = || columns.next().map(|column| Vote { output, weight: column as f64 });
        grove.plant_tree(&tree, |feature| feature, |_, votes| votes.extend(vote()));
        n_columns += leaves.len();
        takes_missing = source.since(1, 4) && takes_nan(&member)?;
    }
    let (n_features, grove) = grove.ok_or_else(|| list.expected("at least one tree"))?;
    let intake = Intake::new(source, Some(n_features)).with_texts();
    Ok(Box::new(Embedding {
        intake: if takes_missing { intake.with_nan() } else { intake },
        columns: grove.kernel(list)?,
        n_columns,
        is_sparse: source.flag("sparse_output", true)?,
    }))
}

impl Estimator for Embedding {
    fn fact(&self, method: Method) -> Option<Fact> {
        (method == Method::Transform).then(|| Fact::numbers(self.n_columns))
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if method != Method::Transform {
            return Err(no_method(&self.intake.class, method));
        }
        let rows = self.intake.singles(x)?;
        let mut columns = Vec::new();
        self.columns.run(Rows::new(&rows.values, rows.n_columns), &mut columns);
        let mut sparse = Sparse::new(self.n_columns);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "votes are numbers of columns"
        )]
        let column = |column: &f64| *column as u32;
        for row in columns.chunks_exact(self.columns.n_outputs()) {
            sparse.push_row(row.iter().map(|at| (column(at), 1.0)));
        }
        if self.is_sparse {
            return Ok(Answer::Table(Table::Sparse(sparse)));
        }
        Ok(Answer::matrix(rows.n_rows, self.n_columns, sparse.to_dense()))
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }
}
