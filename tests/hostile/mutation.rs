//! One mutation of one model, the same for the same seed and number.

use prost::Message as _;
use radiant_onnx::pb::ModelProto;

use crate::random::Random;
use crate::seeds::Seed;
use crate::{bytes, graph, wire};

/// Edits of a mutation, at random: few, so that most of a file stays sound and is looked at.
const EDITS: [usize; 6] = [1, 1, 1, 1, 2, 3];

/// A model that may be broken.
#[derive(Debug)]
pub(crate) struct Mutation {
    /// The model that it was made of.
    pub(crate) seed: String,
    /// What was done to it.
    pub(crate) edits: Vec<String>,
    pub(crate) bytes: Vec<u8>,
}

impl Mutation {
    /// The `index`th mutation of these models.
    pub(crate) fn new(seeds: &[Vec<Seed>], seed: u64, index: u64) -> Self {
        let mut random = Random::new(seed, index);
        let folder = random.below(seeds.len());
        let folder = seeds.get(folder).map(Vec::as_slice).unwrap_or_default();
        let at = random.below(folder.len());
        let Some(seed) = folder.get(at) else {
            return Self { seed: String::new(), edits: Vec::new(), bytes: Vec::new() };
        };
        let mut mutation =
            Self { seed: seed.name.clone(), edits: Vec::new(), bytes: seed.bytes.clone() };
        for _ in 0..random.of(&EDITS).unwrap_or(1) {
            mutation.edit(&mut random);
        }
        mutation
    }

    fn edit(&mut self, random: &mut Random) {
        let edit = match random.below(10) {
            0 => bytes::edit(&mut self.bytes, random),
            1 => wire::edit(&mut self.bytes, random),
            _ => match ModelProto::decode(&*self.bytes) {
                Ok(mut model) => {
                    let edit = graph::edit(&mut model, random);
                    self.bytes = model.encode_to_vec();
                    edit
                }
                Err(_) => bytes::edit(&mut self.bytes, random),
            },
        };
        self.edits.push(edit);
    }
}
