//! An address as a QR code, for the phone: one path of an inline picture, so that nothing is loaded for it.

use qrcodegen::{QrCode, QrCodeEcc};
use serde::Serialize;
use std::fmt::Write;

/// ISO/IEC 18004 §9.1: the quiet zone around a code, in modules.
const QUIET: i32 = 4;

/// A code as a drawing of dark squares, each one unit wide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drawing {
    /// Width and height, with the quiet zone.
    pub size: i32,
    /// The dark squares as an SVG path, runs of a row in one piece.
    pub path: String,
}

/// Draws `text`. Nothing if it is too long for any code, which no address of ours is.
pub fn draw(text: &str) -> Option<Drawing> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let run = (x..code.size()).take_while(|x| code.get_module(*x, y)).count() as i32;
            if run > 0 {
                // Writing to a String cannot fail.
                let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
            }
            x += run.max(1);
        }
    }
    Some(Drawing { size: code.size() + 2 * QUIET, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The dark squares that the path covers.
    fn squares(drawing: &Drawing) -> Vec<(i32, i32)> {
        let runs = drawing.path.split('M').skip(1).map(|run| {
            let (start, rest) = run.split_once('h').unwrap();
            let (x, y) = start.split_once(' ').unwrap();
            let width: i32 = rest.split_once('v').unwrap().0.parse().unwrap();
            assert_eq!(rest, format!("{width}v1h-{width}z"));
            (x.parse::<i32>().unwrap(), y.parse::<i32>().unwrap(), width)
        });
        runs.flat_map(|(x, y, width)| (x..x + width).map(move |x| (x, y))).collect()
    }

    #[test]
    fn the_drawing_has_exactly_the_dark_squares_of_the_code() {
        let text = "https://mcp.example.com/notes";
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).unwrap();
        let drawing = draw(text).unwrap();
        let all = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
        let dark: Vec<(i32, i32)> = all.filter(|(x, y)| code.get_module(*x, *y)).map(|(x, y)| (x + 4, y + 4)).collect();
        assert_eq!(squares(&drawing), dark);
        assert_eq!(drawing.size, code.size() + 8);
    }

    #[test]
    fn what_no_code_can_hold_is_not_drawn() {
        assert!(draw(&"x".repeat(2331)).is_some());
        assert_eq!(draw(&"x".repeat(2332)), None);
    }
}
