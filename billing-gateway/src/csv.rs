//! Comma-separated values (RFC 4180) that people open in spreadsheets. Texts of others are among them, and a
//! spreadsheet takes a text such as `=HYPERLINK(…)` for a formula.

use std::fmt::{Display, Write};

/// What begins a formula, in wide letters too.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
/// What separates cells where a comma separates decimals: a text behind it may begin a cell there.
const OTHER_SEPARATOR: char = ';';

/// One row at the end of a text.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    text: &'a mut String,
    is_empty: bool,
}

impl<'a> Row<'a> {
    pub(crate) fn on(text: &'a mut String) -> Self {
        Self {
            text,
            is_empty: true,
        }
    }

    /// A cell of our own words and figures.
    pub(crate) fn plain(&mut self, value: impl Display) {
        self.separate();
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{value}");
    }

    pub(crate) fn plain_or_none(&mut self, value: Option<impl Display>) {
        match value {
            Some(value) => self.plain(value),
            None => self.separate(),
        }
    }

    /// A cell of somebody's text, on one line and never a formula.
    pub(crate) fn text(&mut self, text: Option<&str>) {
        self.separate();
        let Some(text) = text else {
            return;
        };
        self.text.push('"');
        let mut begins = true;
        for letter in text.chars() {
            let letter = if letter.is_control() { ' ' } else { letter };
            if begins && FORMULA.contains(&letter) {
                self.text.push('\'');
            }
            begins =
                letter == OTHER_SEPARATOR || (begins && (letter.is_whitespace() || letter == '"'));
            if letter == '"' {
                self.text.push('"');
            }
            self.text.push(letter);
        }
        self.text.push('"');
    }

    pub(crate) fn end(self) {
        self.text.push_str("\r\n");
    }

    fn separate(&mut self) {
        if !self.is_empty {
            self.text.push(',');
        }
        self.is_empty = false;
    }
}

#[cfg(test)]
mod tests {
    use super::Row;

    fn cell(text: &str) -> String {
        let mut row = String::new();
        Row::on(&mut row).text(Some(text));
        row
    }

    #[test]
    fn no_text_begins_a_formula_wherever_a_spreadsheet_lets_a_cell_begin() {
        for (text, written) in [
            ("search", r#""search""#),
            ("", r#""""#),
            ("a, b; c - d = e", r#""a, b; c - d = e""#),
            (r#"say "no""#, r#""say ""no""""#),
            ("=1+1", r#""'=1+1""#),
            ("@SUM(A1)", r#""'@SUM(A1)""#),
            ("-2", r#""'-2""#),
            ("＝1", r#""'＝1""#),
            ("  =1", r#""  '=1""#),
            ("\t=1", r#"" '=1""#),
            ("\"=1", r#""""'=1""#),
            ("a;=1", r#""a;'=1""#),
            ("a\";=1", r#""a"";'=1""#),
            ("a;;\" =1", r#""a;;"" '=1""#),
            ("a\r\n=1", r#""a  =1""#),
            ("Пошук у рішеннях", r#""Пошук у рішеннях""#),
        ] {
            assert_eq!(cell(text), written, "{text:?}");
        }
    }

    #[test]
    fn cells_are_separated_also_where_nothing_is_in_them() {
        let mut row = String::new();
        let mut cells = Row::on(&mut row);
        cells.text(None);
        cells.plain(-5);
        cells.plain_or_none(None::<i64>);
        cells.end();
        assert_eq!(row, ",-5,\r\n");
    }
}
