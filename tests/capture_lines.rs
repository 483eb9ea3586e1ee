//! Diffs that are made without a process: git takes them, and they lead to the very trees.

use std::fs::{self, File};
use std::io::Read as _;

use bstr::{BStr, ByteSlice};
use fastrand::Rng;
use git_glue::mbox::Mbox;

use crate::sandbox::Sandbox;

/// Lines of which many are the same, as in code.
fn line(rng: &mut Rng) -> String {
    let words = [
        "}\n",
        "\n",
        "    return;\n",
        "fn name() {\n",
        "    let value = 1;\n",
        "  \u{fc}ber\t \n",
        "end\r\n",
        "\\ no\n",
    ];
    match rng.u8(0..4) {
        0 => format!("line {}\n", rng.u8(..)),
        _ => words[rng.usize(0..words.len())].to_owned(),
    }
}

/// A text made of another: lines gone, new, moved; at times without a last line end.
fn edited(rng: &mut Rng, text: &str) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    for _ in 0..rng.usize(1..6) {
        let at = rng.usize(0..=lines.len());
        match rng.u8(0..4) {
            0 => drop(lines.drain(at..(at + rng.usize(0..5)).min(lines.len()))),
            1 if at < lines.len() => lines[at] = line(rng),
            2 => lines.rotate_left(at),
            _ => (0..rng.usize(1..8)).for_each(|_| lines.insert(at, line(rng))),
        }
    }
    let mut text = lines.concat();
    if rng.u8(0..5) == 0 {
        text.truncate(text.trim_end_matches('\n').len());
    }
    text
}

const NAMES: [&str; 6] = ["plain", "with blank", "\u{fc}mlaut", "a\ttab", "quote\"d", "deep/er/file"];

/// One commit, by an agent: only changes, only new files, only deletions, or all of it.
fn commit(away: &Sandbox, rng: &mut Rng, number: usize) {
    let kind = rng.u8(0..5);
    for _ in 0..rng.usize(1..5) {
        let name = format!("{}{}", NAMES[rng.usize(0..NAMES.len())], rng.u8(0..3));
        let path = away.path(&name);
        let before = fs::read_to_string(&path).ok();
        match (kind, before) {
            (0..=2, Some(before)) => away.write(&name, edited(rng, &before)),
            (3, Some(_)) => fs::remove_file(&path).unwrap(),
            (_, before @ Some(_)) => {
                away.write(&name, if rng.bool() { "\0".into() } else { edited(rng, &before.unwrap_or_default()) })
            }
            (_, None) => away.write(&name, (0..rng.usize(0..30)).map(|_| line(rng)).collect::<String>()),
        }
        if path.exists() && rng.u8(0..8) == 0 {
            away.git(&["update-index", "--add", "--chmod=+x", &name]);
        }
    }
    away.git(&["add", "-A"]);
    away.git(&["commit", "-q", "--allow-empty", "-m", &format!("Commit {number}")]);
}

#[test]
fn diffs_made_without_git_are_what_git_takes() {
    let seed = std::env::var("GLUE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(11);
    let mut rng = Rng::with_seed(seed);
    let away = Sandbox::new();
    away.write("first", "first\n");
    away.commit("Base");
    away.git(&["tag", "base"]);
    for number in 0..150 {
        commit(&away, &mut rng, number);
    }
    away.git(&["glue-capture", "--quiet", "--verify", "--base", "base", "-o", "../c.mbox"]);
    let tree = away.git(&["rev-parse", "HEAD^{tree}"]);
    away.git(&["switch", "-q", "-c", "again", "base"]);
    away.git(&["am", "-q", "--keep-cr", "--empty=keep", "../c.mbox"]);
    assert_eq!(away.git(&["rev-parse", "HEAD^{tree}"]), tree, "seed {seed}");
    assert_eq!(away.git(&["rev-list", "--count", "base..HEAD"]).trim(), *b"150");
}

/// What people read is what git would have shown them.
#[test]
fn a_diff_made_without_git_reads_as_git_s_own() {
    let away = Sandbox::new();
    let text: String = (0..60).map(|number| format!("fn number_{number}() {{\n    {number}\n}}\n\n")).collect();
    away.write("some file", &text);
    away.write("gone", "one\ntwo");
    away.write("script", "#!/bin/sh\n");
    away.commit("Base");
    away.git(&["tag", "base"]);
    away.write(
        "some file",
        text.replace("    30\n", "    thirty\n    31\n").replace("fn number_50() {\n    50\n}\n\n", ""),
    );
    away.write("gone", "one\ntwo\n");
    away.git(&["update-index", "--chmod=+x", "script"]);
    away.git(&["commit", "-q", "-a", "-m", "Change"]);
    fs::remove_file(away.path("gone")).unwrap();
    away.git(&["rm", "-q", "--cached", "gone"]);
    away.git(&["commit", "-q", "-m", "Delete"]);
    away.git(&["glue-capture", "--quiet", "--base", "base", "-o", "../c.mbox"]);
    let mbox = fs::read(away.path("../c.mbox")).unwrap();
    for commit in ["HEAD", "HEAD~1"] {
        let diff = away.git(&["diff-tree", "-r", "-p", "--full-index", "--no-commit-id", commit]);
        assert!(mbox.contains_str(diff.trim()), "{diff}\nnot in\n{}", BStr::new(&mbox));
    }
}

/// A file in which some of the lines are of `text`, and the rest are its own.
fn alike(rng: &mut Rng, text: &str, percent: usize) -> String {
    let keeps = |rng: &mut Rng| rng.usize(0..100) < percent;
    text.lines().map(|line| if keeps(rng) { format!("{line}\n") } else { format!("own {}\n", rng.u64(..)) }).collect()
}

/// Where git sees copies, so does the capture; where it sees none, no git is asked.
#[test]
fn new_files_beside_changed_ones_are_copies_where_git_says_so() {
    let away = Sandbox::new();
    let mut rng = Rng::with_seed(5);
    let text: String = (0..120).map(|number| format!("line {number} {}\n", rng.u32(..))).collect();
    away.write("dir/text", &text);
    away.write("image", b"\0\x01binary\n");
    away.commit("Base");
    away.git(&["tag", "base"]);
    for percent in (0..=100).step_by(4) {
        let before = away.read("dir/text").to_string();
        away.write("dir/text", edited(&mut rng, &before));
        away.write(format!("dir/new{percent}"), alike(&mut rng, &before, percent));
        if percent % 20 == 0 {
            away.write("image", [b"\0\x01binary\n".as_slice(), &[u8::try_from(percent).unwrap()]].concat());
        }
        away.commit(format!("Change {percent}"));
    }
    away.git(&["glue-capture", "--quiet", "--verify", "--base", "base", "-o", "../c.mbox"]);
    let mut mbox = Mbox::open(File::open(away.path("../c.mbox")).unwrap()).unwrap();
    let mut copies = 0;
    for number in 0..mbox.entries.len() {
        let commit = mbox.entries[number].entry.commit.clone().unwrap().to_string();
        let mut diff = Vec::new();
        mbox.diff(number).unwrap().read_to_end(&mut diff).unwrap();
        let options = ["diff-tree", "-r", "-p", "-M", "-C", "--binary", "--full-index", "--no-commit-id", &commit];
        let wanted = away.git(&options);
        assert_eq!(headers(&diff), headers(&wanted));
        copies += usize::from(wanted.contains_str("copy from"));
    }
    assert!((5..20).contains(&copies), "{copies}");
}

/// The lines that say what became of each file.
fn headers(diff: &[u8]) -> Vec<&BStr> {
    let starts = ["diff --git ", "similarity ", "copy ", "rename ", "new file ", "index ", "GIT binary "];
    let is_header = |line: &&[u8]| starts.iter().any(|start| line.starts_with(start.as_bytes()));
    diff.lines().filter(is_header).map(BStr::new).collect()
}
