//! Labels of a classifier: one text or integer a class.

use radiant_core::{DType, Error};
use radiant_kernels::Isa;
use radiant_kernels::classes::{self, Greatest};

use crate::Unsupported;
use crate::op::NodeContext;
use crate::registers::Buffer;

/// The labels of the classes, in the order of the scores.
pub(super) enum Labels {
    Ints(Vec<i64>),
    Strings(Vec<Box<[u8]>>),
}

impl Labels {
    /// The labels in two of a node's attributes, of which one has labels; none are integers.
    pub(super) fn read(
        context: &NodeContext<'_>,
        ints: &str,
        strings: &str,
    ) -> Result<Self, Unsupported> {
        let node = context.node;
        match (node.ints(ints)?, node.strings(strings)?) {
            (ints, strings) if strings.is_empty() => Ok(Self::Ints(ints.to_vec())),
            ([], strings) => {
                let labels = strings.into_iter().map(|label| label.as_bytes().into());
                Ok(Self::Strings(labels.collect()))
            }
            _ => Err(context.refuse("class labels of two types are not supported")),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Ints(labels) => labels.len(),
            Self::Strings(labels) => labels.len(),
        }
    }

    pub(super) fn dtype(&self) -> DType {
        match self {
            Self::Ints(_) => DType::I64,
            Self::Strings(_) => DType::Bytes,
        }
    }

    /// Writes the labels of `classes`, which are in range.
    pub(super) fn write(
        &self,
        buffer: &mut Buffer,
        n_rows: usize,
        classes: impl Iterator<Item = usize>,
    ) -> Result<(), Error> {
        match self {
            Self::Ints(labels) => {
                let out = buffer.reset::<i64>(&[n_rows])?;
                out.extend(classes.filter_map(|class| labels.get(class)));
            }
            Self::Strings(labels) => {
                let out = buffer.reset_strings(&[n_rows])?;
                for label in classes.filter_map(|class| labels.get(class)) {
                    out.push(label);
                }
            }
        }
        Ok(())
    }

    /// Writes the label of each row's greatest score; there are as many columns as labels.
    pub(super) fn write_greatest(
        &self,
        buffer: &mut Buffer,
        n_rows: usize,
        scores: &[f32],
        isa: Isa,
    ) -> Result<(), Error> {
        match self {
            Self::Ints(labels) => {
                let out = buffer.reset::<i64>(&[n_rows])?;
                isa.run(Greatest { scores, labels, out });
                Ok(())
            }
            Self::Strings(labels) => {
                let rows = scores.chunks_exact(labels.len().max(1));
                self.write(buffer, n_rows, rows.map(greatest))
            }
        }
    }
}

/// The index of the first greatest score; 0 where the first is no number.
pub(super) fn greatest(scores: &[f32]) -> usize {
    let [at] = classes::greatest(scores.as_chunks::<1>().0);
    at as usize
}
