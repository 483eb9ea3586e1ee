//! What is a diff, and what is none: diffs as git writes them, damaged at random, are read as git reads them.

use std::path::Path;
use std::process::{Command, Stdio};

use bstr::{BString, ByteSlice};
use fastrand::Rng;
use git_glue::patch::{self, Contents, FilePatch};

use crate::sandbox::gits;

const TEXT: &str = "diff --git a/t b/t\nindex 1234567..89abcde 100644\n--- a/t\n+++ b/t\n@@ -1,3 +1,4 @@ fn\n a\n-b\n+c\n+d\n \n@@ -10,2 +11,1 @@\n x\n-y\n\\ No newline at end of file\n";
const RENAME: &str = "diff --git a/o ld b/n ew\nsimilarity index 90%\nrename from o ld\nrename to n ew\nindex 1234567..89abcde 100755\n--- a/o ld\t\n+++ b/n ew\t\n@@ -1 +1,2 @@\n a\n+b\n";
const COPY: &str = "diff --git a/x \"b/\\303\\251\"\nold mode 100644\nnew mode 100755\nsimilarity index 100%\ncopy from x\ncopy to \"\\303\\251\"\n";
const NEW: &str = "diff --git a/n b/n\nnew file mode 100644\nindex 0000000..e69de29\n--- /dev/null\n+++ b/n\n@@ -0,0 +1,2 @@\n+a\n+b\n";
const GONE: &str = "diff --git a/g b/g\ndeleted file mode 120000\nindex e69de29..0000000\n--- a/g\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n\\ No newline at end of file\n";
const MODE: &str = "diff --git a/m b/m\nold mode 100644\nnew mode 100755\n";
const PLAIN: &str = "some words\n--- a/p\n+++ b/p\n@@ -1,2 +1,2 @@\n-a\n+b\n c\n";
const BINARY: &str = "diff --git a/b b/b\nindex e69de29bb2d1d6434b8b29ae775ad8c2e48c5391..f76dd238ade08917e6712764a16a22005a50573d 100644\nGIT binary patch\nliteral 1\nIcmZPo000310RR91\n\nliteral 0\nHcmV?d00001\n\n";

#[test]
fn damaged_diffs_are_refused_where_git_refuses_them() {
    let seed = std::env::var("GLUE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
    let count = std::env::var("GLUE_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(800);
    let git = &gits()[0];
    let dir = tempfile::tempdir().unwrap();
    let (mut read, mut differ) = (0, Vec::new());
    for number in 0..count {
        let mut rng = Rng::with_seed(seed.wrapping_add(number));
        let diff = damaged(&mut rng);
        let (by_git, words) = by_git(git, dir.path(), &diff);
        let by_us = by_us(&diff);
        read += u64::from(by_git.is_some());
        let same = match (&by_git, &by_us) {
            // A header of which nothing follows git mixes up with the next one.
            (Some(by_git), Ok(by_us)) => without_names(by_git) == without_names(by_us),
            // What git takes for no part of the diff, or for a strange name, is refused here.
            (Some(_), Err(_)) | (None, Err(_)) => true,
            // Or it takes words for ids, and what follows them for a mode.
            (None, Ok(_)) => ["expected /dev/null", "inconsistent", "lacks filename", "invalid mode"]
                .iter()
                .any(|known| words.contains_str(known)),
        };
        if !same {
            differ.push(format!("---\n{}\ngit: {by_git:?} {words}\nus: {by_us:?}\n", diff.as_bstr()));
        }
    }
    assert!(differ.is_empty(), "{} GLUE_SEED={seed}\n{}", differ.len(), differ.concat());
    assert!(read > count / 8 && read < count * 7 / 8, "{read}");
}

/// A diff of one file or two, damaged in one place or two.
fn damaged(rng: &mut Rng) -> Vec<u8> {
    let all = [TEXT, TEXT, RENAME, COPY, NEW, GONE, MODE, PLAIN, BINARY];
    let one = |rng: &mut Rng| all[rng.usize(..all.len())].as_bytes().to_vec();
    let mut diff = one(rng);
    for _ in 0..rng.usize(1..3) {
        if diff.is_empty() {
            break;
        }
        if rng.bool() {
            let bytes = b" +-@\\0123456789\n\r\tab/\"x,";
            let place = rng.usize(..diff.len());
            diff[place] = bytes[rng.usize(..bytes.len())];
            continue;
        }
        let mut lines: Vec<Vec<u8>> = diff.lines_with_terminator().map(<[u8]>::to_vec).collect();
        let (at, other) = (rng.usize(..lines.len()), rng.usize(..lines.len()));
        match rng.u8(..5) {
            0 => lines.truncate(at),
            1 => drop(lines.remove(at)),
            2 => lines.insert(at, lines[other].clone()),
            3 => lines.swap(at, other),
            _ => lines
                .splice(at..at, one(rng).lines_with_terminator().skip(other % 4).take(1).map(<[u8]>::to_vec))
                .for_each(drop),
        }
        diff = lines.concat();
        if rng.u8(..8) == 0 {
            diff.truncate(rng.usize(..=diff.len()));
        }
    }
    if rng.bool() {
        diff.extend_from_slice(NEW.as_bytes());
    }
    diff
}

/// Lines added and removed, and the path, of each file.
type Files = Vec<(BString, BString, BString)>;

fn by_git(git: &Path, dir: &Path, diff: &[u8]) -> (Option<Files>, BString) {
    let path = dir.join("diff");
    std::fs::write(&path, diff).unwrap();
    let mut apply = Command::new(git);
    apply.args(["apply", "--numstat", "-z", "--allow-empty", "diff"]).current_dir(dir).env("HOME", dir);
    apply.env("GIT_CEILING_DIRECTORIES", dir.parent().unwrap()).env("GIT_CONFIG_NOSYSTEM", "1");
    let output = apply.stdin(Stdio::null()).output().unwrap();
    let files = output.stdout.split(|byte| *byte == 0).filter(|file| !file.is_empty()).map(|file| {
        let mut words = file.splitn(3, |byte| *byte == b'\t').map(BString::from);
        (words.next().unwrap(), words.next().unwrap(), words.next().unwrap())
    });
    // Where nothing is to be done, an error is no failure.
    let is_read = output.status.success() && !output.stderr.contains_str("error: ");
    (is_read.then(|| files.filter(has_contents).collect()), output.stderr.into())
}

/// Whether lines or bytes change. Of the rest, git names some and some not.
fn has_contents((added, removed, name): &(BString, BString, BString)) -> bool {
    // That is what git reads where a file is said to be gone, but not with which mode.
    name != "dev/null" && (added != "0" || removed != "0")
}

fn without_names(files: &Files) -> Vec<(&BString, &BString)> {
    files.iter().map(|(added, removed, _)| (added, removed)).collect()
}

fn by_us(diff: &[u8]) -> Result<Files, String> {
    let files = patch::read(diff).map_err(|error| error.to_string())?;
    let stream: Vec<_> = patch::changes(diff).collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    assert_eq!(stream, files.iter().map(|file| file.change.clone()).collect::<Vec<_>>());
    let mut all = Files::new();
    for FilePatch { change, contents } in files {
        if let Contents::Binary { forward, reverse } = &contents {
            for binary in [Some(forward), reverse.as_ref()].into_iter().flatten().filter(|binary| !binary.is_delta) {
                binary.apply(b"", 1 << 20).map_err(|error| error.to_string())?;
            }
        }
        let number = |lines: u64| if change.binary { "-".into() } else { lines.to_string().into() };
        let file =
            (number(change.added), number(change.removed), change.new_path.or(change.old_path).unwrap_or_default());
        if has_contents(&file) {
            all.push(file);
        }
    }
    Ok(all)
}
