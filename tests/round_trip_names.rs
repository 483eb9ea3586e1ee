//! Round trips of what files are called.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use bstr::BString;

use crate::round_trip::Story;
use crate::sandbox::Sandbox;

/// Names that are text to a shell, to git, to mail, to a terminal, or to nobody.
fn names() -> Vec<BString> {
    let names: [&[u8]; 51] = [
        b"a b",
        b" leading",
        b"trailing ",
        b"  ",
        b"quo\"te",
        b"\"x\"",
        b"it's",
        b"tab\there",
        b"\t",
        b"new\nline",
        b"\n",
        b"line\n--- a/x\n+++ b/y",
        b"carriage\r",
        b"back\\slash",
        b"\\x",
        b"\\\\host\\x",
        b"C:",
        b"C:\\x",
        b"-dash",
        b"--",
        b"--cached",
        b"-",
        b"latin \xe9",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        "\u{fc}n\u{ef}\u{1f980}".as_bytes(),
        "u\u{308}".as_bytes(),
        "\u{202e}exe.txt".as_bytes(),
        b":(top)x",
        b":!x",
        b":/x",
        b"#x",
        b"!x",
        b"x => y",
        b"{a => b}",
        b"x -> y",
        b"..x",
        b"...",
        b"~",
        b"$HOME",
        b"*",
        b"*.txt",
        b"[ab]",
        b"?",
        b"\x1b[31mred\x07",
        b"a/b/c d/e\tf",
        b"b/same",
        b"dev/null",
        b"HEAD",
        b"con.txt",
        b".gitx",
    ];
    let longest = vec![b'n'; 255];
    names.iter().map(|name| BString::from(*name)).chain([longest.into()]).collect()
}

fn content(name: &BString, version: &str) -> Vec<u8> {
    let lines: String = (0..8).map(|line| format!("line {line} {version}\n")).collect();
    [lines.as_bytes(), name, b"\n", version.as_bytes(), b"\n"].concat()
}

#[test]
fn new_files_of_every_name() {
    for story in Story::each(|repo| repo.write("file", "file\n")) {
        for (number, name) in names().iter().enumerate() {
            story.away.write(name, content(name, "new"));
            if number % 3 == 0 {
                story.away.git(&[
                    OsStr::new("--literal-pathspecs"),
                    OsStr::new("add"),
                    OsStr::new("--"),
                    OsStr::from_bytes(name),
                ]);
            }
        }
        story.comes_home();
    }
}

/// Each name changed, deleted, moved away, moved to another of them, or left alone.
fn every_fate(away: &Sandbox) {
    let names = names();
    for (number, name) in names.iter().enumerate() {
        let path = away.path(name);
        match number % 5 {
            0 => away.write(name, content(name, "changed")),
            1 => fs::remove_file(path).unwrap(),
            2 => fs::rename(path, away.path([&b"moved "[..], &name.replace_slash(), b" \xe9"].concat())).unwrap(),
            3 => fs::copy(path, away.path([&b"copy of "[..], &name.replace_slash()].concat())).map(drop).unwrap(),
            _ => {}
        }
        let path = away.path(name);
        for directory in path.ancestors().skip(1).take_while(|directory| *directory != away.dir()) {
            // Empty ones would not travel.
            let _ = fs::remove_dir(directory);
        }
    }
}

trait ReplaceSlash {
    fn replace_slash(&self) -> Vec<u8>;
}

impl ReplaceSlash for BString {
    fn replace_slash(&self) -> Vec<u8> {
        self.iter().take(200).map(|&byte| if byte == b'/' { b' ' } else { byte }).collect()
    }
}

fn every_name(repo: &Sandbox) {
    for name in names() {
        repo.write(&name, content(&name, "old"));
    }
}

#[test]
fn files_of_every_name_changed_moved_and_deleted() {
    for story in Story::each(every_name) {
        every_fate(&story.away);
        story.away.commit("Fates\n");
        story.comes_home();
    }
}

#[test]
fn files_of_every_name_changed_moved_and_deleted_without_a_commit() {
    for (number, story) in Story::each(every_name).enumerate() {
        every_fate(&story.away);
        if number == 0 {
            story.away.git(&["add", "-A"]);
        }
        story.comes_home();
    }
}

#[test]
fn directories_that_only_differ_in_what_sorts_first() {
    for story in Story::each(|repo| {
        for path in ["a/x", "a.b/x", "a-b/x", "a0", "ab/c/d", "z"] {
            repo.write(path, format!("{path}\n"));
        }
    }) {
        fs::remove_dir_all(story.away.path("a")).unwrap();
        story.away.write("a", "a file\n");
        story.away.write("a.c", "x\n");
        story.away.commit("One\n");
        fs::remove_file(story.away.path("a")).unwrap();
        story.away.write("a/x", "again\n");
        story.away.write("a/y/z", "deeper\n");
        story.comes_home();
    }
}

#[test]
fn case_and_nothing_else() {
    for story in Story::each(|repo| repo.write("Readme", "one\ntwo\nthree\n")) {
        fs::rename(story.away.path("Readme"), story.away.path("README")).unwrap();
        story.away.commit("Louder\n");
        story.away.write("readme", "another\n");
        story.comes_home();
    }
}
