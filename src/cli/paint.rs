//! Colours: for people who look at a terminal and have not said that they want none (<https://no-color.org>).

use super::environment;
use rustix::termios::isatty;
use std::os::fd::AsFd;

/// A colour, as ECMA-48 *select graphic rendition* numbers it.
#[derive(Clone, Copy)]
pub(super) struct Colour(&'static str);

pub(super) const PLAIN: Colour = Colour("");
pub(super) const RED: Colour = Colour("1;31");
pub(super) const GREEN: Colour = Colour("32");
pub(super) const YELLOW: Colour = Colour("33");

/// The text, in that colour if it is shown on a terminal.
pub(super) fn paint(text: &str, colour: Colour, shown_on: impl AsFd) -> String {
    if colour.0.is_empty() || !wants_colour(isatty(shown_on), &environment) {
        return text.to_owned();
    }
    format!("\u{1b}[{}m{text}\u{1b}[0m", colour.0)
}

fn wants_colour(terminal: bool, environment: &dyn Fn(&str) -> Option<String>) -> bool {
    terminal && environment("NO_COLOR").is_none() && environment("TERM").is_some_and(|term| term != "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_whose_owner_wants_them() {
        let with = |term: &str, no_color: Option<&str>| {
            let environment = |name: &str| match name {
                "TERM" => Some(term.to_owned()),
                "NO_COLOR" => no_color.map(str::to_owned),
                _ => None,
            };
            wants_colour(true, &environment)
        };
        assert!(with("xterm", None));
        assert!(!with("dumb", None) && !with("xterm", Some("1")));
        assert!(!wants_colour(true, &|_| None) && !wants_colour(false, &|_| Some("xterm".into())));
    }

    #[test]
    fn a_file_is_no_terminal() {
        let file = std::fs::File::open("/dev/null").unwrap();
        assert_eq!(paint("x", RED, &file), "x");
    }
}
