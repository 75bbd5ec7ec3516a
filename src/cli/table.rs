//! Lists for people: columns as wide as their widest cell. Lists for scripts: JSON.

use super::say;
use crate::actions::Done;
use crate::clock;
use crate::clock::UnixTime;
use serde_json::Value;
use std::time::Duration;

/// A column: the member it shows, and its heading. Members that end in `_at` are times and shown from now.
pub(super) type Column = (&'static str, &'static str);

/// A command that is typed at once is answered by then.
const A_MOMENT: Duration = Duration::from_secs(20);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Prints what was done: JSON if asked for, else the message or the table.
pub(super) fn print(done: &Done, json: bool, columns: &[Column]) {
    if json {
        say(&format!("{:#}", done.data));
    } else if !done.message.is_empty() {
        say(&done.message);
    } else {
        say(render(&done.data, columns).trim_end());
    }
}

fn render(data: &Value, columns: &[Column]) -> String {
    let single = std::slice::from_ref(data);
    let rows: &[Value] = data.as_array().map_or(single, Vec::as_slice);
    if rows.is_empty() {
        return "none\n".to_owned();
    }
    let heading = columns.iter().map(|(_, heading)| (*heading).to_owned()).collect();
    let cells = rows.iter().map(|row| columns.iter().map(|(member, _)| cell(member, row.get(member))).collect());
    let lines: Vec<Vec<String>> = std::iter::once(heading).chain(cells).collect();
    let width = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    lines.iter().map(|line| format_line(line, &widths)).collect()
}

fn format_line(line: &[String], widths: &[usize]) -> String {
    let padded: Vec<String> = line.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
    format!("{}\n", padded.join("  ").trim_end())
}

fn cell(member: &str, value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::Bool(yes)) => if *yes { "yes" } else { "no" }.to_owned(),
        Some(Value::Number(number)) if member.ends_with("_at") => age(number.as_u64().unwrap_or_default()),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        Some(other @ (Value::Number(_) | Value::Object(_))) => other.to_string(),
    };
    printable(&text)
}

/// Text from elsewhere without anything that a terminal would act upon.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// How long ago that was, or how long it will be.
pub(super) fn age(at: u64) -> String {
    let (at, now) = (UnixTime(at), clock::now());
    match (now.since(at), at.since(now)) {
        (_, ahead) if ahead > Duration::ZERO && ahead < MINUTE => "in under 1 min".to_owned(),
        // Two hours are not "1 h" a second later.
        (_, ahead) if ahead > Duration::ZERO => format!("in {}", span(ahead + A_MOMENT)),
        (age, _) if age < MINUTE => "just now".to_owned(),
        (age, _) => format!("{} ago", span(age)),
    }
}

fn span(span: Duration) -> String {
    match span.as_secs() {
        seconds if span < HOUR => format!("{} min", seconds / 60),
        seconds if span < 48 * HOUR => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_line_up_and_end_without_blanks() {
        let data = json!([{ "name": "ann", "owner": true }, { "name": "barbara", "owner": false }]);
        assert_eq!(render(&data, &[("name", "NAME"), ("owner", "OWNER")]), "NAME     OWNER\nann      yes\nbarbara  no\n");
    }

    #[test]
    fn what_is_past_and_what_is_to_come_are_told_apart() {
        let now = clock::now().0;
        let at = |at: u64| cell("at_at", Some(&json!(at)));
        assert_eq!([at(now - 1), at(now - 120), at(now - 7200), at(now - 3 * 86_400)], ["just now", "2 min ago", "2 h ago", "3 days ago"]);
        assert_eq!([at(now + 150), at(now + 7260), at(now + 90 * 86_400 + 60)], ["in 2 min", "in 2 h", "in 90 days"]);
        assert_eq!([at(now + 7195), at(now + 30)], ["in 2 h", "in under 1 min"]);
    }

    #[test]
    fn a_client_cannot_speak_to_the_terminal() {
        assert!(!cell("name", Some(&json!("\u{1b}[31mred\r\n"))).contains('\u{1b}'));
    }
}
