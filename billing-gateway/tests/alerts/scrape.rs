//! What `/metrics` says, and whether it has what an expression names.

use std::collections::{BTreeMap, BTreeSet};

/// How a series goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Also the parts of a histogram.
    Counter,
    Gauge,
}

/// The series of one moment, each by its name and labels, with those that a scrape adds.
#[derive(Clone, Debug, Default)]
pub struct Scrape(pub BTreeMap<String, (Kind, f64)>);

impl Scrape {
    /// Reads Prometheus's text format.
    pub fn of(service: &str, text: &str) -> Self {
        let mut series = BTreeMap::new();
        let mut kinds = BTreeMap::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(typed) = line.strip_prefix("# TYPE ") {
                let (name, kind) = typed.split_once(' ').unwrap();
                kinds.insert(name, kind);
                continue;
            }
            if line.starts_with('#') {
                continue;
            }
            let (name, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = name.split_once('{').unwrap_or((name, "}"));
            let labels = labels.trim_end_matches('}');
            let comma = if labels.is_empty() { "" } else { "," };
            let full =
                format!("{name}{{{labels}{comma}job=\"{service}\",instance=\"{service}:1\"}}");
            let kind = match kinds.get(name) {
                Some(&"gauge") => Kind::Gauge,
                _ => Kind::Counter,
            };
            series.insert(full, (kind, value.parse().unwrap()));
        }
        Self(series)
    }

    pub fn extend(&mut self, other: &Self) {
        let others = other.0.iter();
        self.0
            .extend(others.map(|(name, value)| (name.clone(), *value)));
    }

    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        self.extend(other);
        self
    }

    /// The names of the metrics, with those of histograms once.
    pub fn families(&self) -> BTreeSet<&str> {
        let names = self.0.keys().filter_map(|series| series.split('{').next());
        let parts = ["_bucket", "_sum", "_count"];
        let family = |name| {
            let ends = parts.iter().find_map(|part| str::strip_suffix(name, part));
            ends.unwrap_or(name)
        };
        names.map(family).collect()
    }

    /// The sum of the series whose text begins so, which is named by metric and first labels.
    pub fn sum(&self, beginning: &str) -> f64 {
        let series = self.0.iter();
        let these = series.filter(|(name, _)| name.starts_with(beginning));
        these.map(|(_, (_, value))| value).sum()
    }

    /// # Panics
    /// Where an expression names a metric or a label that nobody exports.
    pub fn must_have(&self, expression: &str) {
        let mut known: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for series in self.0.keys() {
            let (metric, labels) = series.split_once('{').unwrap();
            let labels = labels
                .split(',')
                .filter_map(|label| label.split('=').next());
            known.entry(metric).or_default().extend(labels);
        }
        let labels: BTreeSet<&str> = known.values().flatten().copied().collect();
        for Name { text, selector } in names_of(expression) {
            if let Some(selector) = selector {
                let Some(own) = known.get(text) else {
                    panic!("nobody exports {text}: {expression}");
                };
                for label in selector {
                    assert!(own.contains(label), "{text} has no {label}: {expression}");
                }
            } else {
                assert!(labels.contains(text), "nothing has {text}: {expression}");
            }
        }
    }
}

struct Name<'a> {
    text: &'a str,
    /// The labels that a metric is selected by; none where this is a label.
    selector: Option<Vec<&'a str>>,
}

const WORDS: [&str; 20] = [
    "sum",
    "max",
    "min",
    "count",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "and",
    "or",
    "unless",
    "offset",
    "bool",
    "inf",
    "le",
    "job",
    "instance",
    "__rate_interval",
];
const PREFIXES: [&str; 5] = [
    "billing_",
    "http_server_",
    "rpc_server_",
    "rpc_client_",
    "process_",
];

/// The metrics and labels of an expression: what is neither a word of `PromQL`, nor a function, nor a number.
fn names_of(expression: &str) -> Vec<Name<'_>> {
    let mut names = Vec::new();
    let mut rest = expression;
    while let Some(from) = rest.find(|c: char| c.is_alphanumeric() || c == '_' || c == '"') {
        rest = rest.get(from..).unwrap();
        if let Some(quoted) = rest.strip_prefix('"') {
            rest = quoted.split_once('"').unwrap().1;
            continue;
        }
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
        let (text, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        let is_number = text.starts_with(|c: char| c.is_ascii_digit());
        let is_function = after.trim_start().starts_with('(') || WORDS.contains(&text);
        if is_number || is_function {
            continue;
        }
        let is_metric = PREFIXES.iter().any(|prefix| text.starts_with(prefix));
        let selector = is_metric.then(|| match after.strip_prefix('{') {
            None => Vec::new(),
            Some(inside) => {
                let (inside, after) = inside.split_once('}').unwrap();
                rest = after;
                labels_of(inside)
            }
        });
        names.push(Name { text, selector });
    }
    names
}

fn labels_of(inside: &str) -> Vec<&str> {
    let matchers = inside.split("\",");
    let names = matchers.filter_map(|one| one.split(['=', '!']).next());
    names
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect()
}
