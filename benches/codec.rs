//! What reading requests and writing replies costs, beside serde_json's typed structures.
//!
//! There are two rivals: the structure that one derives, and a hand-written visitor that pushes rows
//! into one flat vector, the fastest thing one writes on serde_json without giving up its parser. Read
//! ratios within one run; absolute times depend on the machine.

use std::fmt::{self, Write as _};
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use radiant_core::{DType, Payload, Shape};
use radiant_protocol::Limits;
use radiant_protocol::json::push_f64;
use radiant_protocol::seldon::{Request, decode_request};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Uniform numbers from 0 to 1, the same in every run.
struct Uniform(u64);

impl Iterator for Uniform {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        // Marsaglia's xorshift64.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Some((self.0 >> 11) as f64 / (1_u64 << 53) as f64)
    }
}

/// Writes a number between 0 and 1 in some spelling.
type Spell = fn(f64) -> String;

/// The spellings that clients send.
const SPELLINGS: [(&str, Spell); 4] = [
    ("f64", |x| x.to_string()),
    #[expect(clippy::cast_possible_truncation, reason = "single precision is what is measured")]
    ("f32", |x| (x as f32).to_string()),
    ("decimals", |x| format!("{:.2}", x * 10.0)),
    ("integers", |x| format!("{:.0}", x * 255.0)),
];

fn bodies(n_bodies: usize, extents: [usize; 2], spell: Spell, comma: &str) -> Vec<Vec<u8>> {
    let mut numbers = Uniform(0x9E37_79B9_7F4A_7C15).map(spell);
    (0..n_bodies).map(|_| body_of(&mut numbers, extents, comma)).collect()
}

fn body_of(
    numbers: &mut impl Iterator<Item = String>,
    [n_rows, n_columns]: [usize; 2],
    comma: &str,
) -> Vec<u8> {
    let mut row = || numbers.by_ref().take(n_columns).collect::<Vec<_>>().join(comma);
    let rows: Vec<String> = (0..n_rows).map(|_| format!("[{}]", row())).collect();
    format!("{{\"data\":{{\"ndarray\":[{}]}}}}", rows.join(comma)).into_bytes()
}

/// Rows of single precision, with their extents.
#[derive(Debug, Default, PartialEq)]
struct Rows {
    shape: Shape,
    values: Vec<f32>,
}

/// An object of which one entry matters.
struct Entry<T>(&'static str, T);

impl<'de, T: DeserializeSeed<'de, Value = ()>> DeserializeSeed<'de> for Entry<T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: DeserializeSeed<'de, Value = ()>> Visitor<'de> for Entry<T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(name, seed) = self;
        let mut seed = Some(seed);
        while let Some(key) = map.next_key::<&str>()? {
            match seed.take_if(|_| key == name) {
                Some(seed) => map.next_value_seed(seed)?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// An array of rows.
struct Matrix<'r>(&'r mut Rows);

impl<'de> DeserializeSeed<'de> for Matrix<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Matrix<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        let (mut n_rows, mut n_columns) = (0, None);
        while let Some(columns) = rows.next_element_seed(Row(&mut self.0.values))? {
            if *n_columns.get_or_insert(columns) != columns {
                return Err(serde::de::Error::custom("ragged rows"));
            }
            n_rows += 1;
        }
        self.0.shape.set(&[n_rows, n_columns.unwrap_or(0)]);
        Ok(())
    }
}

/// One row; its value is the number of columns.
struct Row<'v>(&'v mut Vec<f32>);

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("numbers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut row: A) -> Result<usize, A::Error> {
        let before = self.0.len();
        while let Some(number) = row.next_element::<f64>()? {
            #[expect(clippy::cast_possible_truncation, reason = "rounded as the codec rounds")]
            self.0.push(number as f32);
        }
        Ok(self.0.len() - before)
    }
}

fn serde_decode(body: &[u8], rows: &mut Rows) -> serde_json::Result<()> {
    rows.values.clear();
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    Entry("data", Entry("ndarray", Matrix(rows))).deserialize(&mut deserializer)?;
    deserializer.end()
}

/// A message as one derives it.
#[derive(serde::Deserialize)]
struct Message {
    data: Data,
}

#[derive(serde::Deserialize)]
struct Data {
    ndarray: Vec<Vec<f32>>,
}

/// What a single precision model asks for.
const WANT: Option<DType> = Some(DType::F32);

/// The next of bodies without end.
fn next<'b>(bodies: &mut impl Iterator<Item = &'b Vec<u8>>) -> &'b [u8] {
    bodies.next().map_or(&[], Vec::as_slice)
}

/// Times both decoders on bodies in turn; both use their vectors again, as the server does.
#[expect(clippy::expect_used, reason = "a bench that decodes nothing must not go on")]
fn bench_decode(c: &mut Criterion, name: &str, bodies: &[Vec<u8>]) {
    let limits = Limits::default();
    let (mut ours, mut theirs) = (Request::new(), Rows::default());
    for body in bodies {
        decode_request(body, WANT, &limits, &mut ours).expect("the body is valid");
        serde_decode(body, &mut theirs).expect("the body is valid");
        let Payload::Array(tensor) = &ours.payload else { unreachable!("the body holds an array") };
        assert_eq!(tensor.shape, theirs.shape);
    }
    let mut group = c.benchmark_group(format!("decode/{name}"));
    group.throughput(Throughput::Bytes(bodies[0].len() as u64));
    group.bench_function("serde_json", |b| {
        let mut bodies = bodies.iter().cycle();
        b.iter(|| serde_decode(black_box(next(&mut bodies)), &mut theirs));
    });
    group.bench_function("serde_json derived", |b| {
        let mut bodies = bodies.iter().cycle();
        b.iter(|| {
            let message: Message = serde_json::from_slice(black_box(next(&mut bodies)))?;
            Ok::<_, serde_json::Error>(message.data.ndarray)
        });
    });
    group.bench_function("radiant", |b| {
        let mut bodies = bodies.iter().cycle();
        b.iter(|| decode_request(black_box(next(&mut bodies)), WANT, &limits, &mut ours));
    });
    group.finish();
}

fn decode(c: &mut Criterion) {
    // Many bodies in turn: a processor learns the turns of a single small one by heart, and no two
    // requests are alike.
    bench_decode(c, "iris", &bodies(1000, [1, 4], |x| format!("{:.1}", x * 8.0), ","));
    for (n_bodies, extents) in [(100, [1, 784]), (2, [64, 784])] {
        let [n_rows, n_columns] = extents;
        for (name, spell) in SPELLINGS {
            let bodies = bodies(n_bodies, extents, spell, ",");
            bench_decode(c, &format!("{n_rows}x{n_columns}-{name}"), &bodies);
        }
    }
    // Python's clients put a space behind each comma.
    bench_decode(c, "1x784-f64-spaced", &bodies(100, [1, 784], SPELLINGS[0].1, ", "));
}

/// Replies: rows of doubles to text.
#[derive(serde::Serialize)]
struct Reply<'r> {
    data: ReplyData<'r>,
}

#[derive(serde::Serialize)]
struct ReplyData<'r> {
    ndarray: Vec<&'r [f64]>,
}

fn radiant_encode(rows: &[f64], n_columns: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"data\":{\"ndarray\":[");
    for (row_idx, row) in rows.chunks(n_columns).enumerate() {
        out.extend_from_slice(if row_idx == 0 { b"[" } else { b",[" });
        for (column, &number) in row.iter().enumerate() {
            if column > 0 {
                out.push(b',');
            }
            push_f64(out, number);
        }
        out.push(b']');
    }
    out.extend_from_slice(b"]}}");
}

fn encode(c: &mut Criterion) {
    for (n_rows, n_columns) in [(1, 3), (64, 10)] {
        let numbers: Vec<f64> = Uniform(0x9E37_79B9).take(n_rows * n_columns).collect();
        // What models give is of single precision, widened.
        #[expect(clippy::cast_possible_truncation, reason = "single precision is what is measured")]
        let numbers: Vec<f64> = numbers.iter().map(|&x| f64::from(x as f32)).collect();
        let mut name = String::new();
        let _infallible = write!(name, "encode/{n_rows}x{n_columns}");
        let mut group = c.benchmark_group(name);
        group.bench_function("serde_json", |b| {
            b.iter(|| {
                let mut out = Vec::with_capacity(128);
                let ndarray = black_box(&numbers).chunks(n_columns).collect();
                let reply = Reply { data: ReplyData { ndarray } };
                serde_json::to_writer(&mut out, &reply).map(|()| out)
            });
        });
        group.bench_function("radiant", |b| {
            b.iter(|| {
                let mut out = Vec::with_capacity(128);
                radiant_encode(black_box(&numbers), n_columns, &mut out);
                out
            });
        });
        group.finish();
    }
}

criterion_group!(benches, decode, encode);
criterion_main!(benches);
