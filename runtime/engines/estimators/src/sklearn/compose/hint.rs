//! What is in the columns that a transformer takes, as far as it tells before any comes.

use radiant_core::DType;
use radiant_formats::Node;
use radiant_formats::numpy::Kind;

use crate::sklearn::source::{Read, data};

/// How deep pipelines are looked into.
const DEPTH_MAX: usize = 8;

/// The type of the column `at` of those that a transformer takes.
pub(super) fn dtype(transformer: Node<'_>, at: usize) -> Read<Option<DType>> {
    let mut node = transformer;
    for _ in 0..DEPTH_MAX {
        let Some(class) = node.class() else { return Ok(None) };
        return Ok(match class.name {
            "Pipeline" => {
                let first = node.attr("steps")?.items()?.next();
                let Some(first) = first else { return Ok(None) };
                let [_name, step] = first.tuple()?;
                node = step;
                continue;
            }
            "OneHotEncoder" | "OrdinalEncoder" | "TargetEncoder" => {
                match node.attr("categories_")?.items()?.nth(at) {
                    Some(categories) => Some(data(categories)?.dtype()),
                    None => None,
                }
            }
            "SimpleImputer" => {
                let statistics = node.attr("statistics_")?.array_opt()?;
                let is_text = statistics.is_some_and(|array| array.dtype().kind == Kind::Object);
                Some(if is_text { DType::Bytes } else { DType::F64 })
            }
            "CountVectorizer" | "TfidfVectorizer" | "HashingVectorizer" => Some(DType::Bytes),
            "FunctionTransformer" | "ColumnTransformer" | "FeatureUnion" => None,
            _ => Some(DType::F64),
        });
    }
    Ok(None)
}
