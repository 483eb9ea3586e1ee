//! What is written reads back, byte for byte, whatever messages, names and contents hold.

use std::io::{Cursor, Read};

use bstr::{ByteSlice, ByteVec};
use proptest::prelude::*;

use super::*;

fn commit(author: &str, message: &str) -> Entry {
    Entry {
        commit: Some("c".repeat(40).into()),
        tree: Some("a".repeat(40).into()),
        ..Entry::new(Kind::Commit, Identity(author.into()), message.into())
    }
}

fn write(entries: &[(Entry, Vec<u8>)], preamble: &Preamble) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), entries.len() as u64, preamble);
    for (entry, diff) in entries {
        writer.entry(entry, Cursor::new(diff)).unwrap();
    }
    writer.finish().unwrap()
}

#[track_caller]
fn assert_reads_back(file: &[u8], entries: &[(Entry, Vec<u8>)], preamble: &Preamble) {
    let mut mbox = Mbox::open(Cursor::new(file)).unwrap_or_else(|error| panic!("{error}\n{}", file.as_bstr()));
    assert_eq!((mbox.dialect, &mbox.preamble), (Dialect::Glue, preamble));
    assert_eq!((mbox.announced, mbox.missing()), (Some(entries.len() as u64), 0));
    assert_eq!(mbox.entries.len(), entries.len(), "{}", file.as_bstr());
    for (index, (entry, diff)) in entries.iter().enumerate() {
        assert_eq!(&mbox.entries[index].entry, entry, "{}", file.as_bstr());
        let mut read = Vec::new();
        mbox.diff(index).unwrap().read_to_end(&mut read).unwrap();
        assert_eq!(read.as_bstr(), diff.as_bstr(), "{}", file.as_bstr());
    }
}

/// A diff of one file from `old` to `new`, in one hunk. It changes something: from nothing to nothing is to an empty line.
fn diff_of(name: &str, old: &[u8], new: &[u8]) -> Vec<u8> {
    let new = if old.is_empty() && new.is_empty() { b"\n" } else { new };
    let mut diff =
        format!("diff --git a/{name} b/{name}\nindex {:040}..{:040} 100644\n--- a/{name}\n+++ b/{name}\n", 1, 2)
            .into_bytes();
    let lines = |text: &[u8]| text.split_inclusive(|byte| *byte == b'\n').count();
    diff.push_str(format!("@@ -1,{} +1,{} @@ From me: \u{e9}\n", lines(old), lines(new)));
    for (sign, text) in [(b'-', old), (b'+', new)] {
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            diff.push_byte(sign);
            diff.push_str(line);
            if !line.ends_with(b"\n") {
                diff.push_str("\n\\ No newline at end of file\n");
            }
        }
    }
    diff
}

const AUTHOR: &str = "Ann Other <ann@example.org> 1700000000 +0100";

#[test]
fn an_empty_series_says_so() {
    let preamble = Preamble { capture: Some(b"{}".to_vec()), objects: None };
    let file = write(&[], &preamble);
    assert_reads_back(&file, &[], &preamble);
}

#[test]
fn a_plain_commit_needs_no_exact_headers() {
    let file =
        write(&[(commit(AUTHOR, "Subject here\n\nBody.\n"), diff_of("x", b"a\n", b"b\n"))], &Preamble::default());
    let text = file.to_str().unwrap();
    assert!(!text.contains("X-Glue-Message") && !text.contains("X-Glue-Author") && text.contains("8bit"), "{text}");
}

#[test]
fn index_and_work_tree_say_what_they_are() {
    for kind in [Kind::Index, Kind::Worktree] {
        for message in ["", text::default_message(kind), "Own words\n"] {
            let entry = Entry { kind, ..commit(AUTHOR, message) };
            let series = [(entry, diff_of("x", b"", b"\r\n\0 \n"))];
            assert_reads_back(&write(&series, &Preamble::default()), &series, &Preamble::default());
        }
    }
}

#[test]
fn every_cut_is_noticed() {
    let series = [
        (commit(AUTHOR, "One\n"), diff_of("x", b"a\n", b"b\n")),
        (commit(AUTHOR, "Two\n"), Vec::new()),
        (commit(AUTHOR, "Three\n"), diff_of("y", b"\r", b"\xff\n")),
    ];
    let file = write(&series, &Preamble::default());
    let whole: Vec<usize> =
        Mbox::open(Cursor::new(&file)).unwrap().entries.iter().map(|e| e.mail.start as usize).collect();
    for length in 0..file.len() - 1 {
        match Mbox::open(Cursor::new(&file[..length])) {
            Err(_) => {}
            Ok(mbox) => {
                let entries = mbox.entries.iter().map(|located| &located.entry);
                let all = entries.eq(series.iter().map(|(entry, _)| entry).take(mbox.entries.len()));
                assert!(all && mbox.missing() as usize == series.len() - mbox.entries.len(), "{length} {whole:?}");
            }
        }
    }
}

#[test]
fn crlf_from_transport_is_undone() {
    let series = [
        (commit(AUTHOR, "One\n\nBody\n"), diff_of("x", b"a\n", b"b\n\nc")),
        (commit(AUTHOR, "[x] Two \n"), diff_of("y", b"\r\na\r", b"\xff\n\r\n")),
        (commit(AUTHOR, "Three\n"), Vec::new()),
    ];
    let file = write(&series, &Preamble::default()).replace("\n", "\r\n");
    assert_reads_back(&file, &series, &Preamble::default());
}

fn message() -> impl Strategy<Value = BString> {
    let line = prop_oneof![
        "[ -~]{0,20}",
        "(re|Re|RE): [a-z]{0,5}",
        "\\[[A-Z]{1,5}\\] [a-z]{0,5}",
        "(From|Subject|Date): .{0,10}",
        Just("From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001".to_owned()),
        Just(">From me".to_owned()),
        Just("---".to_owned()),
        Just("--- a/x".to_owned()),
        Just("-- ".to_owned()),
        Just("-- >8 --".to_owned()),
        Just("diff --git a/x b/x".to_owned()),
        Just("Index: x".to_owned()),
        Just("=?UTF-8?q?x?=".to_owned()),
        Just(String::new()),
        Just("tab\there  and \u{e9}\u{4e2d}\u{202e}".to_owned()),
        Just("word ".repeat(60).trim().to_owned()),
        Just("x".repeat(2000)),
        "\\PC{0,30}",
    ];
    let text = (prop::collection::vec(line, 0..6), prop_oneof![Just("\n"), Just("\r\n"), Just("\n\n")], any::<bool>());
    prop_oneof![
        text.prop_map(|(lines, end, last)| BString::from(lines.join(end) + if last { "\n" } else { "" })),
        "[a-z]{3,9} [a-z]{1,9}\n\n[ -~]{0,40}\n".prop_map(BString::from),
        any::<Vec<u8>>().prop_map(BString::from),
    ]
}

fn author() -> impl Strategy<Value = Identity> {
    let name = prop_oneof!["[A-Za-z .,]{0,12}", "\\PC{0,40}", "[a-z<>@\"\\\\()]{0,8}", "[a-z\u{e9}\u{4e2d} ]{3,60}"];
    let email = prop_oneof!["[a-z]{1,5}@[a-z]{1,5}", "\\PC{0,10}"];
    let time = prop_oneof![1_000_000_000i64..2_000_000_000, any::<i64>()];
    let offset = prop_oneof!["[+-]0[0-9][0-5]0", "\\PC{0,5}"];
    let line = (name, email, time, offset).prop_map(|(n, e, t, o)| format!("{n} <{e}> {t} {o}").into());
    prop_oneof![4 => line, 1 => one_line()].prop_map(Identity)
}

fn one_line() -> impl Strategy<Value = BString> {
    any::<Vec<u8>>()
        .prop_map(|bytes| bytes.into_iter().filter(|byte| !b"\n\0".contains(byte)).collect::<Vec<u8>>().into())
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        "[ -~]{0,90}".prop_map(String::into_bytes),
        "(From |-- |--- a/x|diff --git a/x b/x|@@ -1 \\+1 @@|\\.|=|F)[ -~]{0,3}[ \t]{0,2}".prop_map(String::into_bytes),
        any::<Vec<u8>>(),
        Just(vec![b'x'; 3000]),
    ];
    let end = prop_oneof![Just("\n"), Just("\r\n"), Just("")];
    (prop::collection::vec(line, 0..8), end).prop_map(|(lines, end)| {
        bstr::join(if end == "\r\n" { "\r\n" } else { "\n" }, lines).into_iter().chain(end.bytes()).collect()
    })
}

fn step() -> impl Strategy<Value = (Entry, Vec<u8>)> {
    let kind = prop_oneof![3 => Just(Kind::Commit), 1 => Just(Kind::Index), 1 => Just(Kind::Worktree)];
    let paths = || prop::collection::vec(any::<Vec<u8>>().prop_map(BString::from), 0..3);
    let ids = prop::collection::vec("[0-9a-f]{40}|[0-9a-f]{64}", 0..3);
    let contents = prop::option::of((content(), content()));
    let headers = prop::collection::vec(one_line().prop_filter("a line", |line| !line.is_empty()), 1..4);
    let head = (prop::option::of(author()), prop::option::of(headers));
    (kind, author(), message(), prop::option::of(one_line()), head, ids, paths(), paths(), contents).prop_map(
        |(kind, author, message, encoding, (committer, headers), ids, verbatim, intent_to_add, contents)| {
            let is_commit = kind == Kind::Commit;
            let headers = headers.map(|lines| BString::from(bstr::concat([bstr::join("\n", lines), b"\n".to_vec()])));
            let entry = Entry {
                kind,
                author,
                message,
                encoding,
                committer: committer.filter(|_| is_commit),
                headers: headers.filter(|_| is_commit),
                commit: ids.first().map(|id| id.as_str().into()),
                tree: ids.last().map(|id| id.as_str().into()),
                parents: ids.iter().map(|id| id.as_str().into()).collect(),
                verbatim: if is_commit { Vec::new() } else { verbatim },
                intent_to_add: if is_commit { Vec::new() } else { intent_to_add },
            };
            (entry, contents.map(|(old, new)| diff_of("some file", &old, &new)).unwrap_or_default())
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_written_reads_back(
        series in prop::collection::vec(step(), 1..4),
        capture: Option<Vec<u8>>,
        objects: Option<Vec<u8>>,
    ) {
        let preamble = Preamble { capture, objects };
        let file = write(&series, &preamble);
        assert_reads_back(&file, &series, &preamble);
        if series.iter().all(|(_, diff)| !diff.is_empty()) {
            assert_reads_back(&file.replace("\n", "\r\n"), &series, &preamble);
        }
    }

    #[test]
    fn damaged_files_end_in_an_error_or_in_entries(
        series in prop::collection::vec(step(), 1..3),
        at: prop::sample::Index,
        cut: prop::sample::Index,
        bytes: Vec<u8>,
    ) {
        let mut file = write(&series, &Preamble::default());
        let at = at.index(file.len());
        let end = (at + bytes.len() / 2).min(file.len());
        file.splice(at..end, bytes);
        for file in [&file[..], &file[..cut.index(file.len() + 1)]] {
            if let Ok(mut mbox) = Mbox::open(Cursor::new(file)) {
                for index in 0..mbox.entries.len() {
                    let mut diff = Vec::new();
                    mbox.diff(index).unwrap().read_to_end(&mut diff).unwrap();
                    prop_assert_eq!(diff.len() as u64, mbox.entries[index].diff.len);
                    crate::patch::changes(&diff[..]).for_each(drop);
                }
            }
        }
    }
}

#[test]
fn a_header_of_a_million_fields_is_refused_where_it_gets_too_long() {
    let mail = format!("From x Mon Sep 17 00:00:00 2001\n{}\ntext\n", "a:\n".repeat(1_000_000));
    let error = Mbox::open(std::io::Cursor::new(mail)).map(drop).unwrap_err().to_string();
    assert_eq!(error, "mail 1 is damaged at byte 30032: a header of more than 10,000 fields");
}
