//! `glue-handoff` against the program whose protocol it speaks, `session-glue` from PyPI, in one run, as ratios.
//!
//! `cargo bench --bench handoff` measures `status`, `create` and `validate --sessions` on histories of 1, 100 and 5,000
//! archived sessions, which were written a while ago. The other program is `SESSION_GLUE`, or is installed by Python's own means into the target
//! directory. Each round measures both; all numbers are medians. CPU time, of the program and all that it starts, is what
//! to trust on a busy machine.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark: it prints, and stops if it cannot go on"
)]

#[path = "../round_trip/measure.rs"]
#[allow(dead_code, reason = "another benchmark uses the rest")]
mod measure;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use measure::{Cost, cost, installed, median};

const OURS: &str = installed!("glue-handoff");
const SIZES: [usize; 3] = [1, 100, 5_000];
const WHOLE: &str = include_str!("../../tests/handoff/whole.md");

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|word| word == measure::WORD) {
        return measure::run(&arguments[1..]);
    }
    measure::install();
    let folder = tempfile::Builder::new().prefix("handoff-").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let theirs = session_glue();
    let theirs = theirs.to_str().unwrap();
    println!("{:<40} {:>21} {:>19} {:>15}", "", "session-glue wall/cpu", "glue wall/cpu ms", "ratio wall/cpu");
    for size in SIZES {
        let root = history(&folder.path().join(size.to_string()), size);
        let next = root.join("next.md");
        fs::write(&next, of_session("the newest")).unwrap();
        let next = next.to_str().unwrap();
        for (what, arguments) in [
            ("status", &["status"][..]),
            ("create", &["create", "--input", next]),
            ("validate --sessions", &["validate", "--sessions"]),
        ] {
            let rounds = if size > 1000 { 5 } else { 15 };
            let [mut one, mut other] = [const { Vec::new() }; 2];
            for _ in 0..rounds {
                one.push(cost(&root, None, &[&[theirs], arguments].concat()));
                other.push(cost(&root, None, &[&[OURS], arguments].concat()));
            }
            row(&format!("{what}, {size} archived"), median(&one), median(&other));
        }
    }
}

/// A repository with that many archived sessions.
fn history(root: &Path, size: usize) -> PathBuf {
    let sessions = root.join(".agent-history/sessions");
    fs::create_dir_all(&sessions).unwrap();
    fs::create_dir_all(root.join(".git/info")).unwrap();
    let create = |id: &str| {
        let input = root.join("input.md");
        fs::write(&input, of_session(id)).unwrap();
        let status = Command::new(OURS).arg("create").arg("-i").arg(&input).current_dir(root).output().unwrap().status;
        assert!(status.success());
    };
    create("session 0");
    let latest = fs::read_to_string(root.join(".agent-history/LATEST.md")).unwrap();
    let index = fs::read_to_string(root.join(".agent-history/INDEX.yaml")).unwrap();
    let (head, entry) = index.split_once("sessions:\n").unwrap();
    let entries = (0..size).map(|number| {
        let name = format!("session-{number}.md");
        fs::write(sessions.join(&name), latest.replace("session 0", &format!("session {number}"))).unwrap();
        entry.replace("session 0", &format!("session {number}")).replace("session-0.md", &name)
    });
    fs::write(root.join(".agent-history/INDEX.yaml"), format!("{head}sessions:\n{}", entries.collect::<String>()))
        .unwrap();
    let earlier = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    for name in ["INDEX.yaml", "sessions"] {
        fs::File::open(root.join(".agent-history").join(name)).unwrap().set_modified(earlier).unwrap();
    }
    create("the newest");
    root.to_owned()
}

fn of_session(id: &str) -> String {
    WHOLE.replace("session_id: one", &format!("session_id: {id}"))
}

/// The other program.
fn session_glue() -> PathBuf {
    if let Some(program) = std::env::var_os("SESSION_GLUE") {
        return program.into();
    }
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("session-glue");
    let program = place.join("bin/glue");
    if !program.exists() {
        let run = |command: &mut Command| assert!(command.status().unwrap().success(), "{command:?}");
        run(Command::new("python3").args(["-m", "venv"]).arg(&place));
        run(Command::new(place.join("bin/pip")).args(["install", "-q", "session-glue==0.4.1"]));
    }
    program
}

fn row(what: &str, theirs: Cost, ours: Cost) {
    let ms = |cost: Cost| format!("{:.1} / {:.1}", cost.wall, cost.cpu);
    let ratio = format!("{:.1} / {:.1}", theirs.wall / ours.wall, theirs.cpu / ours.cpu);
    println!("{what:<40} {:>21} {:>19} {ratio:>15}", ms(theirs), ms(ours));
}
