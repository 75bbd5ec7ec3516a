//! `doorward doctor`: finds out who is to be examined, shows what is found as it is found, and ends with 1 when something
//! keeps clients out.

use super::run::{as_served, ask_running};
use super::{environment, failure, paint, say};
use crate::actions::examination::Facts;
use crate::actions::{Action, Failure};
use crate::config::{self, raw};
use crate::doctor::{self, Check, Finding, News, Patient, State};
use crate::store::Store;
use argh::{ArgsInfo, FromArgs};
use rustix::termios::isatty;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use url::Url;

/// look at the public address from here, and say what keeps clients out and how to mend it
#[derive(FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "doctor",
    example = "doorward doctor --public-url https://mcp.example.com",
    note = "It is asked from this machine: what another network sees of the name, or of a blocked address, it cannot know.",
    note = "No token and no password is sent anywhere. It ends with 1 if something keeps clients out; warnings alone are 0."
)]
pub(super) struct Doctor {
    /// the address to look at; default the one of the doorward here
    #[argh(option)]
    public_url: Option<String>,
    /// connect to this IP address, or address and port, instead of where the name leads from here
    #[argh(option, from_str_fn(address))]
    address: Option<(IpAddr, Option<u16>)>,
    /// trust the certificate authorities of this PEM file instead of the public ones
    #[argh(option)]
    ca_file: Option<PathBuf>,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
    /// print JSON
    #[argh(switch)]
    json: bool,
}

fn address(text: &str) -> Result<(IpAddr, Option<u16>), String> {
    let with_port = text.parse::<SocketAddr>().map(|at| (at.ip(), Some(at.port())));
    with_port
        .or_else(|_| text.parse().map(|address| (address, None)))
        .map_err(|_| "write it like 93.184.216.34 or 93.184.216.34:443".to_owned())
}

pub(super) fn run(doctor: Doctor) -> Result<(), Failure> {
    let facts = facts(doctor.data)?;
    let text = doctor.public_url.or_else(|| facts.as_ref().map(|facts| facts.public_url.clone())).ok_or_else(|| {
        failure("there is no doorward here, and no address to look at", "name one: doorward doctor --public-url https://mcp.example.com")
    })?;
    let origin = config::origin(&text)?.origin;
    let url =
        Url::parse(&origin).map_err(|error| failure(format!("{origin} is no URL: {error}"), "write it like https://mcp.example.com"))?;
    let authorities = doctor.ca_file.as_deref().map(authorities).transpose()?;
    let patient = Patient { url, facts, address: doctor.address, authorities };
    let checks = if doctor.json { for_a_script(&patient) } else { for_a_person(&patient) };
    let failed = count(&checks, State::Failure);
    if failed == 0 {
        return Ok(());
    }
    let what = format!("{failed} of {} checks failed", checks.len());
    Err(failure(what, "mend the first of them and look again: the others may follow from it"))
}

/// What the doorward here says about itself, running or not; nothing where there is none.
fn facts(data: Option<PathBuf>) -> Result<Option<Facts>, Failure> {
    if let Some(done) = ask_running(data.as_deref(), &Action::Examination)? {
        let unlike =
            |_| failure("the running doorward is of another version than this program", "start it again, so that the two are one version");
        return serde_json::from_value(done.data).map(Some).map_err(unlike);
    }
    let flags = raw::Flags { data, ..raw::Flags::default() };
    let folder = raw::data_directory(flags.data.as_deref(), &environment)?;
    if !Store::is_at(&folder)? {
        return Ok(None);
    }
    Ok(Some(Facts::of(&as_served(&flags)?)))
}

fn authorities(file: &Path) -> Result<Vec<doctor::Authority>, Failure> {
    let told = |what| {
        failure(format!("cannot use {}: {what}", file.display()), "name a PEM file with the authority's certificate: --ca-file FILE")
    };
    doctor::read_authorities(file).map_err(told)
}

fn for_a_script(patient: &Patient) -> Vec<Check> {
    let mut checks = Vec::new();
    doctor::examine(patient, &mut |news| match news {
        News::Begins(_) => {}
        News::Found(check) => checks.push(check),
    });
    say(&serde_json::to_string_pretty(&checks).unwrap_or_default());
    checks
}

/// Line by line, with what is being done at the end of it while a terminal shows it.
fn for_a_person(patient: &Patient) -> Vec<Check> {
    let watched = isatty(io::stderr());
    let show = |what: &str| {
        // A terminal that has gone away is told nothing.
        let _ = if watched { write!(io::stderr(), "\r\u{1b}[2K{what}") } else { Ok(()) };
    };
    let (mut checks, mut last_hint) = (Vec::new(), None);
    doctor::examine(patient, &mut |news| match news {
        News::Begins(what) => show(&format!("… {what}")),
        News::Found(check) => {
            show("");
            say(&lines(&check.finding, last_hint.as_deref()));
            last_hint.clone_from(&check.finding.hint);
            checks.push(check);
        }
    });
    show("");
    let count = |state| count(&checks, state);
    say(&format!(
        "\n{} checks: {} ok, {} to note, {} warnings, {} failures",
        checks.len(),
        count(State::Ok),
        count(State::Note),
        count(State::Warning),
        count(State::Failure)
    ));
    checks
}

fn count(checks: &[Check], state: State) -> usize {
    checks.iter().filter(|check| check.finding.state == state).count()
}

/// A finding for people. A hint that was just given is not given again.
fn lines(finding: &Finding, last_hint: Option<&str>) -> String {
    let (word, colour) = match finding.state {
        State::Ok => ("ok", paint::GREEN),
        State::Note => ("note", paint::PLAIN),
        State::Warning => ("warning", paint::YELLOW),
        State::Failure => ("failure", paint::RED),
    };
    let mut text = format!("{}  {}", paint::paint(&format!("{word:<7}"), colour, io::stdout()), finding.sentence);
    if let Some(product) = finding.product.filter(|product| !finding.sentence.contains(product)) {
        text.push_str(&format!("\n         in between: {product}"));
    }
    if let Some(hint) = finding.hint.as_deref().filter(|hint| Some(*hint) != last_hint) {
        text.push_str(&format!("\n         hint: {hint}"));
    }
    text
}
