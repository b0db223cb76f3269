//! Whether a text can be told from none. The gateway and the core ask the same function about identifiers.

/// Whether nothing of the text can be seen: it is empty, or all of it is blanks, controls, and what Unicode
/// says to draw nothing for (`Default_Ignorable_Code_Point`, version 16), as U+200B.
pub fn is_blank(text: &str) -> bool {
    !text.chars().any(is_visible)
}

fn is_visible(c: char) -> bool {
    let ignorable = matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}')
        || matches!(c, '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{fff0}'..='\u{fff8}')
        || matches!(c, '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        // Marks of annotations, and a cell of Braille without a dot.
        || matches!(c, '\u{fff9}'..='\u{fffb}' | '\u{2800}');
    !ignorable && !c.is_whitespace() && !c.is_control()
}

#[cfg(test)]
mod tests {
    use super::is_blank;

    #[test]
    fn what_nobody_can_see_is_blank_and_one_letter_makes_it_visible() {
        for blank in [
            "",
            " ",
            "\u{a0} \t\u{3000}",
            "\u{200b}",
            "\u{200d}\u{feff}",
            "\u{2060}",
            "\u{202e} \u{ad}",
            "\u{180e}\u{fe0f}",
            "\u{3164}",
            "\u{2800}",
            "\u{e0020}",
            "\u{7f}\u{1}",
        ] {
            assert!(is_blank(blank), "{blank:?}");
            for visible in ["x", "ї", "م", "字", "0", ".", "\u{1f468}", "\u{e000}"] {
                assert!(
                    !is_blank(&format!("{blank}{visible}")),
                    "{blank:?}{visible}"
                );
            }
        }
        // Names are written with joiners between their letters.
        assert!(!is_blank("نرگس\u{200c}محمدی"));
    }
}
