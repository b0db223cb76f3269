//! Columns that stand under each other.

use std::fmt::{self, Write};

/// The first column is of names, the others of numbers.
#[derive(Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
    heads: usize,
}

impl Table {
    pub fn with_head(head: impl IntoIterator<Item = String>) -> Self {
        let mut table = Self::default();
        table.add(head);
        table.heads = 1;
        table
    }

    pub fn add(&mut self, row: impl IntoIterator<Item = String>) {
        self.rows.push(row.into_iter().collect());
    }

    /// Nothing below its head, if it has one.
    pub fn is_empty(&self) -> bool {
        self.rows.len() <= self.heads
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        (0..columns)
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        for row in &self.rows {
            let mut line = String::from(" ");
            for (index, (cell, width)) in row.iter().zip(&widths).enumerate() {
                // Writing to a string does not fail.
                let _ = if index == 0 {
                    write!(line, " {cell:<width$}")
                } else {
                    write!(line, "  {cell:>width$}")
                };
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// With commas: 12,345.
pub fn whole(number: f64) -> String {
    if !number.is_finite() {
        return UNKNOWN.to_owned();
    }
    let digits = format!("{number:.0}");
    let (sign, digits) = digits
        .strip_prefix('-')
        .map_or(("", digits.as_str()), |rest| ("-", rest));
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}")
}

/// Three digits, or as many as there are before the point.
pub fn short(number: f64) -> String {
    match number.abs() {
        size if !size.is_finite() => UNKNOWN.to_owned(),
        size if size >= 1_000.0 => whole(number),
        size if size >= 100.0 => format!("{number:.0}"),
        size if size >= 10.0 => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}

/// What was not measured.
pub const UNKNOWN: &str = "·";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_under_each_other() {
        let mut table = Table::with_head([String::new(), "1".to_owned(), "256".to_owned()]);
        table.add(["check".to_owned(), whole(9_876.4), whole(123_456.0)]);
        table.add(["a÷b".to_owned(), short(0.5), short(f64::NAN)]);
        assert_eq!(
            table.to_string(),
            "             1      256\n  check  9,876  123,456\n  a÷b     0.50        ·\n"
        );
    }

    #[test]
    fn a_number_has_as_many_digits_as_it_needs() {
        for (number, expected) in [
            (0.123, "0.12"),
            (15.07, "15.1"),
            (342.4, "342"),
            (1_000_000.0, "1,000,000"),
            (-1_234.0, "-1,234"),
        ] {
            assert_eq!(short(number), expected);
        }
        assert_eq!(whole(999.0), "999");
    }
}
