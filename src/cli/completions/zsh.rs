//! For zsh, with what each word does. Works as a file in `fpath` and when sourced.

use super::{Place, Value, quoted, steps, taking};

pub(super) fn script(places: &[Place]) -> String {
    let paths = taking(places, Value::Path);
    let texts = taking(places, Value::Text);
    let values: Vec<String> = paths.iter().chain(&texts).map(|name| format!("*:{name}")).collect();
    let words: String = places.iter().map(words).collect();
    format!(
        "#compdef doorward
_doorward() {{
    local place= word
    local -a commands flags
    integer i
    for ((i = 2; i < CURRENT; i++)); do
        word=${{words[i]}}
        case $place:$word in
            ({values}) ((i++)) ;;
            ({steps}) place=$place/$word ;;
        esac
    done
    case ${{words[CURRENT - 1]}} in
        ({paths}) _files; return ;;
        ({texts}) _message value; return ;;
    esac
    case $place in
{words}    esac
    _describe -t commands command commands
    _describe -o -t options option flags
}}
if [[ $funcstack[1] == _doorward ]]; then
    _doorward \"$@\"
else
    compdef _doorward doorward
fi
",
        values = values.join("|"),
        steps = steps(places).join("|"),
        paths = paths.join("|"),
        texts = texts.join("|"),
    )
}

fn words(place: &Place) -> String {
    let entry = |name: &str, about: &str| quoted(&format!("{name}:{about}"));
    let commands: Vec<String> = place.commands.iter().map(|(name, about)| entry(name, about)).collect();
    let flags: Vec<String> = place.flags.iter().map(|flag| entry(&flag.name, &flag.about)).collect();
    format!("        ('{}') commands=({}) flags=({}) ;;\n", place.at, commands.join(" "), flags.join(" "))
}
