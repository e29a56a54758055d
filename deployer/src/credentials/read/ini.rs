//! Sections of `name = value`, as AWS's tools and rclone keep them.

use std::collections::BTreeMap;

/// A section.
#[derive(Default)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) values: BTreeMap<String, String>,
    /// What stands indented below a name without a value.
    pub(super) nested: BTreeMap<String, BTreeMap<String, String>>,
}

/// Reads sections; lines that are none of this say nothing, as in the programs that write them.
pub(super) fn sections(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut parent: Option<String> = None;
    for line in text.trim_start_matches('\u{feff}').lines() {
        let is_nested = line.starts_with([' ', '\t']);
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some((name, _)) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            sections.push(Section { name: name.trim().to_owned(), ..Section::default() });
            parent = None;
            continue;
        }
        let (Some(section), Some((key, value))) = (sections.last_mut(), line.split_once('='))
        else {
            continue;
        };
        let (key, value) = (key.trim().to_ascii_lowercase(), value.trim().to_owned());
        match &parent {
            Some(parent) if is_nested => {
                section.nested.entry(parent.clone()).or_default().insert(key, value);
            }
            Some(_) | None => {
                parent = value.is_empty().then(|| key.clone());
                if !value.is_empty() {
                    section.values.insert(key, value);
                }
            }
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_hold_values_and_what_is_nested_below_a_name() {
        let text = "# c\nlost = 1\n[a]\nX = 1 = 2\n; c\n[services s]\ns3 =\n  endpoint_url = u\n\
                    sts =\n  endpoint_url = v\ny = 2\n";
        let read = sections(text);
        assert_eq!(read.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["a", "services s"]);
        assert_eq!(read[0].values["x"], "1 = 2");
        assert_eq!(read[1].nested["s3"]["endpoint_url"], "u");
        assert_eq!(read[1].nested["sts"]["endpoint_url"], "v");
        assert_eq!(read[1].values["y"], "2");
    }
}
