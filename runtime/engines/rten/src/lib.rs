//! The engine for plain FP32 graphs: runs them through rten.
