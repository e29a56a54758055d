//! `builtin:multi`: answers what the request's `ret` names, once for every kind of answer.
//!
//! Beside what Seldon Core's class of the recorded answers did it can panic (`panic`) and wait for
//! the test that asked it (`wait`).

use std::io::Read as _;
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;

use bytes::Bytes;
use radiant::Served;
use radiant_core::{
    Component, Error, Feedback, Map, Metric, MetricKind, Objects, Payload, Reply, Shape, Strings,
    Tensor, Value,
};

use crate::array;

#[derive(Debug)]
struct Multi;

/// The component.
pub(crate) fn make() -> Served {
    Served::Component(Arc::new(Multi))
}

impl Component for Multi {
    fn predict(&self, input: Payload, names: &[String]) -> Result<Reply, Error> {
        let Payload::Json(Value::Map(request)) = &input else { return Ok(Reply::new(input)) };
        match request.get("ret").and_then(Value::as_text) {
            Some("names") => Ok(text(names.iter().map(String::as_str).chain(["meta", "None"]))),
            Some("panic") => panic!("the request asked for a panic"),
            Some("wait") => wait(request.get("port")),
            Some(ret) => answer(ret).unwrap_or_else(|| Ok(Reply::new(input))),
            None => Ok(Reply::new(input)),
        }
    }

    fn route(&self, input: Payload, _names: &[String]) -> Result<i64, Error> {
        let (_, values) = array::floats(&input)?;
        let first =
            values.first().ok_or_else(|| Error::model_failed("index 0 is out of bounds"))?;
        #[expect(clippy::cast_possible_truncation, reason = "as Python's int()")]
        let branch = first.trunc() as i64;
        Ok(branch)
    }

    fn aggregate(&self, inputs: Vec<Payload>, _names: &[Vec<String>]) -> Result<Reply, Error> {
        let arrays = inputs.iter().map(array::floats).collect::<Result<Vec<_>, _>>()?;
        let Some((shape, _)) = arrays.first() else {
            return Err(Error::model_failed("mean of nothing"));
        };
        if arrays.iter().any(|(other, _)| other != shape) {
            return Err(Error::model_failed("the arrays differ in shape"));
        }
        let mut sums = vec![0.0; shape.n_elements().unwrap_or_default()];
        for (_, values) in &arrays {
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        }
        let means = sums.iter().map(|sum| sum / arrays.len() as f64).collect();
        Ok(Reply::new(Payload::Array(array::tensor_of(shape, means))))
    }

    fn transform_input(&self, input: Payload, _names: &[String]) -> Result<Reply, Error> {
        Ok(Reply::new(Payload::Array(array::doubled(&input)?)))
    }

    fn send_feedback(&self, feedback: Feedback) -> Result<Option<Reply>, Error> {
        let n_truths = match &feedback.truth {
            None => 0,
            Some(Payload::Array(tensor)) => tensor.data.len(),
            Some(_) => return Err(Error::model_failed("the truth has no attribute 'size'")),
        };
        let routing = f64::from(feedback.routing.unwrap_or(-9));
        let row = vec![f64::from(feedback.reward), routing, n_truths as f64];
        Ok(Some(array_reply(&[1, 3], row)))
    }

    fn health_status(&self) -> Result<Reply, Error> {
        Ok(Reply::new(Payload::Text("not implemented - assuming healthy".to_owned())))
    }

    fn metadata(&self) -> Option<Value> {
        let input = map([
            ("name", Value::from("in")),
            ("datatype", Value::from("FP32")),
            ("shape", Value::List(vec![Value::from(-1), Value::from(3)])),
        ]);
        let schema = map([
            ("names", Value::List(vec![Value::from("a")])),
            ("shape", Value::List(vec![Value::from(1)])),
        ]);
        let output = map([("messagetype", Value::from("ndarray")), ("schema", schema)]);
        Some(map([
            ("name", Value::from("m")),
            ("versions", Value::List(vec![Value::from("v1")])),
            ("platform", Value::from("p")),
            ("inputs", Value::List(vec![input])),
            ("outputs", Value::List(vec![output])),
            ("custom", map([("k", Value::from("v"))])),
        ]))
    }
}

/// The answer that `ret` names, or none for an unknown name.
fn answer(ret: &str) -> Option<Result<Reply, Error>> {
    let answer = match ret {
        "list" => Ok(array_reply(&[2, 2], vec![1_i64, 2, 3, 4])),
        "list1" => Ok(array_reply(&[2], vec![1_i64, 2])),
        "liststr" => Ok(text(["a", "b"])),
        "f32" => Ok(array_reply(&[1, 2], vec![0.1_f32, 0.2])),
        "bool" => Ok(array_reply(&[1, 2], vec![true, false])),
        "scalar" => Ok(Reply::new(Payload::Json(Value::from(3.0)))),
        "int" => Ok(Reply::new(Payload::Json(Value::from(5)))),
        "bytes" => Ok(Reply::new(Payload::Bytes(Bytes::from_static(b"ab\x00")))),
        "dict" => Ok(Reply::new(Payload::Json(map([("a", Value::from(f64::NAN))])))),
        "obj" => {
            let values = vec![Value::from(1), Value::from("a"), Value::Null];
            Ok(Reply::new(Payload::Objects(Objects { shape: Shape::from([1, 3]), values })))
        }
        "3d" => Ok(array_reply(&[1, 2, 3], vec![0.0_f64; 6])),
        "0d" => Ok(array_reply(&[], vec![3.5_f64])),
        "nan" => Ok(array_reply(&[1, 2], vec![f64::NAN, f64::INFINITY])),
        // A date is text by the time it leaves a component; numpy's dates are spelt like this.
        "dt" => Ok(text(["Wed, 01 Jan 2020 00:00:00 GMT"])),
        "resp" => {
            let tags = Map::from([("r".to_owned(), Value::from(1))]);
            let metrics = vec![counter(Value::from(2))];
            Ok(Reply { tags, metrics, ..array_reply(&[1, 1], vec![1.0_f64]) })
        }
        "badmetric" => {
            let metrics = vec![counter(Value::from("two"))];
            Ok(Reply { metrics, ..array_reply(&[1, 1], vec![1.0_f64]) })
        }
        "exc" => Err(Error::model_failed("boom")),
        "type" => Err(Error::model_failed("ty")),
        "npint" => Err(Error::model_failed("Object of type int64 is not JSON serializable")),
        "cplx" => Err(Error::model_failed("Object of type complex is not JSON serializable")),
        "sme" => Err(Error::model_failed("custom msg").with_refusal(403, "WHY")),
        _ => return None,
    };
    Some(answer)
}

/// Connects to the test that asked, and answers once the test hangs up.
fn wait(port: Option<&Value>) -> Result<Reply, Error> {
    let port = match port {
        Some(Value::Int(port)) => u16::try_from(*port).ok(),
        _ => None,
    };
    let port = port.ok_or_else(|| Error::model_failed("`wait` needs a `port`"))?;
    let asked = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
    let heard = asked.and_then(|mut stream| stream.read_to_end(&mut Vec::new()));
    heard.map_err(|error| Error::model_failed("cannot wait").with_source(error))?;
    Ok(Reply::new(Payload::Text("waited".to_owned())))
}

fn array_reply<T: radiant_core::Element>(dims: &[usize], values: Vec<T>) -> Reply {
    Reply::new(Payload::Array(Tensor::new("", dims, values)))
}

fn text<'a>(items: impl IntoIterator<Item = &'a str>) -> Reply {
    let strings: Strings = items.into_iter().collect();
    Reply::new(Payload::Array(Tensor::strings("", &[strings.len()], strings)))
}

fn counter(value: Value) -> Metric {
    Metric { key: "c".to_owned(), kind: MetricKind::Counter, value, tags: None }
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}
