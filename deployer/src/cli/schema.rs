//! The help of `radiant-deploy schema`, which has no arguments.

pub(super) const EXAMPLES: &str = "\
Examples:
  # For an editor: name it in the first line of radiant.yaml
  radiant-deploy schema > radiant.schema.json
  sed -i '1i # yaml-language-server: $schema=radiant.schema.json' radiant.yaml";
