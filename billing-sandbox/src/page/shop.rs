//! `/shop`: where payers come back to while there is no site of one's own.

use std::fmt::Write;

use crate::html::{escape, page as whole_page};

/// How many of the fields are shown.
const FIELDS_MAX: usize = 100;

/// What the payer's browser has brought along.
pub fn page(path: &str, query: &str, form: &[u8]) -> String {
    let mut rows = String::new();
    let brought = form_urlencoded::parse(query.as_bytes()).chain(form_urlencoded::parse(form));
    for (name, value) in brought.take(FIELDS_MAX) {
        let _ = writeln!(
            rows,
            "<dt>{}</dt><dd>{}</dd>",
            escape(&name),
            escape(&value)
        );
    }
    let body = format!(
        "<h1>Your site would be here</h1>\n<p>The payer has come back to <code>{}</code>. What his \
         browser brings along proves nothing: a payment counts when the provider says so.</p>\n\
         <dl>\n{rows}</dl>\n",
        escape(path)
    );
    whole_page("Your site", &body)
}
