//! Who runs which cases: processes of this same program, one for each core, each in a clean environment.
//!
//! What a case is, is left to the stories; here it is a seed and a folder.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fastrand::Rng;

/// How long the stories of one kind go on when nobody says how many there shall be.
const SECONDS: u64 = 30;
/// After so many failures of one process there is nothing more to learn.
const ENOUGH: usize = 5;

/// One case.
pub struct Case {
    /// All that is random in it comes from here.
    pub random: Rng,
    /// An empty folder.
    pub folder: PathBuf,
    /// What happened in it, in a word or two, for the counts at the end.
    seen: RefCell<Vec<&'static str>>,
}

impl Case {
    /// Counts an event.
    pub fn saw(&self, what: &'static str) {
        self.seen.borrow_mut().push(what);
    }
}

/// Runs the cases of one kind, and fails with what they found.
#[allow(clippy::print_stdout, reason = "counts, for who asks with `--nocapture`")]
pub fn run(family: &str) {
    let place = tempfile::Builder::new().prefix("glue-differential-").tempdir_in(memory()).unwrap();
    let one = variable("GLUE_SEED");
    let workers = if one.is_some() { 1 } else { std::thread::available_parallelism().map_or(2, usize::from) as u64 };
    let first = one.or_else(|| variable("GLUE_FIRST")).unwrap_or_else(of_the_day);
    let running: Vec<_> = (0..workers).map(|number| spawn(family, place.path(), first + number, workers)).collect();
    let ended: Vec<bool> = running.into_iter().map(|mut worker| worker.wait().unwrap().success()).collect();
    let (mut told, mut failures) = (BTreeMap::<String, u64>::new(), String::new());
    for number in 0..workers {
        let folder = place.path().join((first + number).to_string());
        failures += &fs::read_to_string(folder.join("failures")).unwrap_or_default();
        for line in fs::read_to_string(folder.join("counts")).unwrap_or_default().lines() {
            let (count, what) = line.split_once(' ').unwrap();
            *told.entry(what.to_owned()).or_default() += count.parse::<u64>().unwrap();
        }
    }
    println!("{family}, from seed {first} on: {told:?}");
    if one.is_some() {
        println!("left in {}", place.keep().display());
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(ended.iter().all(|&well| well), "a process of the {family} stories ended badly");
}

/// The other end of [`run`].
pub fn take_part(story: impl Fn(&str, &mut Case)) {
    let Ok(family) = std::env::var("GLUE_FAMILY") else { return };
    let place = PathBuf::from(std::env::var_os("GLUE_PLACE").unwrap());
    let (first, step) = (variable("GLUE_FIRST").unwrap(), variable("GLUE_STEP").unwrap());
    let (most, until) = match (variable("GLUE_SEED"), variable("GLUE_CASES")) {
        (Some(_), _) => (1, None),
        (_, Some(cases)) => (cases.div_ceil(step), None),
        _ => (u64::MAX, Some(Instant::now() + Duration::from_secs(SECONDS))),
    };
    let (mut counts, mut failures) = (BTreeMap::<&str, u64>::new(), Vec::new());
    for seed in (0..most).map(|number| first + number * step) {
        if failures.len() >= ENOUGH || until.is_some_and(|until| Instant::now() > until) {
            break;
        }
        let folder = place.join("case");
        fs::create_dir(&folder).unwrap();
        let mut case = Case { random: Rng::with_seed(seed), folder, seen: RefCell::default() };
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| story(&family, &mut case)));
        *counts.entry("cases").or_default() += 1;
        case.seen.borrow().iter().for_each(|what| *counts.entry(what).or_default() += 1);
        if let Err(panic) = outcome {
            failures.push(format!("{family}, case {seed}: {}\n{}\n", message(&*panic), again(&family, seed)));
        }
        if variable("GLUE_SEED").is_none() {
            fs::remove_dir_all(&case.folder).unwrap();
        }
    }
    fs::write(place.join("failures"), failures.concat()).unwrap();
    let counts = counts.iter().map(|(what, count)| format!("{count} {what}\n"));
    fs::write(place.join("counts"), counts.collect::<String>()).unwrap();
}

fn spawn(family: &str, place: &Path, first: u64, step: u64) -> std::process::Child {
    let place = place.join(first.to_string());
    for folder in ["home", "tmp"] {
        fs::create_dir_all(place.join(folder)).unwrap();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["worker", "--exact", "--nocapture"]).env_clear();
    for name in ["PATH", "GLUE_CASES", "GLUE_SEED", "RUST_BACKTRACE", "LD_LIBRARY_PATH"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
        .env("GLUE_FAMILY", family)
        .env("GLUE_PLACE", &place)
        .env("GLUE_FIRST", first.to_string())
        .env("GLUE_STEP", step.to_string())
        .env("GLUE_HOME", place.join("glue"))
        .env("HOME", place.join("home"))
        .env("TMPDIR", place.join("tmp"))
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_NAME", "Nobody")
        .env("GIT_AUTHOR_EMAIL", "nobody@example.org")
        .env("GIT_COMMITTER_NAME", "Cam Committer")
        .env("GIT_COMMITTER_EMAIL", "cam@example.org")
        .env("GIT_COMMITTER_DATE", "1750000000 +0200")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    if std::env::var_os("GLUE_SEED").is_none() {
        command.stderr(Stdio::null());
    }
    command.spawn().unwrap()
}

/// A folder in memory where there is one: a case makes and removes hundreds of small files.
fn memory() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    match tempfile::tempdir_in(&memory) {
        Ok(_) => memory,
        Err(_) => env!("CARGO_TARGET_TMPDIR").into(),
    }
}

/// Other seeds every day, far enough apart that no day sees those of the one before.
fn of_the_day() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    since.as_secs() / 86_400 * 1_000_000
}

fn variable(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is not a number: {value}")))
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panicked".to_owned())
}

fn again(family: &str, seed: u64) -> String {
    format!("    again: GLUE_SEED={seed} cargo test --test differential {family} -- --nocapture")
}
