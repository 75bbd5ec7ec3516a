//! Text that others chose and that people are shown.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Control characters, and those that hide, reorder or take no room.
pub(super) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// One line of bounded length that does nothing to a terminal and hides nothing on a page. Made by [`Shown::new`] alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown(String);

impl Shown {
    /// Longest, in characters.
    pub const MAX: usize = 200;

    /// The text with every invisible character replaced, cut to [`Shown::MAX`].
    pub fn new(text: &str) -> Self {
        let mut shown: String =
            text.chars().take(Self::MAX).map(|c| if is_invisible(c) { char::REPLACEMENT_CHARACTER } else { c }).collect();
        if text.chars().nth(Self::MAX).is_some() {
            shown.pop();
            shown.push('…');
        }
        Self(shown)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_or_turns_a_line_around_is_replaced() {
        let shown = Shown::new("a\u{1b}[31m\r\n\0\u{202e}b\u{200b}c\u{7f}\u{9b}");
        assert_eq!(shown.as_str(), "a\u{fffd}[31m\u{fffd}\u{fffd}\u{fffd}\u{fffd}b\u{fffd}c\u{fffd}\u{fffd}");
        assert_eq!(Shown::new("Zoë's 🦀").as_str(), "Zoë's 🦀");
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        assert_eq!(Shown::new(&"ü".repeat(Shown::MAX)).as_str(), "ü".repeat(Shown::MAX));
        let cut = Shown::new(&"ü".repeat(Shown::MAX + 1));
        assert_eq!((cut.as_str().chars().count(), cut.as_str().ends_with("ü…")), (Shown::MAX, true));
    }

    #[test]
    fn what_was_shown_once_is_shown_the_same_again() {
        for text in ["", "Claude", "a\nb", &"x".repeat(5000)] {
            assert_eq!(Shown::new(Shown::new(text).as_str()), Shown::new(text));
        }
    }
}
