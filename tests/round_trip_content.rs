//! Round trips of what is in files: text, binary, line ends, encodings, and files that come and go.

use std::fs;

use bstr::ByteSlice;

use crate::round_trip::{Story, some_files};
use crate::sandbox::Sandbox;

/// The same edits once committed and once left uncommitted, tracked and untracked.
fn committed_and_not(begin: impl Fn(&Sandbox), work: impl Fn(&Sandbox)) {
    for story in Story::each(&begin) {
        work(&story.away);
        story.away.commit("Work\n");
        story.comes_home();
    }
    for story in Story::each(&begin) {
        work(&story.away);
        story.comes_home();
    }
}

#[test]
fn text_edited_added_and_deleted() {
    committed_and_not(some_files, |away| {
        away.write("a.txt", away.read("a.txt").replace("line 3\n", "line three\n").replace("line 28\n", ""));
        away.write("new", "new\n");
        away.write("deep/er/new", "new too\n");
        fs::remove_file(away.path("b.txt")).unwrap();
        fs::remove_dir_all(away.path("dir")).unwrap();
    });
}

#[test]
fn everything_deleted() {
    committed_and_not(some_files, |away| {
        for path in ["a.txt", "b.txt", "binary", "run.sh", "link"] {
            fs::remove_file(away.path(path)).unwrap();
        }
        fs::remove_dir_all(away.path("dir")).unwrap();
    });
}

#[test]
fn renames_and_copies_with_and_without_edits() {
    committed_and_not(
        |repo| {
            some_files(repo);
            for name in ["one", "two", "three", "four"] {
                repo.write(name, (0..40).map(|line| format!("{name} {line}\n")).collect::<String>());
            }
        },
        |away| {
            fs::rename(away.path("one"), away.path("one moved")).unwrap();
            fs::create_dir_all(away.path("sub")).unwrap();
            fs::rename(away.path("two"), away.path("sub/two")).unwrap();
            away.write("sub/two", away.read("sub/two").replace("two 7\n", "changed\n"));
            fs::copy(away.path("three"), away.path("three copied")).unwrap();
            away.write("three", away.read("three").replace("three 9\n", ""));
            away.write("three changed", away.read("three copied").replace("three 1\n", "other\n"));
            // Two names change places.
            fs::rename(away.path("four"), away.path("swap")).unwrap();
            fs::rename(away.path("binary"), away.path("four")).unwrap();
            fs::rename(away.path("swap"), away.path("binary")).unwrap();
        },
    );
}

#[test]
fn binary_new_changed_renamed_gone() {
    let noise = |seed: u64, size: usize| {
        let mut random = fastrand::Rng::with_seed(seed);
        (0..size).map(|_| random.u8(..)).collect::<Vec<u8>>()
    };
    committed_and_not(
        |repo| {
            some_files(repo);
            repo.write("big", noise(1, 100_000));
            repo.write("moved", noise(2, 30_000));
        },
        |away| {
            let mut changed = noise(1, 100_000);
            changed.splice(500..600, noise(3, 900));
            away.write("big", changed);
            away.write("new", noise(4, 70_000));
            away.write("zeros", vec![0; 50_000]);
            fs::rename(away.path("moved"), away.path("renamed")).unwrap();
            fs::remove_file(away.path("binary")).unwrap();
            // Text that becomes binary, and the other way round.
            away.write("a.txt", noise(5, 300));
        },
    );
}

#[test]
fn a_binary_file_of_twenty_megabytes() {
    for story in Story::each(|repo| repo.write("huge", vec![7; 1 << 20])) {
        let mut random = fastrand::Rng::with_seed(7);
        let mut bytes: Vec<u8> =
            std::iter::repeat_with(|| random.u64(..).to_le_bytes()).take(2_500_000).flatten().collect();
        story.away.write("huge", &bytes);
        story.away.commit("Huge\n");
        bytes[10_000_000..].fill(9);
        story.away.write("huge", &bytes);
        story.comes_home();
    }
}

#[test]
fn empty_files_and_files_that_get_empty() {
    committed_and_not(
        |repo| {
            some_files(repo);
            repo.write("empty", "");
            repo.write("filled", "");
            repo.write("gone", "");
        },
        |away| {
            away.write("new", "");
            away.write("in/new", "");
            away.write("b.txt", "");
            away.write("binary", "");
            away.write("filled", "filled\n");
            fs::remove_file(away.path("gone")).unwrap();
            fs::rename(away.path("empty"), away.path("empty too")).unwrap();
        },
    );
}

/// Files with these contents at first, which become the contents after them; and each of those as a new file.
fn becomes(pairs: &[(&[u8], &[u8])]) {
    committed_and_not(
        |repo| {
            for (number, (before, _)) in pairs.iter().enumerate() {
                repo.write(format!("{number}"), before);
                repo.write(format!("long{number}"), surrounded(before));
            }
        },
        |away| {
            for (number, (_, after)) in pairs.iter().enumerate() {
                away.write(format!("{number}"), after);
                away.write(format!("long{number}"), surrounded(after));
                away.write(format!("new{number}"), after);
            }
        },
    );
}

/// Between unchanged lines, so that there are hunks with context.
fn surrounded(bytes: &[u8]) -> Vec<u8> {
    let lines: String = (0..12).map(|number| format!("same {number}\n")).collect();
    [lines.as_bytes(), bytes, b"\n", lines.as_bytes(), bytes].concat()
}

#[test]
fn final_newlines_that_are_missing() {
    becomes(&[
        (b"a\nb\n", b"a\nb"),
        (b"a\nb", b"a\nb\n"),
        (b"a\nb", b"c\nb"),
        (b"a", b"b"),
        (b"\n", b""),
        (b"a\n", b"a\n\n\n"),
        (b"\\ No newline at end of file\n", b"\\ No newline at end of file"),
    ]);
}

#[test]
fn line_ends_of_every_kind() {
    becomes(&[
        (b"a\nb\nc\n", b"a\r\nb\r\nc\r\n"),
        (b"a\r\nb\r\nc\r\n", b"a\nb\nc\n"),
        (b"a\r\nb\r\n", b"a\r\nother\r\n"),
        (b"a\rb\rc\r", b"a\rd\rc\r"),
        (b"a\r\nb\nc\rd\n\r", b"a\nb\r\nc\r\rd\n"),
        (b"a\n", b"a\r"),
        (b"a\r\r\n", b"a\r\r\r\n"),
        (b"\r\n\r\n", b"\n\r\n"),
    ]);
}

#[test]
fn nul_bytes_early_and_where_git_no_longer_looks() {
    let late = |byte: u8| [&b"text\n".repeat(2000)[..], &[byte], b"\nend\n"].concat();
    let (one, two) = (late(0), late(1));
    becomes(&[
        (b"a\n", b"a\0\n"),
        (b"\0", b"\0\0\0\n\0"),
        (b"a\nb\0\n", b"a\nb\n"),
        (&one, &two),
        (&two, &one),
        (&one, &one[5..]),
    ]);
}

#[test]
fn encodings_of_every_kind() {
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let (before, after) = (utf16("\u{feff}one\ntwo\n"), utf16("\u{feff}one\nzw\u{f6}lf \u{1f980}\n"));
    becomes(&[
        (b"caf\xe9\n", b"caf\xe9 cr\xe8me\n"),
        ("cafe\n".as_bytes(), b"caf\xe9\n"),
        (&before, &after),
        ("\u{fc}\n".as_bytes(), "\u{fc}\u{1f980}\u{202e}\n".as_bytes()),
        (b"\xef\xbb\xbfbom\n", b"bom\n"),
        (b"\xff\xfe\n\xc0\x80\n", b"\xff\xfe\n\xed\xa0\x80\n"),
        (b"\x1b[31mred\n\x07", b"\x0c\x0b\x7f\n\x08"),
    ]);
}

#[test]
fn contents_that_look_like_mail_or_like_diffs() {
    becomes(&[
        (b"x\n", b"From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom: x\n\n"),
        (b"-- \n2.47\n\n", b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n"),
        (b"x\n", b"-- \n2.47.3\n\nFrom me\n>From you\n.\n..\n"),
        (b"diff --git a/x b/x\n", b"diff --git a/x b/x\nGIT binary patch\nliteral 1\nIcmZ>~0000001\n"),
        (b"=3D\n", b"=20\n=\nsoft=\n\t \n trailing \n"),
        (b"a\n", &[b'x'; 5000]),
    ]);
}
