//! `builtin:hold`: an engine that runs until the test that asked it lets it go.

use std::io::Read as _;
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;

use radiant::{Builtin, Served};
use radiant_core::{Cancel, DType, Engine, Error, Signature, Tensor, TensorSpec};

/// Connects to the port of 127.0.0.1 that its input `port` names and answers `held` once that hangs
/// up; where the port is 0, as in warm-up, at once.
pub(crate) const HOLD: Builtin = Builtin {
    name: "hold",
    make: || {
        let spec = |name: &str| TensorSpec::new(name, DType::I64, vec![None, Some(1)]);
        let signature = Signature::new(vec![spec("port")], vec![spec("held")]);
        Served::Engine(Arc::new(Hold { signature }))
    },
};

#[derive(Debug)]
struct Hold {
    signature: Signature,
}

impl Engine for Hold {
    fn name(&self) -> &'static str {
        "probe"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn run(
        &self,
        inputs: &[Tensor],
        wanted: &[usize],
        outputs: &mut Vec<Tensor>,
        _cancel: &Cancel,
    ) -> Result<(), Error> {
        let ports = inputs[0].as_slice::<i64>().unwrap_or_default();
        for &port in ports.iter().filter(|port| **port != 0) {
            wait(port)?;
        }
        outputs.clear();
        let dims = inputs[0].shape.dims();
        outputs.extend(wanted.iter().map(|_| Tensor::new("held", dims, ports.to_vec())));
        Ok(())
    }
}

fn wait(port: i64) -> Result<(), Error> {
    let port = u16::try_from(port).map_err(|_| Error::model_failed("`port` is no port"))?;
    let asked = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
    let heard = asked.and_then(|mut stream| stream.read_to_end(&mut Vec::new()));
    heard.map(|_| ()).map_err(|error| Error::model_failed("cannot wait").with_source(error))
}
