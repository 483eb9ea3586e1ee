//! Captures of ours, damaged on their way: whatever comes of it, there is no panic, and `trees match the sandbox` is said
//! only where what landed is the sandbox to the last byte.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use bstr::{BString, ByteSlice};
use fastrand::Rng;
use git_glue::apply::Proof;

use crate::host::Host;
use crate::ours::{self, Verdict};
use crate::series::{Series, drift};
use crate::state::State;
use crate::work::Case;
use crate::world::{Item, Tree};

/// How often each capture is damaged.
const TIMES: usize = 40;

/// One capture, damaged in many ways.
pub fn run(case: &mut Case) {
    let series = Series::new(&mut case.random, 4);
    let (sandbox, capture) = captured(&case.folder, &series, "sandbox");
    let other = Series::new(&mut case.random, 3);
    let (_, other) = captured(&case.folder, &other, "another");
    let whole = fs::read(&capture).unwrap();
    let mut history = vec![series.bootstrap.clone()];
    if case.random.u8(..4) == 0 {
        history.push(drift(&mut case.random, &series).0);
    }
    let (host, _) = Host::with_history(case.folder.join("host"), &history);
    let whole_is = ours::check(&host.dir, &capture);
    if history.len() == 1 && !whole.is_empty() {
        assert!(proves(&whole_is), "the whole capture is not proved: {}", whole_is.short());
    }
    let other = fs::read(&other).unwrap();
    for number in 0..TIMES {
        let bytes = damage(&mut case.random, whole.clone(), &other);
        let file = case.folder.join(format!("damaged-{number}.mbox"));
        fs::write(&file, &bytes).unwrap();
        case.saw("damages");
        match ours::check(&host.dir, &file) {
            verdict if proves(&verdict) => {
                case.saw("not to be seen");
                lands_as_proved(case, number, &sandbox, &history, &file);
            }
            Verdict::Refused(_) => case.saw("refused"),
            Verdict::Clean(_) => case.saw("lands without a proof"),
            Verdict::Stopped(..) => case.saw("conflicts"),
        }
    }
    assert_eq!(State::of(&host).head, host.git(&["rev-parse", "main"]).trim().to_str_lossy());
    assert!(host.git(&["status", "--porcelain"]).is_empty(), "a check changed something");
}

fn proves(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Clean(Some(report)) if matches!(report.proof, Proof::Matches { .. }))
}

/// What is proved must be so once it has landed.
fn lands_as_proved(case: &Case, number: usize, sandbox: &Host, history: &[Tree], capture: &Path) {
    let (host, _) = Host::with_history(case.folder.join(format!("proved-{number}")), history);
    let verdict = ours::apply(&host.dir, capture);
    assert!(proves(&verdict), "proved with --check, and then: {}", verdict.short());
    let state = |host: &Host| State { head: host.git(&["rev-parse", "HEAD^{tree}"]).to_string(), ..State::of(host) };
    let text = state(sandbox).differs(&state(&host), ("the sandbox", "home"));
    assert!(text.is_empty(), "`trees match the sandbox`, and they do not: damage {number}\n{text}");
    fs::remove_dir_all(&host.dir).unwrap();
}

/// A sandbox with the first trees committed, the last but one staged and the last in the work tree; and its capture.
fn captured(folder: &Path, series: &Series, name: &str) -> (Host, PathBuf) {
    let mut trees = series.trees.clone();
    trees.insert(0, series.bootstrap.clone());
    let (last, staged) = (trees.pop().unwrap(), trees.pop().unwrap());
    let (host, _) = Host::with_history(folder.join(name), &trees);
    let base = host.git(&["rev-list", "--max-parents=0", "HEAD"]);
    let staged_tree = host.objects.tree(&staged).to_string();
    host.git(&["read-tree", "-m", "-u", &staged_tree]);
    write_files(&host.dir, &staged, &last);
    let capture = folder.join(format!("{name}.mbox"));
    let run = Command::new(env!("CARGO_BIN_EXE_git-glue-capture"))
        .args(["--quiet", "--base", base.trim().to_str().unwrap(), "-o"])
        .arg(&capture)
        .current_dir(&host.dir)
        .output()
        .unwrap();
    assert!(run.status.success(), "capture: {}", run.stderr.as_bstr());
    (host, capture)
}

/// Makes of the files of one tree those of another. Submodules stay what they are.
fn write_files(dir: &Path, from: &Tree, to: &Tree) {
    let file = |path: &[u8]| dir.join(std::ffi::OsStr::from_bytes(path));
    for (path, item) in from {
        if to.get(path) != Some(item) && !matches!(item, Item::Gitlink(_)) {
            fs::remove_file(file(path)).unwrap();
            // A file may be wanted where only empty folders are left.
            for folder in file(path).ancestors().skip(1).take_while(|folder| *folder != dir) {
                let _ = fs::remove_dir(folder);
            }
        }
    }
    for (path, item) in to.iter().filter(|(path, item)| from.get(*path) != Some(item)) {
        let file = file(path);
        let _ = fs::create_dir_all(file.parent().unwrap());
        match item {
            Item::File { bytes, executable } if fs::write(&file, bytes).is_ok() => {
                let mode = if *executable { 0o755 } else { 0o644 };
                fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            }
            Item::Link(target) => drop(symlink(std::ffi::OsStr::from_bytes(target), &file)),
            _ => {}
        }
    }
}

fn damage(random: &mut Rng, mut bytes: Vec<u8>, other: &[u8]) -> Vec<u8> {
    if bytes.is_empty() {
        return other.to_owned();
    }
    let at = random.usize(..bytes.len());
    let end = (at + random.usize(..400)).min(bytes.len());
    match random.u8(..12) {
        0..4 => {
            for _ in 0..random.usize(1..6) {
                let place = random.usize(..bytes.len());
                bytes[place] ^= 1 << random.u8(..8);
            }
        }
        4 => bytes.truncate(at),
        5 => drop(bytes.drain(at..end)),
        6 => {
            let again = bytes[at..end].to_vec();
            bytes.splice(at..at, again);
        }
        7 => drop(bytes.splice(at..at, (0..random.usize(1..20)).map(|_| random.u8(..)))),
        8 => return among_lines(random, &bytes),
        9 => bytes[at] = b"0123456789abcdef\n@+- "[random.usize(..21)],
        _ => return among_mails(random, &bytes, other),
    }
    bytes
}

/// A line that is gone, there twice, or elsewhere.
fn among_lines(random: &mut Rng, bytes: &[u8]) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = bytes.lines_with_terminator().collect();
    let (one, two) = (random.usize(..lines.len()), random.usize(..lines.len()));
    match random.u8(..3) {
        0 => drop(lines.remove(one)),
        1 => lines.insert(two, lines[one]),
        _ => lines.swap(one, two),
    }
    lines.concat()
}

/// A mail that is gone, there twice, elsewhere, or another capture's.
fn among_mails(random: &mut Rng, bytes: &[u8], other: &[u8]) -> Vec<u8> {
    let (mut mails, others) = (mails(bytes), mails(other));
    let (one, two) = (random.usize(..mails.len()), random.usize(..mails.len()));
    match random.u8(..4) {
        0 => drop(mails.remove(one)),
        1 => mails.insert(two, mails[one].clone()),
        2 => mails.swap(one, two),
        _ if others.is_empty() => {}
        _ => mails[one] = others[random.usize(..others.len())].clone(),
    }
    mails.concat()
}

fn mails(bytes: &[u8]) -> Vec<BString> {
    let mut mails: Vec<BString> = Vec::new();
    for line in bytes.lines_with_terminator() {
        if mails.is_empty() || line.starts_with(b"From ") && line.ends_with(b" Mon Sep 17 00:00:00 2001\n") {
            mails.push(BString::default());
        }
        mails.last_mut().unwrap().extend_from_slice(line);
    }
    mails
}
