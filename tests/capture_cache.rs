//! What a capture keeps in `<GLUE_HOME>/cache`: the next one is the same with it, without it, and whatever became of it.

use std::fs;
use std::io::{Cursor, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use bstr::{BString, ByteSlice};
use git_glue::mbox::{Kind, Mbox};

use crate::sandbox::Sandbox;

/// A repository in which an agent has worked: commits of every sort, and uncommitted files.
fn worked() -> Sandbox {
    let away = Sandbox::new();
    for number in 0..40 {
        away.write(format!("dir{}/file{number}.txt", number % 4), format!("{number}\n").repeat(30));
    }
    away.write("image", b"\0\x01binary\n");
    away.commit("Base");
    away.git(&["tag", "base"]);
    for number in 0..6 {
        away.write(format!("dir{}/file{number}.txt", number % 4), format!("{number}\n").repeat(30) + "more\n");
        away.write("image", [b"\0\x01binary\n".as_slice(), &[number]].concat());
        away.write(format!("new{number}"), "line\r\nline\n");
        away.commit(format!("Change {number}"));
    }
    away.git(&["mv", "dir0", "moved"]);
    away.commit("Move");
    away.git(&["commit", "-q", "--allow-empty", "-m", "Nothing"]);
    away.write("dir1/file1.txt", "staged\n");
    away.git(&["add", "dir1"]);
    away.write("dir2/file2.txt", "unstaged\n");
    away.write("untracked.txt", "untracked\n");
    // Only a capture into the store makes one.
    fs::create_dir_all(away.home().join(".glue")).unwrap();
    away
}

/// Captures to a file; what every entry is and holds, but for the time at which it was captured.
fn capture(away: &Sandbox) -> Vec<String> {
    away.git(&["glue-capture", "--quiet", "--base", "base", "-o", "../c.mbox"]);
    let mut mbox = Mbox::open(Cursor::new(fs::read(away.path("../c.mbox")).unwrap())).unwrap();
    let mut told = vec![format!("{:?}", mbox.preamble.objects)];
    for number in 0..mbox.entries.len() {
        let mut diff = Vec::new();
        mbox.diff(number).unwrap().read_to_end(&mut diff).unwrap();
        let mut entry = mbox.entries[number].entry.clone();
        if entry.kind != Kind::Commit {
            entry.author.0 = BString::default();
        }
        told.push(format!("{entry:?}\n{}", diff.as_bstr()));
    }
    told
}

fn files(away: &Sandbox) -> Vec<PathBuf> {
    let entries = fs::read_dir(away.home().join(".glue/cache")).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

#[test]
fn a_capture_is_the_same_with_what_the_last_one_kept() {
    let away = worked();
    let first = capture(&away);
    assert_eq!(first.len(), 11);
    let [file] = &files(&away)[..] else { panic!("{:?}", files(&away)) };
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(file.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    let before = fs::read(file).unwrap();
    assert_eq!(capture(&away), first);
    assert!(fs::read(file).unwrap() == before, "the same again adds nothing");
    away.write("untracked.txt", "changed\n");
    away.commit("One more");
    let more = capture(&away);
    fs::remove_file(file).unwrap();
    assert_eq!(capture(&away), more);
}

#[test]
fn a_damaged_cache_is_not_believed() {
    let away = worked();
    let first = capture(&away);
    let file = files(&away).remove(0);
    let whole = fs::read(&file).unwrap();
    for damage in 0..40 {
        let mut bytes = whole.clone();
        match damage % 4 {
            0 => bytes.truncate(whole.len() * damage / 40),
            1 => bytes.splice(damage * 11..damage * 11 + 3, *b"xyzzy").for_each(drop),
            _ => {
                let at = whole.len() * damage / 40;
                bytes[at] ^= 1;
            }
        }
        fs::write(&file, &bytes).unwrap();
        assert_eq!(capture(&away), first, "damage {damage}");
        assert_eq!(capture(&away), first, "after damage {damage}");
    }
    fs::write(&file, "no cache at all").unwrap();
    assert_eq!(capture(&away), first);
}

#[test]
fn a_cache_that_cannot_be_had_costs_nothing_but_time() {
    let away = worked();
    let first = capture(&away);
    let cache = away.home().join(".glue/cache");
    fs::remove_dir_all(&cache).unwrap();
    fs::write(&cache, "a file where a directory should be").unwrap();
    assert_eq!(capture(&away), first);
    fs::remove_file(&cache).unwrap();
    away.git(&["config", "glue.cacheSize", "0"]);
    assert_eq!(capture(&away), first);
    assert!(!cache.exists());
}

#[test]
fn the_cache_keeps_to_its_size() {
    let away = worked();
    let first = capture(&away);
    let file = files(&away).remove(0);
    let old = file.with_file_name("diffs-of-another-bootstrap");
    fs::write(&old, vec![0; 100_000]).unwrap();
    away.git(&["config", "glue.cacheSize", "4k"]);
    fs::remove_file(&file).unwrap();
    assert_eq!(capture(&away), first);
    assert!(!old.exists());
    assert!(fs::metadata(&file).unwrap().len() <= 4096);
    assert_eq!(capture(&away), first);
}

#[test]
fn captures_at_once_do_not_harm_each_other() {
    let away = worked();
    let first = capture(&away);
    fs::remove_file(files(&away).remove(0)).unwrap();
    let runs: Vec<_> = (0..6)
        .map(|number| {
            let mut command = away.command("git");
            command.args(["glue-capture", "--quiet", "--base", "base", "-o", &format!("../c{number}.mbox")]);
            command.spawn().unwrap()
        })
        .collect();
    for mut run in runs {
        assert!(run.wait().unwrap().success());
    }
    assert_eq!(capture(&away), first);
}
