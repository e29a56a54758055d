//! Compiles `proto/` to Rust types and to the descriptors that reflection serves. No `protoc`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use prost::Message as _;

/// The files that others import are found through them.
const ROOTS: [&str; 5] = [
    "seldon/prediction.proto",
    "inference/grpc_service.proto",
    "inference/model_repository.proto",
    "tensorflow_serving/apis/prediction_service.proto",
    "tensorflow_serving/apis/model_service.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let includes = Path::new("proto");
    println!("cargo::rerun-if-changed=proto");
    let mut compiler = protox::Compiler::new([includes])?;
    compiler.include_imports(true).open_files(ROOTS)?;
    let descriptors = compiler.file_descriptor_set();
    #[expect(clippy::disallowed_methods, reason = "cargo tells in it where to write")]
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    let mut config = prost_build::Config::new();
    config.bytes(["."]).include_file("pb.rs").compile_fds(descriptors)?;
    Ok(())
}
