//! `PostgreSQL`'s settings for this load, as chart and compose bring them, and what each is worth.

/// One setting in a line, and comments.
const RECOMMENDED: &str = include_str!("../../../../helm/billing/files/postgresql.conf");

/// The server with one set of settings.
pub struct Variant {
    pub name: String,
    /// Each as `name=value`.
    pub settings: Vec<String>,
}

/// All that is recommended; nothing of it; and, where each is to be judged, all but one.
pub fn variants(each: bool) -> Vec<Variant> {
    let recommended = settings(RECOMMENDED);
    let mut variants = vec![
        Variant::new("with the recommended settings", recommended.clone()),
        Variant::new("as PostgreSQL comes", Vec::new()),
    ];
    for left_out in recommended.iter().filter(|_| each) {
        let others = recommended.iter().filter(|setting| *setting != left_out);
        variants.push(Variant::new(
            &format!("without {left_out}"),
            others.cloned().collect(),
        ));
    }
    variants
}

impl Variant {
    fn new(name: &str, settings: Vec<String>) -> Self {
        Self {
            name: name.to_owned(),
            settings,
        }
    }
}

fn settings(file: &str) -> Vec<String> {
    file.lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| format!("{}={}", name.trim(), value.trim().trim_matches('\'')))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_is_left_out_once() {
        let recommended = settings(RECOMMENDED);
        assert!(!recommended.is_empty());
        let variants = variants(true);
        assert_eq!(variants.len(), recommended.len() + 2);
        for (variant, left_out) in variants.iter().skip(2).zip(&recommended) {
            assert_eq!(variant.settings.len() + 1, recommended.len());
            assert!(!variant.settings.contains(left_out));
        }
    }

    #[test]
    fn comments_and_quotes_are_no_settings() {
        let file =
            "# one = two\n\nwal_compression = lz4   # smaller images\narchive_mode = 'off'\n";
        assert_eq!(settings(file), ["wal_compression=lz4", "archive_mode=off"]);
    }
}
