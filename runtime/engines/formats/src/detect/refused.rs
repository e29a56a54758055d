//! Models that are known and not read: what they are, and what their owner can do.

use crate::error::{FormatError, Place};

/// How far into an HDF5 file its description is looked for.
const HDF5_HEAD_BYTES: usize = 1 << 20;

/// How PyTorch's files of before 1.6 begin: a pickle of this number.
const OLD_TORCH: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

/// A model that is known and not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// An archive of Keras 3.
    Keras,
    /// A model of Keras in HDF5.
    KerasHdf5,
    /// HDF5 without a model in it: weights of Keras, or anything.
    Hdf5,
    /// `saved_model.pb`, or an archive that holds one.
    SavedModel,
    /// A frozen graph of TensorFlow.
    FrozenGraph,
    /// TensorFlow Lite.
    TfLite,
    /// TorchScript.
    TorchScript,
    /// A program of `torch.export`.
    TorchExport,
    /// A module, state dict or checkpoint of PyTorch.
    Torch,
    /// The binary form of CatBoost.
    CatboostBinary,
    /// What LightGBM dumps as JSON.
    LightgbmDump,
    /// PMML.
    Pmml,
    /// A compressed file of joblib before 0.10.
    OldJoblib,
}

impl Refused {
    /// What the first bytes of a file tell.
    pub(super) fn by_head(bytes: &[u8]) -> Option<Self> {
        let xml = |bytes: &[u8]| {
            let head = bytes.get(..bytes.len().min(512)).unwrap_or(bytes);
            head.windows(5).any(|window| window == b"<PMML")
        };
        match bytes {
            _ if bytes.starts_with(b"\x89HDF\r\n\x1a\n") => Some(Self::of_hdf5(bytes)),
            _ if bytes.starts_with(OLD_TORCH) => Some(Self::Torch),
            [_, _, _, _, b'T', b'F', b'L', b'3', ..] => Some(Self::TfLite),
            [b'C', b'B', b'M', b'1', ..] => Some(Self::CatboostBinary),
            [b'Z', b'F', b'0', b'x', ..] => Some(Self::OldJoblib),
            _ if bytes.trim_ascii_start().starts_with(b"<") && xml(bytes) => Some(Self::Pmml),
            _ => None,
        }
    }

    fn of_hdf5(bytes: &[u8]) -> Self {
        let head = bytes.get(..bytes.len().min(HDF5_HEAD_BYTES)).unwrap_or(bytes);
        let key = b"model_config";
        if head.windows(key.len()).any(|window| window == key) {
            Self::KerasHdf5
        } else {
            Self::Hdf5
        }
    }

    /// What the file is.
    pub fn what(self) -> &'static str {
        match self {
            Self::Keras => "a Keras model",
            Self::KerasHdf5 => "a Keras model in HDF5",
            Self::Hdf5 => "HDF5 without a Keras model, such as weights alone,",
            Self::SavedModel => "a TensorFlow SavedModel",
            Self::FrozenGraph => "a frozen graph of TensorFlow",
            Self::TfLite => "a TensorFlow Lite model",
            Self::TorchScript => "a TorchScript model",
            Self::TorchExport => "a program of torch.export",
            Self::Torch => "a PyTorch module, state dict or checkpoint",
            Self::CatboostBinary => "a binary model of CatBoost",
            Self::LightgbmDump => "a JSON dump of LightGBM",
            Self::Pmml => "PMML",
            Self::OldJoblib => "a compressed file of a joblib before 0.10",
        }
    }

    /// What its owner can do.
    pub fn way_out(self) -> &'static str {
        match self {
            Self::Keras | Self::KerasHdf5 => {
                "convert it to ONNX with `python -m tf2onnx.convert --keras FILE --output \
                 model.onnx`"
            }
            Self::Hdf5 => "save the whole model with Keras and convert it to ONNX with tf2onnx",
            Self::SavedModel => {
                "convert it to ONNX with `python -m tf2onnx.convert --saved-model FOLDER --output \
                 model.onnx`"
            }
            Self::FrozenGraph => {
                "convert it to ONNX with `python -m tf2onnx.convert --graphdef FILE --inputs \
                 INPUT:0 --outputs OUTPUT:0 --output model.onnx`"
            }
            Self::TfLite => {
                "convert it to ONNX with `python -m tf2onnx.convert --tflite FILE --output \
                 model.onnx`"
            }
            Self::TorchScript => {
                "convert it to ONNX with `torch.onnx.export(torch.jit.load(FILE), (example,), \
                 \"model.onnx\", dynamo=False)`"
            }
            Self::TorchExport | Self::Torch => {
                "build the module with its own code and convert it to ONNX with torch.onnx.export"
            }
            Self::CatboostBinary => {
                "save it with `model.save_model(\"model.json\", format=\"json\")`, or with \
                 `format=\"onnx\"`"
            }
            Self::LightgbmDump => "save it with `booster.save_model(\"model.txt\")`",
            Self::Pmml => "save the model with the library that trained it, or as ONNX",
            Self::OldJoblib => crate::joblib::TOO_OLD,
        }
    }

    /// The error that says both.
    pub fn error(self) -> FormatError {
        FormatError::unsupported(Place::File, self.what(), self.way_out())
    }
}
