//! Passwords from people: from standard input when a script gives them, else typed without being shown.

use super::failure;
use crate::actions::Failure;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};

/// A new password, from the first line of standard input or typed twice.
pub(super) fn new_password(from_stdin: bool) -> Result<String, Failure> {
    if from_stdin {
        let mut line = String::new();
        io::stdin()
            .lock()
            .read_line(&mut line)
            .map_err(|error| failure(format!("cannot read the password: {error}"), "give it as the first line"))?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let no_terminal = |_| failure("there is no terminal to type a password at", "use --password-stdin and give it as the first line");
    let mut terminal = File::options().read(true).write(true).open("/dev/tty").map_err(no_terminal)?;
    let first = ask(&mut terminal, "Password: ").map_err(no_terminal)?;
    let second = ask(&mut terminal, "The same again: ").map_err(no_terminal)?;
    if first == second { Ok(first) } else { Err(failure("the two passwords are not the same", "try again")) }
}

fn ask(terminal: &mut File, prompt: &str) -> io::Result<String> {
    write!(terminal, "{prompt}")?;
    let before = tcgetattr(&*terminal)?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&*terminal, OptionalActions::Flush, &silent)?;
    let mut line = String::new();
    let read = BufReader::new(&*terminal).read_line(&mut line);
    tcsetattr(&*terminal, OptionalActions::Flush, &before)?;
    writeln!(terminal)?;
    read?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
