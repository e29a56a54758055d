//! The arguments of `radiant-deploy build`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::RegistryArgs;
use crate::image::{Compression, SbomFormat, size};

pub(super) const EXAMPLES: &str = "\
Examples:
  # An image of a model, as a file for `docker load` or `podman load`
  radiant-deploy build iris.onnx --tarball iris.tar -t iris:1

  # The same as an OCI image layout, which skopeo reads as `oci:iris:1`
  radiant-deploy build iris.onnx --oci-layout iris -t iris:1

  # For two platforms, with the program of each
  radiant-deploy build ./model --runtime radiant-amd64 \\
    --runtime radiant-arm64 --oci-layout out

  # With ONNX Runtime, from its wheel, and the libraries of this system
  radiant-deploy build ./model --runtime radiant-glibc \\
    --ort onnxruntime-1.32.0-*.whl --tarball out.tar

  # Straight into a registry, onto an image that is there
  radiant-deploy build iris.onnx --base registry.example.com/radiant:1.4 \\
    --push registry.example.com/iris:1

  # A model onto an image that has the server already
  radiant-deploy build s3://models/fraud --base oci:radiant:1.4 \\
    --oci-layout fraud -t fraud:7

The same inputs give the same digest, on any machine and in any folder.";

#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    /// The model: a file, a folder, or a URI; none for an image of the server alone
    ///
    /// It is put below /models, and RADIANT_MODEL says so. Hidden files, links out of the folder, and
    /// names that are no UTF-8 are refused. Credentials for a URI come from `--credentials` and the
    /// environment: rclone's RCLONE_CONFIG_*, AWS_*, GOOGLE_* and AZURE_* variables.
    pub(crate) model: Option<String>,

    /// The server's program, as [PLATFORM=]FILE; repeat it for several platforms
    ///
    /// Its platform is read from the file. Not given, it is `radiant` beside this program, unless there
    /// is a `--base`. Several programs give an index of their images.
    #[arg(long, value_name = "FILE", help_heading = "Image")]
    pub(crate) runtime: Vec<String>,
    /// The image to build on: a name in a registry, a layout or an archive
    ///
    /// As registry/repository:tag, oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker-archive:FILE[:TAG].
    /// Its variables, user and history stay; its arguments go where a program is added. Without
    /// `--runtime`, only the model and settings are added.
    #[arg(long, value_name = "IMAGE", help_heading = "Image")]
    pub(crate) base: Option<String>,
    /// A platform to build for, such as linux/arm64, of those that there are
    #[arg(long, value_name = "PLATFORM", help_heading = "Image")]
    pub(crate) platform: Vec<String>,
    /// ONNX Runtime to pack: its wheel from pip, or libonnxruntime.so
    ///
    /// It is packed with the libraries that it and the program need, found where the system's loader
    /// finds them. The program must have been built for glibc.
    #[arg(long, value_name = "FILE", help_heading = "Image")]
    pub(crate) ort: Vec<PathBuf>,
    /// Where libraries for --ort are, as [PLATFORM=]DIR: like the root of a system
    #[arg(long, value_name = "DIR", requires = "ort", help_heading = "Image")]
    pub(crate) libraries: Vec<String>,
    /// Certificates in PEM that programs in the image trust beside Mozilla's
    #[arg(long, value_name = "FILE", help_heading = "Image")]
    pub(crate) ca_certificates: Option<PathBuf>,
    /// How layers are packed
    #[arg(long, value_enum, default_value = "gzip", help_heading = "Image")]
    pub(crate) compression: Compression,

    /// Settings of the model: radiant.yaml, model-settings.json or config.pbtxt
    ///
    /// They are checked, and put beside the model in a layer of their own. The model is one of a
    /// repository then, under the name that they give it, else that of its file or folder. Also
    /// metadata.yaml, beside which the model is as it would be without.
    #[arg(long, value_name = "FILE", help_heading = "Model")]
    pub(crate) config: Option<PathBuf>,
    /// Variables with credentials: a file of NAME=VALUE lines, or a folder
    ///
    /// A folder has a file for each variable, as a mounted Secret has. What stands here comes before the
    /// environment. Nothing of it comes into the image. [env: RADIANT_CREDENTIALS]
    #[arg(long, value_name = "PATH", help_heading = "Model")]
    pub(crate) credentials: Option<PathBuf>,
    /// The largest model that is packed
    #[arg(long, value_name = "SIZE", default_value = "10GiB", value_parser = size, help_heading = "Model")]
    pub(crate) model_bytes_max: u64,

    /// A variable of the container; secrets are refused
    #[arg(short, long, value_name = "NAME=VALUE", help_heading = "Metadata")]
    pub(crate) env: Vec<String>,
    /// A label, and annotation, of the image
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Metadata")]
    pub(crate) label: Vec<String>,
    /// An annotation of the image's manifest alone
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Metadata")]
    pub(crate) annotation: Vec<String>,
    /// What the image is called, such as registry/name:tag
    #[arg(short, long, value_name = "NAME", help_heading = "Metadata")]
    pub(crate) tag: Vec<String>,

    /// Write the image as a folder, an OCI image layout
    ///
    /// A layout that is there already gets the image beside those that it has.
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub(crate) oci_layout: Option<PathBuf>,
    /// Push the image under this name; repeat it for several names
    ///
    /// As registry/repository:tag. What the repository has already is not sent again.
    #[arg(long, value_name = "REFERENCE", help_heading = "Output")]
    pub(crate) push: Vec<String>,
    /// Write the image as a file that `docker load` and `podman load` read
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) tarball: Option<PathBuf>,
    /// Lay the image's files out in a folder, for a Dockerfile to copy
    ///
    /// The folder must be empty or missing; the image must be for one platform and have no `--base`.
    #[arg(long, value_name = "DIR", conflicts_with = "base", help_heading = "Output")]
    pub(crate) rootfs: Option<PathBuf>,
    /// Attach a list of what is in the image, which scanners read
    #[arg(long, value_enum, help_heading = "Output")]
    pub(crate) sbom: Option<SbomChoice>,
    /// Write that list as a file too; for several platforms, one each
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) sbom_out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) registry: RegistryArgs,
}

/// Which list of contents is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SbomChoice {
    /// SPDX 2.3 in JSON.
    Spdx,
    /// CycloneDX 1.6 in JSON.
    Cyclonedx,
    /// None.
    None,
}

impl BuildArgs {
    /// The list that is asked for; a file for it asks for SPDX.
    pub(crate) fn sbom_format(&self) -> Option<SbomFormat> {
        match (self.sbom, &self.sbom_out) {
            (Some(SbomChoice::Spdx), _) | (None, Some(_)) => Some(SbomFormat::Spdx),
            (Some(SbomChoice::Cyclonedx), _) => Some(SbomFormat::Cyclonedx),
            (Some(SbomChoice::None) | None, _) => None,
        }
    }
}
