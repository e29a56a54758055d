//! What the JSON layer reads and writes, and that it agrees with itself.
