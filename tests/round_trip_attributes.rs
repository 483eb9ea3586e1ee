//! Round trips of files that attributes convert on their way into a repository and out of it, and of what only stands for
//! a file. The bytes in the work tree are what counts.

use std::fs;

use bstr::ByteSlice;

use crate::round_trip::{Story, some_files};
use crate::sandbox::{Sandbox, output_with};
use crate::trip::Run;

/// The base is checked out anew, so that its files are as the attributes want them.
fn with_attributes(attributes: &str) -> impl Iterator<Item = Story> {
    Story::each(move |repo| {
        some_files(repo);
        repo.write(".gitattributes", attributes);
        repo.write("crlf.txt", "one\r\ntwo\r\nthree\r\n");
        repo.write("lf.txt", "one\ntwo\nthree\n");
        repo.write("id.txt", "$Id$\nmore\n");
    })
}

/// Every line end, in files that are tracked and in new ones.
fn line_ends(away: &Sandbox) {
    away.write("crlf.txt", "one\ntwo\nlf now\n");
    away.write("lf.txt", "one\r\ntwo\r\ncrlf now\r\n");
    away.write("new lf.txt", "a\nb\n");
    away.write("new crlf.txt", "a\r\nb\r\n");
    away.write("new mixed.txt", "a\r\nb\nc\r");
    away.write("id.txt", "$Id$\n$Id: something else $\nchanged\n");
    away.write("new id.txt", "$Id: mine $\n");
    away.write("binary", [0, 13, 10, 10, 13, 0]);
}

#[test]
fn line_ends_that_attributes_ask_for() {
    for attributes in ["* text=auto\n", "*.txt text eol=crlf\n", "*.txt text eol=lf\n", "* -text\n", "*.txt ident\n"] {
        for story in with_attributes(attributes) {
            line_ends(&story.away);
            story.comes_home();
        }
    }
}

/// A file that git itself takes for what is staged comes as git checks it out, whatever line ends it had.
#[test]
fn staged_through_a_conversion() {
    for attributes in ["* text=auto\n", "*.txt text eol=crlf\n", "*.txt text eol=lf\n", "* -text\n", "*.txt ident\n"] {
        for story in with_attributes(attributes) {
            let away = &story.away;
            line_ends(away);
            away.git(&["add", "."]);
            // As git itself would write every file of this index.
            let tree = away.git(&["write-tree"]).to_string();
            away.git(&["rm", "-rfq", "--cached", "."]);
            away.run("sh", &["-c", "rm -rf ./*.txt run.sh link dir"]);
            away.git(&["read-tree", "--reset", "-u", &tree]);
            away.write("lf.txt", "a\r\nb\n");
            away.write("new lf.txt", "a\r\n");
            story.comes_home();
        }
    }
}

/// Committed with a conversion and checked out again, so that the files are what git makes of the blobs.
#[test]
fn committed_through_a_conversion() {
    for attributes in ["*.txt text eol=crlf\n", "*.txt ident\n", "*.txt text working-tree-encoding=UTF-16LE\n"] {
        for story in Story::each(|repo| repo.write(".gitattributes", attributes)) {
            let away = &story.away;
            let text = if attributes.contains("UTF-16") { &b"h\0i\0\n\0"[..] } else { b"$Id$\r\nx\r\n" };
            away.write("new.txt", text);
            away.git(&["add", "new.txt"]);
            away.commit_index("New\n");
            // As git itself writes it.
            fs::remove_file(away.path("new.txt")).unwrap();
            away.git(&["reset", "-q", "--hard"]);
            away.write("run.sh", "uncommitted\n");
            story.comes_home();
        }
    }
}

#[test]
fn encodings_that_attributes_ask_for() {
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    for story in Story::each(|repo| {
        repo.write(".gitattributes", "*.u16 text working-tree-encoding=UTF-16LE\n*.odd working-tree-encoding=x-none\n");
        repo.write("a.u16", utf16("one\ntwo\n"));
    }) {
        let away = &story.away;
        away.write("a.u16", utf16("one\nzw\u{f6}lf\n"));
        away.write("new.u16", utf16("new\r\n"));
        away.write("broken.u16", b"odd\xd8");
        away.write("bom.u16", utf16("\u{feff}x\n"));
        away.write("new.odd", "nobody knows this encoding\n");
        story.comes_home();
    }
}

#[test]
fn attributes_that_the_agent_brings_along() {
    for committed in [true, false] {
        for story in Story::each(|repo| {
            some_files(repo);
            repo.write("lf.txt", "one\ntwo\n");
        }) {
            story
                .away
                .write(".gitattributes", "*.txt text eol=lf\n*.sh filter=evil diff=evil merge=evil\n*.bin -diff\n");
            if committed {
                story.away.commit("Attributes\n");
                story.away.git(&["reset", "-q", "--hard"]);
            }
            story.away.write("new.txt", "a\r\nb\n");
            story.away.write("run.sh", "#!/bin/sh\necho\n");
            story.away.write("x.bin", "text, called binary\n");
            story.away.write("a.txt", story.away.read("a.txt").replace("line 3\n", "line three\r\n"));
            story.comes_home();
        }
    }
}

/// A conversion does not make a name that git refuses one that it takes, and does not cost the rest.
#[test]
fn a_name_that_git_refuses_is_named_and_costs_no_more() {
    for story in Story::each(|repo| repo.write(".gitattributes", "* text=auto\n")) {
        story.away.write("git~1", "a\r\n");
        story.away.write("new.txt", "a\r\n");
        let captured = story.capture();
        story.ran(&captured.run);
        story.warned(&captured, &captured.run, &["refused-path"]);
        let run = story.apply(&captured, &[]);
        story.ran(&run);
        story.warned(&captured, &run, &["refused-path"]);
        fs::remove_file(story.away.path("git~1")).unwrap();
        story.is_same();
    }
}

const POINTER: &str = "version https://git-lfs.github.com/spec/v1\n\
    oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";

#[test]
fn pointers_of_git_lfs_are_named() {
    for story in Story::each(|repo| {
        some_files(repo);
        repo.write(".gitattributes", "*.big filter=lfs diff=lfs merge=lfs -text\n");
        repo.write("old.big", POINTER);
    }) {
        story.away.write("new.big", POINTER.replace("12345", "99"));
        story.away.commit("A pointer\n");
        story.away.write("old.big", "content, not a pointer\n");
        let captured = story.capture();
        story.ran(&captured.run);
        story.warned(&captured, &captured.run, &["lfs", "lfs"]);
        let run = story.apply(&captured, &[]);
        story.ran(&run);
        story.warned(&captured, &run, &["lfs", "lfs"]);
        story.is_same();
    }
}

#[test]
fn what_is_left_out_on_request_is_named() {
    for mut story in Story::each(some_files) {
        story.options.extend(["--exclude=*.log".into(), "--omit-larger-than=1k".into()]);
        story.away.write("x.log", "log\n");
        story.away.write("committed.log", "log\n");
        story.away.git(&["add", "committed.log"]);
        story.away.commit_index("A log\n");
        story.away.write("large", vec![b'x'; 2000]);
        story.away.write("b.txt", "wanted\n");
        let captured = story.capture();
        story.ran(&captured.run);
        story.warned(&captured, &captured.run, &["excluded", "omitted-large"]);
        let run = story.apply(&captured, &[]);
        story.ran(&run);
        story.warned(&captured, &run, &["excluded", "omitted-large"]);
        assert_eq!(story.home.read("b.txt"), "wanted\n");
        assert!(["x.log", "committed.log", "large"].iter().all(|path| !story.home.path(path).exists()));
    }
}

/// As people type it: a file with its sidecar, a real pipe, and `latest`.
#[test]
fn through_a_file_a_pipe_and_by_latest() {
    for story in Story::each(some_files) {
        for (number, path) in ["b.txt", "dir/x.txt"].iter().enumerate() {
            story.away.write(path, format!("{number}\n"));
            story.away.commit(format!("{path}\n"));
        }
        story.away.write("untracked", "x\n");
        let base = story.options[0].clone();
        let file = story.home.root().join("work.mbox");
        let glue = |place: &Sandbox, args: &[&str]| -> Run {
            place.command("git").args(args).env("GLUE_HOME", story.store()).output().unwrap().into()
        };
        story.ran(&glue(&story.away, &["glue-capture", &base, "-o", file.to_str().unwrap()]));
        assert!(story.home.root().join("work.mbox.meta.json").exists());
        story.ran(&glue(&story.away, &["glue-capture", &base]));
        let homes = [("file", file.to_str().unwrap()), ("latest", "latest"), ("pipe", "-")];
        for (name, id) in homes {
            let home = story.home.at(name);
            home.git(&["clone", "-q", "../origin", "."]);
            let args = ["glue-apply", "--branch", "landed", id];
            let run = if id == "-" {
                let mbox = story.away.command("git").args(["glue-capture", &base, "-o", "-"]).output().unwrap().stdout;
                output_with(home.command("git").args(args), &mbox).into()
            } else {
                glue(&home, &args)
            };
            story.ran(run.says("trees match the sandbox"));
            assert_eq!(home.git(&["rev-parse", "HEAD^{tree}"]), story.away.git(&["rev-parse", "HEAD^{tree}"]));
            assert_eq!(fs::read(home.path("untracked")).unwrap(), b"x\n");
        }
    }
}
