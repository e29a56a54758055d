//! `builtin:sum2`: three fixed columns for every row, with names, tags and metrics.

use std::sync::Arc;

use radiant::Served;
use radiant_core::{
    Component, Error, Map, Metric, MetricKind, Payload, Reply, Shape, Tensor, Value,
};

use crate::array;

/// Answers 0.1, 0.2 and 0.7 for each row of numbers.
#[derive(Debug)]
struct Sum2 {
    classes: [String; 3],
}

/// The component.
pub(crate) fn make() -> Served {
    Served::Component(Arc::new(Sum2 { classes: ["a", "b", "c"].map(str::to_owned) }))
}

impl Component for Sum2 {
    fn predict(&self, input: Payload, _names: &[String]) -> Result<Reply, Error> {
        let (shape, _) = array::floats(&input)?;
        let n_rows = if shape.rank() > 1 { shape.rows() } else { 1 };
        Ok(probabilities(n_rows))
    }

    fn health_status(&self) -> Result<Reply, Error> {
        Ok(probabilities(1))
    }

    fn class_names(&self) -> Option<&[String]> {
        Some(&self.classes)
    }

    fn tags(&self) -> Map {
        Map::from([("mytag".to_owned(), Value::from(1)), ("s".to_owned(), Value::from("x"))])
    }

    fn metrics(&self) -> Vec<Metric> {
        let metric =
            |key: &str, kind, value| Metric { key: key.to_owned(), kind, value, tags: None };
        let labels = Map::from([("t".to_owned(), Value::from("v"))]);
        vec![
            metric("mycounter", MetricKind::Counter, Value::from(1)),
            Metric { tags: Some(labels), ..metric("mygauge", MetricKind::Gauge, Value::from(100)) },
            metric("mytimer", MetricKind::Timer, Value::from(20.2)),
        ]
    }
}

fn probabilities(n_rows: usize) -> Reply {
    let values = [0.1, 0.2, 0.7].repeat(n_rows);
    let tensor: Tensor = array::tensor_of(&Shape::from([n_rows, 3]), values);
    Reply::new(Payload::Array(tensor))
}
