//! This machine: who can read the files, how much room there is, what time it is; and the
//! upstreams, which are this machine's business, too.

use super::product::carrier;
use super::told;
use crate::clock::UnixTime;
use crate::doctor::finding::Finding;
use crate::doctor::observed::{Attempt, SeenFiles, Trouble};
use crate::http::date;
use core::time::Duration;
use std::path::Path;

/// Below this the store will soon have to stop.
const TOO_LITTLE: u64 = 64 * 1024 * 1024;
/// Below this somebody should look.
const LITTLE: u64 = 512 * 1024 * 1024;
/// Clocks that differ by more make dates in answers and tokens look wrong.
const SKEW: Duration = Duration::from_secs(60);

/// Whether anybody else on this machine can reach what is there. To look into the directory itself is the least of it:
/// the store, the sockets' folder and the control socket have modes of their own.
pub(in crate::doctor) fn permissions(data: &Path, files: &SeenFiles) -> Finding {
    let id = "permissions";
    let open = |(name, mode): &&(String, u32)| mode & if Path::new(name) == data { 0o022 } else { 0o077 } != 0;
    let told = |(name, mode): &(String, u32)| format!("{name} ({:o})", mode & 0o777);
    let opened: Vec<String> = files.modes.iter().filter(open).map(told).collect();
    let hint = format!("chmod -R go-rwx {}", data.display());
    if !opened.is_empty() {
        return Finding::failure(id, format!("others on this machine can get at {}", opened.join(", ")), hint);
    }
    match files.modes.iter().find(|(name, mode)| Path::new(name) == data && mode & 0o077 != 0) {
        Some(directory) => {
            let sentence = format!("others on this machine can look into {}, and read doorward.toml if it lets them", told(directory));
            Finding::warning(id, sentence, format!("chmod go-rwx {}", data.display()))
        }
        None => Finding::ok(id, "nobody else on this machine can read the data"),
    }
}

/// Whether there is room.
pub(in crate::doctor) fn space(files: &SeenFiles) -> Finding {
    let id = "space";
    let Some(free) = files.free else { return Finding::note(id, "how much room the disk has cannot be told") };
    let sentence = format!("{} free where the data is", amount(free));
    let hint = "make room: without it, nothing new can be stored and nobody can sign in";
    match free {
        free if free < TOO_LITTLE => Finding::failure(id, format!("only {sentence}"), hint),
        free if free < LITTLE => Finding::warning(id, format!("only {sentence}"), hint),
        _ => Finding::ok(id, sentence),
    }
}

fn amount(bytes: u64) -> String {
    let mebibytes = bytes / (1024 * 1024);
    if mebibytes < 1024 { format!("{mebibytes} MiB") } else { format!("{} GiB", mebibytes / 1024) }
}

/// The clock, against the `Date` that came with an answer from outside at that moment.
pub(in crate::doctor) fn clock(came: &Attempt, now: UnixTime) -> Finding {
    let id = "clock";
    let stated = came.as_ref().ok().and_then(|seen| date::parse_imf_fixdate(seen.field("date")));
    let Some(stated) = stated else { return Finding::note(id, "what time it is elsewhere cannot be told: no answer states it") };
    let (ahead, behind) = (now.since(UnixTime(stated)), UnixTime(stated).since(now));
    let skew = ahead.max(behind);
    let product = came.as_ref().ok().and_then(carrier);
    match product {
        Some(product) if skew <= SKEW => return Finding::ok(id, format!("the clock agrees with the date that {product} states")),
        // Without anybody known in between, the date may be the one that doorward on this machine put there.
        None if skew <= SKEW => return Finding::note(id, "the clock was compared with nothing: the only date seen may be its own"),
        Some(_) | None => {}
    }
    let way = if ahead > behind { "ahead of" } else { "behind" };
    let sentence = format!("this machine's clock is {} seconds {way} the date that comes from the public address", skew.as_secs());
    Finding::warning(id, sentence, "set both clocks by the network: timedatectl set-ntp true").by(product)
}

/// Whether a protected server's upstream answers, whatever it answers: it was asked without its credential.
pub(in crate::doctor) fn upstream(path: &str, url: &str, came: &Attempt) -> Finding {
    let id = format!("upstream {path}");
    match came {
        Ok(seen) if seen.status == 404 => {
            let hint = "see whether its path is right: the upstream is the URL that the MCP server itself would give to clients";
            Finding::warning(id, format!("{url} behind {path} answers 404: there is nothing at that path"), hint)
        }
        Ok(seen) if seen.status >= 500 => {
            Finding::warning(id, format!("{url} behind {path} answers with status {}", seen.status), "look at the MCP server's log")
        }
        Ok(seen) => Finding::ok(id, format!("{url} behind {path} answers (status {})", seen.status)),
        Err(Trouble::Slow) => Finding::warning(id, format!("{url} behind {path} does not answer"), "look at the MCP server's log"),
        Err(trouble) => {
            let sentence = format!("{url} behind {path} cannot be used: a request {}", told(trouble).0);
            Finding::failure(id, sentence, "start the MCP server, or mend its address in doorward's configuration")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::State;
    use crate::doctor::observed::testing::wire;

    #[test]
    fn what_others_can_reach_is_named_and_looking_into_the_directory_is_the_least_of_it() {
        let of = |modes: &[(&str, u32)]| {
            let modes = modes.iter().map(|(name, mode)| ((*name).to_owned(), *mode)).collect();
            permissions(Path::new("/data"), &SeenFiles { modes, free: None })
        };
        assert_eq!(of(&[("/data", 0o40700), ("/data/control.sock", 0o140_600)]).state, State::Ok);
        for mode in [0o704, 0o740, 0o701, 0o750, 0o755] {
            let finding = of(&[("/data", 0o40000 | mode), ("/data/store", 0o700)]);
            assert!(finding.state == State::Warning && finding.sentence.contains(&format!("/data ({mode:o})")), "{}", finding.sentence);
            let finding = of(&[("/data", 0o700), ("/data/store", 0o40000 | mode)]);
            assert_eq!(finding.sentence, format!("others on this machine can get at /data/store ({mode:o})"));
            assert_eq!((finding.state, finding.hint.as_deref()), (State::Failure, Some("chmod -R go-rwx /data")));
        }
        for mode in [0o720, 0o702, 0o777] {
            assert_eq!(of(&[("/data", 0o40000 | mode)]).state, State::Failure, "{mode:o}");
        }
    }

    #[test]
    fn room_is_told_before_it_is_gone() {
        let of = |mebibytes: u64| space(&SeenFiles { modes: vec![], free: Some(mebibytes << 20) });
        assert_eq!([of(10).state, of(100).state, of(600).state], [State::Failure, State::Warning, State::Ok]);
        assert_eq!(
            (of(10).sentence.as_str(), of(5000).sentence.as_str()),
            ("only 10 MiB free where the data is", "4 GiB free where the data is")
        );
        assert_eq!(space(&SeenFiles::default()).state, State::Note);
    }

    #[test]
    fn a_clock_is_compared_only_with_somebody_elses() {
        let of = |fields: &str| {
            clock(&Ok(wire(&format!("HTTP/1.1 200 OK\n{fields}Date: Sun, 06 Nov 1994 08:49:37 GMT"))), UnixTime(784_111_777))
        };
        assert_eq!((of("").state, of("Server: cloudflare\n").state), (State::Note, State::Ok));
    }

    #[test]
    fn a_clock_may_differ_by_a_minute() {
        let came = Ok(wire("HTTP/1.1 200 OK\nServer: nginx\nDate: Sun, 06 Nov 1994 08:49:37 GMT"));
        let at = |seconds: i64| clock(&came, UnixTime(784_111_777_u64.checked_add_signed(seconds).unwrap()));
        assert_eq!(
            [at(-60).state, at(0).state, at(60).state, at(61).state, at(-61).state],
            [State::Ok, State::Ok, State::Ok, State::Warning, State::Warning]
        );
        assert!(at(300).sentence.contains("300 seconds ahead of") && at(-300).sentence.contains("300 seconds behind"));
        assert_eq!(clock(&Ok(wire("HTTP/1.1 200 OK\nDate: now")), UnixTime(0)).state, State::Note);
        assert_eq!(clock(&Err(Trouble::Slow), UnixTime(0)).state, State::Note);
    }

    #[test]
    fn an_upstream_that_answers_at_all_is_there() {
        let of = |came: Attempt| upstream("/notes", "http://127.0.0.1:8000/mcp", &came).state;
        for (status, state) in [(200, State::Ok), (401, State::Ok), (406, State::Ok), (404, State::Warning), (500, State::Warning)] {
            assert_eq!(of(Ok(wire(&format!("HTTP/1.1 {status} X")))), state, "{status}");
        }
        assert_eq!(
            [of(Err(Trouble::Refused)), of(Err(Trouble::NotHttp)), of(Err(Trouble::Slow))],
            [State::Failure, State::Failure, State::Warning]
        );
    }
}
