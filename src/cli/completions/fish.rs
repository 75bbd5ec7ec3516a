//! For fish: one line for each word, with the place where it may be said.

use super::{Flag, Place, Value, steps, taking};

pub(super) fn script(places: &[Place]) -> String {
    let values = [taking(places, Value::Path), taking(places, Value::Text)].concat();
    let values: Vec<String> = values.iter().map(|name| format!("'*:{name}'")).collect();
    let steps: Vec<String> = steps(places).iter().map(|step| format!("'{step}'")).collect();
    let lines: String = places.iter().flat_map(lines).collect();
    format!(
        "# fish completion for doorward
function __doorward_at
    set -l place
    set -l skip 0
    set -l words (commandline -opc)
    for word in $words[2..]
        if test $skip = 1
            set skip 0
            continue
        end
        switch \"$place:$word\"
            case {}
                set skip 1
            case {}
                set place \"$place/$word\"
        end
    end
    test \"$place\" = \"$argv[1]\"
end
complete -c doorward -f
{lines}",
        values.join(" "),
        steps.join(" "),
    )
}

fn lines(place: &Place) -> Vec<String> {
    let here = format!("complete -c doorward -n \"__doorward_at '{}'\"", place.at);
    let commands = place.commands.iter().map(|(name, about)| format!("{here} -a {name} -d {}\n", quoted(about)));
    let value = |flag: &Flag| match flag.value {
        Value::None => "",
        Value::Path => " -r -F",
        Value::Text => " -x",
    };
    let name = |flag: &Flag| flag.name.trim_start_matches('-').to_owned();
    let flags = place.flags.iter().map(|flag| format!("{here} -l {}{} -d {}\n", name(flag), value(flag), quoted(&flag.about)));
    commands.chain(flags).collect()
}

/// In single quotes, where fish reads `\'` and `\\`.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
