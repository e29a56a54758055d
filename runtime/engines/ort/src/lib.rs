//! The engine that runs graphs through ONNX Runtime, where it is installed.
