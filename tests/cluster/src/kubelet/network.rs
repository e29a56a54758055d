//! The pods' network: a bridge, and for each pod a network namespace with an address of its own.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context as _, Result, bail};

use crate::program;

/// The bridge, which is the pods' way to the node.
const BRIDGE: &str = "cluster0";

/// The pods' network on this node.
#[derive(Debug)]
pub(crate) struct Network {
    n_given: AtomicU16,
}

impl Network {
    /// Makes the bridge.
    ///
    /// # Errors
    /// When networks cannot be changed here.
    pub(crate) async fn new() -> Result<Self> {
        let commands = format!(
            "link add {BRIDGE} type bridge\naddress add {}/16 dev {BRIDGE}\nlink set {BRIDGE} up\n",
            address(1)
        );
        let made = program::feed("ip", &["-batch", "-"], commands).await;
        made.context("pods' networks cannot be made: is this a network namespace of root's?")?;
        Ok(Self { n_given: AtomicU16::new(1) })
    }

    /// Makes a pod's namespace.
    pub(crate) async fn join(&self) -> Result<Sandbox> {
        let number = self.n_given.fetch_add(1, Ordering::Relaxed) + 1;
        if number == u16::MAX {
            bail!("there are no more addresses for pods");
        }
        let (name, address) = (format!("pod{number}"), address(number));
        let outside = format!(
            "netns add {name}\nlink add veth{number} type veth peer name eth0 netns {name}\n\
             link set veth{number} master {BRIDGE} up\n"
        );
        program::feed("ip", &["-batch", "-"], outside).await?;
        let inside = format!(
            "link set lo up\naddress add {address}/16 dev eth0\nlink set eth0 up\n\
             route add default via {}\n",
            self::address(1)
        );
        program::feed("ip", &["-netns", &name, "-batch", "-"], inside).await?;
        Ok(Sandbox { name, address })
    }
}

/// The address of a number, of which 1 is the bridge's.
fn address(number: u16) -> Ipv4Addr {
    let [high, low] = number.to_be_bytes();
    Ipv4Addr::new(10, 244, high, low)
}

/// A pod's namespace.
#[derive(Debug, Clone)]
pub(crate) struct Sandbox {
    name: String,
    pub(crate) address: Ipv4Addr,
}

impl Sandbox {
    /// Where the namespace is found.
    pub(crate) fn path(&self) -> String {
        format!("/run/netns/{}", self.name)
    }

    /// Removes it, and with it its end of the cable.
    pub(crate) async fn leave(&self) -> Result<()> {
        program::run("ip", &["netns", "delete", &self.name]).await.map(drop)
    }
}
