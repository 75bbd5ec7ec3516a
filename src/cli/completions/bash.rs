//! For bash, 3.2 (macOS) included. File names are left to bash itself, which offers them where we offer nothing.

use super::{Place, Value, steps, taking};

pub(super) fn script(places: &[Place]) -> String {
    let paths = taking(places, Value::Path);
    let texts = taking(places, Value::Text);
    let any = [paths.as_slice(), &texts].concat();
    let values: Vec<String> = any.iter().map(|name| format!("*:{name}")).collect();
    let words: String = places.iter().map(words).collect();
    format!(
        "# bash completion for doorward
_doorward() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}} place= words= i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case $place:${{COMP_WORDS[i]}} in
            {values}) ((i++)) ;;
            {steps}) place=$place/${{COMP_WORDS[i]}} ;;
        esac
    done
    COMPREPLY=()
    case $prev in
        {any}) return ;;
    esac
    case $place in
{words}    esac
    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))
}}
complete -o bashdefault -o default -F _doorward doorward
",
        values = values.join(" | "),
        steps = steps(places).join(" | "),
        any = any.join(" | "),
    )
}

fn words(place: &Place) -> String {
    let commands = place.commands.iter().map(|(name, _)| name.as_str());
    let flags = place.flags.iter().map(|flag| flag.name.as_str());
    format!("        '{}') words='{}' ;;\n", place.at, commands.chain(flags).collect::<Vec<_>>().join(" "))
}
