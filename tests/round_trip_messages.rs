//! Round trips of what commits say, and of who made them when.

use bstr::{BString, ByteSlice};

use crate::round_trip::{Story, some_files};
use crate::sandbox::Sandbox;

const AUTHOR: &[u8] = b"Ann Agent <agent@sandbox.invalid> 1700000000 +0200";

/// Commits with these bytes, each with a change of its own.
fn commit_raw(repo: &Sandbox, author: &[u8], encoding: Option<&[u8]>, message: &[u8]) {
    let head = repo.git(&["rev-parse", "HEAD"]);
    let number = repo.git(&["rev-list", "--count", "HEAD"]);
    repo.write("counter", format!("{number}\n"));
    repo.git(&["add", "counter"]);
    let tree = repo.git(&["write-tree"]);
    let encoding = encoding.map(|name| [b"encoding ", name, b"\n"].concat()).unwrap_or_default();
    let raw = bstr::concat([
        format!("tree {tree}\nparent {head}\nauthor ").as_bytes(),
        author,
        b"\ncommitter Runner <runner@sandbox.invalid> 1700000100 +0000\n",
        &encoding,
        b"\n",
        message,
    ]);
    let id = repo.git_with(&["hash-object", "-t", "commit", "-w", "--stdin", "--literally"], &raw);
    repo.git(&["update-ref", "HEAD", id.trim().to_str().unwrap()]);
}

fn messages_come_home(messages: &[&[u8]]) {
    for story in Story::each(some_files) {
        for message in messages {
            commit_raw(&story.away, AUTHOR, None, message);
        }
        story.comes_home();
    }
}

#[test]
fn subjects_that_mail_would_change() {
    let long_word = [b'w'; 3000];
    let long = "many words ".repeat(200);
    messages_come_home(&[
        b"plain\n",
        b"[tag] subject\n",
        b"[a][b] subject\n\nbody\n",
        b"[a]\n",
        b"[PATCH 3/7] subject\n",
        b"Re: subject\n",
        b"RE: [x] re: subject\n",
        b"  blanks around  \n",
        b"double  blank\tand tab\n",
        b"two\nlines of subject\n",
        b"two\nlines\n\nof subject, and a body\n",
        b"=?UTF-8?q?looks_encoded?=\n",
        b"colon: x\n",
        b"(no message)\n",
        "\u{fc}ml\u{e4}ut \u{4e2d}\u{6587} \u{1f980}\n\nb\u{f6}dy\n".as_bytes(),
        "\u{202e}dlo\u{200b}\n".as_bytes(),
        &long_word,
        long.as_bytes(),
        b".\n",
        b"a",
    ]);
}

#[test]
fn bodies_that_mail_would_change() {
    let long_line = [&b"subject\n\n"[..], &[b'x'; 5000], b"\n"].concat();
    messages_come_home(&[
        b"cut\n\nabove\n---\nbelow\n",
        b"cut at once\n\n---\n a | 2 +-\n",
        b"three dashes and more\n\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n",
        b"diff\n\ndiff --git a/b.txt b/b.txt\nindex 6178079..0000000 100644\n--- a/b.txt\n+++ b/b.txt\n@@ -1 +1 @@\n-b\n+evil\n",
        b"index\n\nIndex: x\n==========\n",
        b"from line\n\nFrom 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom: Evil <evil@x>\nSubject: [PATCH] evil\n\nx\n",
        b"quoted from\n\n>From here\n>>From there\nFrom now on\n",
        b"in-body\n\nFrom: Evil <evil@example.org>\nSubject: evil\nDate: Mon, 1 Jan 2001 00:00:00 +0000\n\nbody\n",
        b"From: Evil <evil@example.org>\n\nbody\n",
        b"scissors\n\nabove\n-- >8 --\nbelow\n",
        b"signature\n\nbody\n-- \n2.47\n",
        b"headers\n\nX-Glue-Entry: worktree\nX-Glue-Tree: 0\n",
        b"trailer\n\nSigned-off-by: A <a@b>\nChange-Id: I1\n",
        b"# comment\n\n# stays\n",
        &long_line,
    ]);
}

#[test]
fn white_space_and_line_ends() {
    messages_come_home(&[
        b"",
        b"\n",
        b"\n\n\n",
        b" ",
        b" \t \n",
        b"no newline",
        b"trailing blanks\n\nbody  \n\t\n",
        b"trailing lines\n\n\n\n",
        b"many blank lines\n\n\n\n\nbody\n",
        b"\n\nleading blank lines\n",
        b"\n  \nleading blanks\n\nbody\n",
        b"crlf\r\n\r\nbody\r\n",
        b"cr\rin subject\n\ncr\rin body\r",
        b"tab\n\n\tindented\n    more\n",
        b"form\x0cfeed\n\n\x0bvertical\n",
    ]);
}

#[test]
fn bytes_that_are_no_text() {
    let junk: Vec<u8> = (1..=255).collect();
    messages_come_home(&[
        b"latin without a header caf\xe9\n\n\xfc\n",
        b"invalid \xc3\x28 \xff\xfe\n",
        b"overlong \xc0\x80 surrogate \xed\xa0\x80\n",
        b"control \x01\x02\x7f\n\n\x1b[31mred\x07\n",
        &junk,
    ]);
}

#[test]
fn encodings_that_the_commit_names() {
    for story in Story::each(some_files) {
        let away = &story.away;
        let author = b"J\xf6rg M\xfcller <joerg@example.org> 1700000000 +0100";
        commit_raw(away, author, Some(b"ISO-8859-1"), b"caf\xe9\n\ncr\xe8me\n");
        commit_raw(away, AUTHOR, Some(b"ISO-8859-1"), b"plain\n");
        commit_raw(away, AUTHOR, Some(b"Shift_JIS"), b"\x93\xfa\x96{\n");
        commit_raw(away, AUTHOR, Some(b"x-unknown"), b"\xff\xfe\n");
        commit_raw(away, AUTHOR, Some(b"UTF-8"), "\u{fc}\n".as_bytes());
        commit_raw(away, AUTHOR, Some(b"ISO-8859-1"), "utf-8 after all \u{fc}\n".as_bytes());
        commit_raw(away, AUTHOR, Some(b"UTF-16"), b"[x] \r\n");
        story.comes_home();
    }
}

#[test]
fn authors_of_every_kind() {
    let long = [&b"A Name Of More Than Sixty Characters "[..], &[b'x'; 300], b" <long@b.c> 1700000000 +0000"].concat();
    let authors: &[&[u8]] = &[
        b"Quote \"q\" 'r' <a@b.c> 1700000000 +0000",
        b"Last, First <a@b.c> 1700000000 +0000",
        b"A. U. Thor Jr. <a@b.c> 1700000000 +0000",
        b"(paren) \\ back; semi: colon <a@b.c> 1700000000 +0000",
        b"at@home <a@b.c> 1700000000 +0000",
        b"Two <one@b.c> <two@b.c> 1700000000 +0000",
        "Zo\u{eb} \u{4e2d}\u{6587} <zo\u{eb}@example.org> 1700000000 +0000".as_bytes(),
        b"Latin \xe9 <a@b.c> 1700000000 +0000",
        b" <nameless@b.c> 1700000000 +0000",
        b"No Mail <> 1700000000 +0000",
        b" <> 1700000000 +0000",
        b"Blanks In <a b c> 1700000000 +0000",
        b"No At <somebody> 1700000000 +0000",
        b"  Blanks  Around   <  a@b.c  > 1700000000 +0000",
        b"=?UTF-8?q?Encoded?= <a@b.c> 1700000000 +0000",
        b"From: Evil <a@b.c> 1700000000 +0000",
        b"Tab\tName <a@b.c> 1700000000 +0000",
        b"Bot[bot] <1+bot[bot]@users.noreply.github.com> 1700000000 +0000",
        b"\x1b[31mRed \xe2\x80\xae <a@b.c> 1700000000 +0000",
        &long,
    ];
    for story in Story::each(some_files) {
        for author in authors {
            commit_raw(&story.away, author, None, b"By somebody\n");
        }
        story.comes_home();
    }
}

#[test]
fn dates_of_every_kind() {
    let dates = [
        "0 +0000",
        "1 +0000",
        "-1 +0000",
        "-86400 -0500",
        "-2208988800 +0000",
        "1700000000 +1345",
        "1700000000 -0030",
        "1700000000 -0000",
        "1700000000 +9999",
        "1700000000 +0530",
        "1700000000 -1200",
        "951826154 +1400",
        "4102444800 +0000",
        "9000000000 -0100",
        "253402300800 +0000",
        "99999999999999 +0000",
        "1700000000 +051800",
        "1700000000",
    ];
    for story in Story::each(some_files) {
        for date in dates {
            commit_raw(&story.away, format!("A <a@b.c> {date}").as_bytes(), None, b"At some time\n");
        }
        story.comes_home();
    }
}

/// git makes no such commit; what is at home must be one that git takes.
#[test]
fn a_date_that_is_none_becomes_the_time_of_applying() {
    for story in Story::each(some_files) {
        commit_raw(&story.away, b"A <a@b.c> then +0000", None, b"Some time\n");
        let captured = story.capture();
        story.ran(story.apply(&captured, &[]).says("trees match the sandbox"));
        let line = |format: &str| story.home.git(&["log", "-1", &format!("--format={format}"), "--date=raw"]);
        assert_eq!(line("%an <%ae> %ad"), [&b"A <a@b.c> "[..], &line("%cd")].concat());
        story.home.git(&["fsck", "--strict"]);
    }
}

/// The committer is who applies; `git commit` and `git am` would give the author the committer's place or time.
#[test]
fn who_applies_is_the_committer_and_nothing_else() {
    for story in Story::each(some_files) {
        commit_raw(&story.away, b"Other <o@example.org> 1500000000 -0700", None, b"Author is not committer\n");
        story.comes_home();
        let line = |format: &str| story.home.git(&["log", "-1", &format!("--format={format}"), "--date=raw"]);
        assert_eq!(line("%an <%ae> %ad"), BString::from("Other <o@example.org> 1500000000 -0700"));
        assert_eq!(line("%cn <%ce>"), BString::from("Cam Committer <committer@home.example>"));
    }
}
