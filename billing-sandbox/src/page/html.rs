//! What pages are made of. Whatever comes from a caller goes through [`escape`].

use crate::running::unix_now;

pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            sign => escaped.push(sign),
        }
    }
    escaped
}

/// A whole page around a body that is HTML already.
pub fn page(title: &str, body: &str) -> String {
    let title = escape(title);
    let style = include_str!("style.css");
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} · billing-sandbox</title>\n<style>\n{style}</style>\n</head>\n<body>\n\
         <header><a href=\"/\">billing-sandbox</a> <span>stands in for Stripe and Fondy; no money \
         moves</span></header>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}

/// A button, with fields that are HTML already. Whoever presses it comes back to this payment, or
/// to the overview.
pub fn button(action: &str, fields: &str, label: &str, back: &str) -> String {
    let (action, label, back) = (escape(action), escape(label), escape(back));
    format!(
        "<form method=\"post\" action=\"/sandbox/{action}\"><input type=\"hidden\" name=\"back\" \
         value=\"{back}\">{fields}<button>{label}</button></form>\n"
    )
}

pub fn state(name: &str) -> String {
    let name = escape(name);
    format!(
        "<span class=\"state {name}\">{}</span>",
        name.replace('_', " ")
    )
}

/// How long ago it was, as a person says it.
pub fn ago(second: i64) -> String {
    let secs = unix_now().saturating_sub(second).max(0);
    match secs {
        0..=59 => format!("{secs} s ago"),
        60..=3_599 => format!("{} min ago", secs / 60),
        3_600..=86_399 => format!("{} h ago", secs / 3_600),
        _ => format!("{} d ago", secs / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::{button, escape};

    #[test]
    fn what_a_caller_wrote_cannot_become_markup() {
        let hostile = "\"><script>alert('x')</script>&";
        for html in [escape(hostile), button(hostile, "", hostile, hostile)] {
            assert!(!html.contains("<script"), "{html}");
            assert!(!html.contains("'x'"), "{html}");
        }
    }
}
