//! The tools of this example: what each is priced by, and its work, which is only pretended.

use billing_client::Cost;
use serde::Deserialize;
use serde_json::{Value, json};

/// How hard a tool should think.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Budget {
    Quick,
    #[default]
    Standard,
    Deep,
}

/// What a tool is asked to do.
#[derive(Clone, Debug, Deserialize)]
pub struct Question {
    pub query: String,
    #[serde(default)]
    pub budget: Budget,
}

/// A unit of the price list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    QueryTokens,
    /// 1 where the call uses this budget, else 0.
    Budget(Budget),
}

/// A tool, and exactly the units that its price has: the core refuses a use that names another
/// unit or leaves one out.
#[derive(Debug)]
pub struct Tool {
    pub name: &'static str,
    units: &'static [Unit],
    does: Does,
}

#[derive(Clone, Copy, Debug)]
enum Does {
    Search,
    Summarize,
    Echo,
    Translate,
}

/// What the work brought, and what it really used.
#[derive(Debug)]
pub struct Work {
    pub result: Value,
    pub query_tokens: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkFailed {
    #[error("there is nothing to translate")]
    NothingToTranslate,
}

static TOOLS: [Tool; 4] = [
    // So much a call.
    Tool {
        name: "search",
        units: &[],
        does: Does::Search,
    },
    // By tokens and by budget.
    Tool {
        name: "summarize",
        units: &[
            Unit::QueryTokens,
            Unit::Budget(Budget::Quick),
            Unit::Budget(Budget::Standard),
            Unit::Budget(Budget::Deep),
        ],
        does: Does::Summarize,
    },
    // Exempt: costs nothing, whatever the balance.
    Tool {
        name: "ping",
        units: &[],
        does: Does::Echo,
    },
    // Some calls a day are free.
    Tool {
        name: "translate",
        units: &[],
        does: Does::Translate,
    },
];

pub fn find(name: &str) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| tool.name == name)
}

impl Tool {
    /// The use to expect, for what must be known before the work: whether it may be done.
    pub fn estimate(&self, question: &Question) -> Cost {
        let chars: i64 = question.query.chars().map(|_| 1).sum();
        self.usage((chars + 3) / 4, question.budget)
    }

    /// The use of a call that took so many tokens.
    pub fn usage(&self, query_tokens: i64, budget: Budget) -> Cost {
        let quantity = |unit: &Unit| match unit {
            Unit::QueryTokens => ("query_tokens".to_owned(), query_tokens),
            Unit::Budget(of) => (budget_unit(*of).to_owned(), i64::from(*of == budget)),
        };
        Cost::Quantities(self.units.iter().map(quantity).collect())
    }

    pub fn work(&self, question: &Question) -> Result<Work, WorkFailed> {
        let query = question.query.as_str();
        let result = match self.does {
            Does::Search => search(query),
            Does::Summarize => summarize(query, question.budget),
            Does::Echo => json!({ "pong": query }),
            Does::Translate => translate(query)?,
        };
        // What a tokenizer would count: here, words.
        let query_tokens = query.split_whitespace().map(|_| 1).sum();
        Ok(Work {
            result,
            query_tokens,
        })
    }
}

fn budget_unit(budget: Budget) -> &'static str {
    match budget {
        Budget::Quick => "budget_quick",
        Budget::Standard => "budget_standard",
        Budget::Deep => "budget_deep",
    }
}

fn search(query: &str) -> Value {
    let titles = ["A ruling on", "A commentary on", "The law about"];
    let hits = titles.map(|title| format!("{title} {query}"));
    json!({ "hits": hits })
}

fn summarize(query: &str, budget: Budget) -> Value {
    let words = match budget {
        Budget::Quick => 3,
        Budget::Standard => 6,
        Budget::Deep => 12,
    };
    let summary: Vec<_> = query.split_whitespace().take(words).collect();
    json!({ "summary": summary.join(" ") })
}

/// Work can fail: a text without a letter cannot be translated.
fn translate(query: &str) -> Result<Value, WorkFailed> {
    if !query.contains(char::is_alphabetic) {
        return Err(WorkFailed::NothingToTranslate);
    }
    Ok(json!({ "translation": query.to_uppercase() }))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use billing_client::Cost;

    use super::{Budget, Question, find};

    fn estimate(tool: &str, query: &str, budget: Budget) -> BTreeMap<String, i64> {
        let query = query.to_owned();
        match find(tool).unwrap().estimate(&Question { query, budget }) {
            Cost::Quantities(quantities) => quantities,
            other @ Cost::AmountMicros(_) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_use_names_exactly_the_units_of_its_price() {
        assert!(estimate("search", "law", Budget::Deep).is_empty());
        let quantities = estimate("summarize", "law", Budget::Deep);
        let quantities: Vec<_> = quantities.into_iter().collect();
        let expected = [
            ("budget_deep", 1),
            ("budget_quick", 0),
            ("budget_standard", 0),
            ("query_tokens", 1),
        ];
        assert_eq!(
            quantities,
            expected.map(|(unit, quantity)| (unit.to_owned(), quantity))
        );
    }

    #[test]
    fn four_characters_of_any_script_are_expected_to_be_one_token() {
        for (query, tokens) in [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("закон", 2)] {
            let quantities = estimate("summarize", query, Budget::Quick);
            assert_eq!(quantities["query_tokens"], tokens, "{query}");
        }
    }
}
