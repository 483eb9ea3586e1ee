//! Mail: git is the judge. What we write goes through `git am`, what `git format-patch` writes goes through us.

use std::ffi::OsString;
use std::io::{Cursor, Read, Seek};
use std::os::unix::ffi::OsStringExt;

use bstr::{BString, ByteSlice};
use git_glue::mbox::{Dialect, Entry, Identity, Kind, Mbox, Preamble, Writer};

use crate::sandbox::{Sandbox, gits};

/// Commits whose messages, authors or contents mail would harm, on top of `base`.
fn nasty_commits(repo: &Sandbox) {
    repo.write("file", "one\ntwo\nthree\n");
    repo.write("crlf", "one\r\ntwo\r\n");
    repo.commit("base\n");
    repo.git(&["tag", "base"]);
    let messages: [&[u8]; 26] = [
        b"plain subject\n",
        b"subject\n\nbody\nof lines\n\nand paragraphs\n",
        b"no newline",
        b"[WIP][api] tagged\n",
        b"RE: again\n",
        b"[WIP]\n",
        b"two\nlines\n\nof subject\n",
        b"cut\n\nabove\n---\nbelow\n",
        b"diff\n\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n",
        b"index\n\nIndex: x\n",
        b"split\n\nFrom 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom: Evil <evil@example.org>\n\nx\n",
        b"spoofed\n\nFrom: Evil <evil@example.org>\nSubject: evil\nDate: Mon, 1 Jan 2001 00:00:00 +0000\n\nbody\n",
        b"scissors\n\nabove\n-- >8 --\nbelow\n",
        b"  leading and trailing  \n\n\n\n body  \n\n\n",
        b"",
        b"\n\n",
        b"cr\r\n\r\nbody\r\n",
        b"latin \xe9\n\nb\xf6dy\n",
        "ünïcödé subject that is long enough to need more than one encoded word in the header of a mail: 中文字符 Ω\n\nbody ü\n".as_bytes(),
        b"a plain subject that is so long that the header of a mail has to be folded somewhere between its many words\n",
        b"a =?UTF-8?q?word?= that looks encoded\n",
        b"double  blank\tand tab\n",
        b"control\n\n\x1b[31mred\x07\n",
        b"signature\n\nbody\n-- \nme\n",
        b"gt\n\n>From here\n From there\n",
        b"# comment\n\n# stays\n",
    ];
    for (number, message) in messages.iter().enumerate() {
        repo.write("file", format!("one\n{number}\nthree\n"));
        repo.commit(message);
    }
    let contents: [&[u8]; 12] = [
        b"one\r\ntwo\r\nthree\r\n",
        b"lone \r cr\nand cr at end\r",
        b"nul \0 in text\n",
        b"latin \xe9 \xff\n",
        b"trailing blank \ntab\t\n \n\n",
        b"From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom me\n.\n..\n",
        b"-- \n2.47\n--- a/x\n+++ b/x\n@@ -1 +1 @@\ndiff --git a/x b/x\n",
        b"=3D=\n= \nsoft=\n\x0c\x1b\x7f\n",
        b"no newline at the end",
        b"\xef\xbb\xbfbom \xe2\x80\xae\n",
        b"",
        b"\r\n",
    ];
    repo.write(".gitattributes", "text* diff\n");
    for (number, content) in contents.iter().enumerate() {
        repo.write("file", content);
        repo.write(format!("text{number}"), [b"x\n", *content, &b"x".repeat(3000), b"\r\n", *content].concat());
        repo.commit(format!("contents {number}\n"));
    }
    repo.commit_index("empty commit\n\nwith a body\n");
    repo.git(&["mv", "file", "moved \u{e9} file"]);
    repo.write("binary", [0, 1, 2, 255].repeat(500));
    repo.write(b"odd\xff\tname", "x\n");
    repo.write(" blanks ", "x\n");
    repo.commit("names\n");
    repo.git(&["update-index", "--chmod=+x", "crlf"]);
    repo.commit_index("mode\n");
    repo.git(&["rm", "-q", "binary", "text1"]);
    repo.commit_index("gone\n");
    odd_authors(repo);
}

/// Commits by people whom `From:` and `Date:` cannot carry.
fn odd_authors(repo: &Sandbox) {
    let authors: [&[u8]; 12] = [
        b"A. U. Thor <a@b.c> 1700000000 -0330",
        "Zoë Ünïcödé <zoe@example.org> 1700000000 +0545".as_bytes(),
        b"Last, First <a@b.c> 1700000000 +1400",
        b"A <a@b.c> 1700000000 +0000",
        b"Quote \"q\" (paren) \\ <a@b.c> 1700000000 +0000",
        b"at@home me <a@b.c> 1700000000 +0000",
        b"A name that is so long that git would rather take the address, since it has more than sixty characters <a@b.c> 1700000000 +0000",
        b"latin \xe9 <a@b.c> 1700000000 +0000",
        b"No Mail <> 1700000000 +0000",
        b" <nameless@b.c> 1700000000 +0000",
        b"Early Bird <a@b.c> 86400 +0000",
        b"Far Future <a@b.c> 9000000000 -0000",
    ];
    for author in authors {
        let tree = repo.git(&["rev-parse", "HEAD^{tree}"]);
        let parent = repo.git(&["rev-parse", "HEAD"]);
        repo.write("authored", author);
        repo.git(&["add", "authored"]);
        let tree = if tree.is_empty() { tree } else { repo.git(&["write-tree"]) };
        let time = "1700000000 +0000";
        let commit = bstr::concat([
            format!("tree {tree}\nparent {parent}\nauthor ").as_bytes(),
            author,
            format!("\ncommitter Cam Committer <committer@example.org> {time}\n\nauthored\n").as_bytes(),
        ]);
        let id = repo.git_with(&["hash-object", "-t", "commit", "-w", "--stdin", "--literally"], &commit);
        repo.git(&["reset", "-q", "--hard", id.trim().to_str().unwrap()]);
    }
}

struct Commit {
    id: BString,
    entry: Entry,
    diff: BString,
}

/// The commits since `base`, as capture would carry them.
fn commits(repo: &Sandbox) -> Vec<Commit> {
    let ids = repo.git(&["rev-list", "--reverse", "base..HEAD"]);
    ids.lines().map(|id| commit(repo, id.to_str().unwrap())).collect()
}

fn commit(repo: &Sandbox, id: &str) -> Commit {
    let raw = repo.git_with(&["cat-file", "commit", id], b"");
    let (header, message) = raw.split_once_str("\n\n").unwrap();
    let field = |name: &str| header.lines().find_map(|line| line.strip_prefix(name.as_bytes())).map(BString::from);
    let diff = repo.git_with(&["diff-tree", "-p", "--binary", "-M", "-C", "--full-index", "--no-commit-id", id], b"");
    let entry = Entry {
        encoding: field("encoding "),
        commit: Some(id.into()),
        tree: field("tree "),
        ..Entry::new(Kind::Commit, Identity(field("author ").unwrap()), message.into())
    };
    Commit { id: id.into(), entry, diff }
}

fn write(commits: &[Commit]) -> Vec<u8> {
    let preamble = Preamble { capture: Some(b"{}".repeat(100)), objects: None };
    let mut writer = Writer::new(Vec::new(), commits.len() as u64, &preamble);
    for commit in commits {
        writer.entry(&commit.entry, Cursor::new(&commit.diff)).unwrap();
    }
    writer.finish().unwrap()
}

/// Applies a mailbox on `base` in a clone and returns the commits that came of it.
fn am(repo: &Sandbox, file: &[u8], options: &[&str]) -> Vec<Commit> {
    let name = format!("clone{}", options.concat());
    let source = repo.dir().to_str().unwrap().to_owned();
    repo.git(&["clone", "-q", &source, &format!("../{name}")]);
    let clone = repo.at(&name);
    clone.git(&["reset", "-q", "--hard", "base"]);
    let output = crate::sandbox::output_with(
        clone.command("git").args(["am", "-q", "--3way", "--empty=keep"]).args(options),
        file,
    );
    assert!(output.status.success(), "{}\n{}", output.stdout.as_bstr(), output.stderr.as_bstr());
    commits(&clone)
}

fn headers_of(file: &[u8], name: &str) -> Vec<bool> {
    let mbox = Mbox::open(Cursor::new(file)).unwrap();
    let mails = mbox.entries.iter().map(|located| &file[located.mail.start as usize..][..located.mail.len as usize]);
    mails.map(|mail| mail[..mail.find("\n\n").unwrap()].contains_str(format!("\n{name}:"))).collect()
}

#[test]
fn git_am_makes_the_same_of_our_mails() {
    for git in gits() {
        let repo = Sandbox::with_git(&git);
        nasty_commits(&repo);
        let originals = commits(&repo);
        let file = write(&originals);
        let with_message = headers_of(&file, "X-Glue-Message");
        let with_author = headers_of(&file, "X-Glue-Author");
        assert!(with_message.iter().filter(|there| **there).count() < originals.len() / 2);
        for options in [&[][..], &["--keep-cr"]] {
            let results = am(&repo, &file, options);
            assert_eq!(results.len(), originals.len());
            for (index, (original, result)) in originals.iter().zip(&results).enumerate() {
                let (original_entry, entry) = (&original.entry, &result.entry);
                assert_eq!(entry.tree, original_entry.tree, "tree of {:?}", original_entry.message);
                if !with_message[index] {
                    assert_eq!(entry.message, original_entry.message);
                }
                if !with_author[index] {
                    assert_eq!(entry.author, original_entry.author);
                }
                let author = entry.author.email();
                assert!(!author.contains_str("evil"), "{:?}", original_entry.message);
            }
        }
    }
}

#[test]
fn commits_that_mail_does_not_change_keep_their_ids() {
    for git in gits() {
        let repo = Sandbox::with_git(&git);
        repo.write("file", "one\n");
        repo.commit("base\n");
        repo.git(&["tag", "base"]);
        for (content, message) in
            [("two\r\n", "subject\n"), ("three\n", "h\u{e9}llo\n\nbody\n"), ("four", "a, b: c\n\nx\n\ny\n")]
        {
            repo.write("file", content);
            repo.commit(message);
        }
        let originals = commits(&repo);
        let file = write(&originals);
        assert!(!file.contains_str("X-Glue-Message") && !file.contains_str("X-Glue-Author"));
        let clone = repo.at("clone");
        clone.git(&["clone", "-q", "../repo", "."]);
        clone.git(&["reset", "-q", "--hard", "base"]);
        let mut mbox = Mbox::open(Cursor::new(&file)).unwrap();
        for (index, original) in originals.iter().enumerate() {
            let mut mail = Vec::new();
            mbox.mail(index).unwrap().read_to_end(&mut mail).unwrap();
            let date = repo.git(&["log", "-1", "--format=%cd", "--date=raw", original.id.to_str().unwrap()]);
            let mut command = clone.command("git");
            command.args(["am", "-q", "--3way"]).env("GIT_COMMITTER_DATE", date.to_str().unwrap());
            let output = crate::sandbox::output_with(&mut command, &mail);
            assert!(output.status.success(), "{}", output.stderr.as_bstr());
            assert_eq!(clone.git(&["rev-parse", "HEAD"]), original.id);
        }
    }
}

#[test]
fn foreign_mails_read_as_git_am_reads_them() {
    for git in gits() {
        let repo = Sandbox::with_git(&git);
        nasty_commits(&repo);
        let ids = repo.git(&["rev-list", "--reverse", "base..HEAD"]);
        for id in ids.lines() {
            for options in [
                &[][..],
                &["--signature=two words"],
                &["--no-signature", "--encode-email-headers"],
                &["--no-stat", "-k"],
                &["--attach"],
                &["--inline=a b"],
            ] {
                let mail = repo.git_with(
                    &[
                        &["format-patch", "-1", "--always", "--stdout", "--binary", "-M", "-C", "--full-index"],
                        options,
                        &[id.to_str().unwrap()],
                    ]
                    .concat(),
                    b"",
                );
                compare_with_git(&repo, &mail);
            }
        }
    }
}

/// Splits a file with git, and compares message, author and patch of every mail with ours.
fn compare_with_git(repo: &Sandbox, file: &[u8]) {
    let dir = repo.at("split");
    std::fs::remove_dir_all(dir.dir()).unwrap();
    let dir = repo.at("split");
    dir.write("mbox", file);
    let output = dir.try_git(&["mailsplit", "--keep-cr", "-o.", "mbox"]);
    let opened = Mbox::open(Cursor::new(file));
    if opened.as_ref().err().is_some_and(|error| error.to_string().contains("diffs in more than one part")) {
        assert!(file.contains_str("\n\ndiff --git a/x b/x"), "{}", file.as_bstr());
        return;
    }
    let Ok(mut mbox) = opened else {
        // A mail that was torn apart by its own text; git fails on the pieces too.
        let pieces: usize = output.stdout.trim().to_str().unwrap().parse().unwrap();
        assert!((1..=pieces).any(|number| !git_takes(&dir, number)), "{}", file.as_bstr());
        return;
    };
    let count = mbox.entries.len().to_string();
    assert_eq!(output.stdout.trim().as_bstr(), count.as_bytes().as_bstr(), "{}", file.as_bstr());
    for index in 0..mbox.entries.len() {
        let mail = dir.read(format!("{:04}", index + 1));
        let info = dir.git_with(&["mailinfo", "msg", "patch"], &mail);
        let field = |name: &str| {
            let values = info.lines().filter_map(|line| line.strip_prefix(name.as_bytes()));
            bstr::join("\n", values)
        };
        let entry = &mbox.entries[index].entry;
        let message = bstr::concat([&field("Subject: ")[..], b"\n\n", &dir.read("msg")]);
        let message = dir.git_with(&["stripspace"], &message);
        assert_eq!(entry.message, message, "{}", mail.as_bstr());
        let mut command = dir.command("git");
        command.args(["var", "GIT_AUTHOR_IDENT"]);
        for (name, value) in [("NAME", "Author: "), ("EMAIL", "Email: "), ("DATE", "Date: ")] {
            command.env(format!("GIT_AUTHOR_{name}"), OsString::from_vec(field(value)));
        }
        let output = command.output().unwrap();
        // What git does not commit, we may read as we like.
        if output.status.success() {
            let author: BString = output.stdout.trim().into();
            match entry.author.seconds() {
                Some(_) => assert_eq!(entry.author.0, author, "{}", mail.as_bstr()),
                // Git takes the present; whoever applies has a clock, the reader has none.
                None => assert!(author.starts_with(&entry.author.0), "{}", mail.as_bstr()),
            }
        }
        let diff = diff_bytes(&mut mbox, index);
        assert!(dir.read("patch").contains_str(&diff), "{}", mail.as_bstr());
        let ours: Vec<_> = git_glue::patch::changes(&diff[..]).map(Result::unwrap).collect();
        let theirs = dir.git_with(&["apply", "--numstat", "-z", "--allow-empty"], &dir.read("patch"));
        assert_eq!(ours.len(), theirs.iter().filter(|byte| **byte == 0).count(), "{}", mail.as_bstr());
    }
}

fn git_takes(dir: &Sandbox, number: usize) -> bool {
    let mail = dir.read(format!("{number:04}"));
    let output = crate::sandbox::output_with(dir.command("git").args(["mailinfo", "msg", "patch"]), &mail);
    let patch = if output.status.success() { dir.read("patch") } else { BString::default() };
    let output = crate::sandbox::output_with(dir.command("git").args(["apply", "--numstat"]), &patch);
    output.status.success()
}

/// What Glue itself writes: the commits as mails, then the uncommitted rest as a bare diff.
#[test]
fn a_bare_tail_is_an_entry_of_its_own() {
    for git in gits() {
        let repo = Sandbox::with_git(&git);
        repo.write("file", "one\n");
        repo.commit("base\n");
        repo.git(&["tag", "base"]);
        repo.write("file", "two\n");
        repo.commit("two\n");
        repo.write("file", "three\r\n-- \nno newline");
        repo.write("binary", b"\0\x01");
        repo.git(&["add", "-N", "."]);
        let mails = repo.git_with(&["format-patch", "--stdout", "--binary", "base..HEAD"], b"");
        let tail = repo.git_with(&["diff", "--binary", "HEAD"], b"");
        for (file, commits) in [(bstr::concat([&mails[..], &tail]), 1), (tail.to_vec(), 0)] {
            let mut mbox = Mbox::open(Cursor::new(&file)).unwrap();
            assert_eq!((mbox.dialect, mbox.entries.len()), (Dialect::Bare, commits + 1));
            let last = &mbox.entries[commits];
            assert_eq!((last.entry.kind, last.exact), (Kind::Worktree, false));
            assert_eq!(diff_bytes(&mut mbox, commits).trim().as_bstr(), tail.trim().as_bstr());
            if commits > 0 {
                assert_eq!(mbox.entries[0].entry.message, "two\n");
                assert!(!diff_bytes(&mut mbox, 0).contains_str("three"));
            }
        }
    }
}

#[test]
fn mails_with_crlf_from_transport_read_as_they_were_sent() {
    let repo = Sandbox::new();
    repo.write("file", "one\n\ntwo\n");
    repo.commit("base\n");
    repo.write("file", "three\n\nfour");
    repo.commit("subject\n\nbody\n");
    let mail = repo.git_with(&["format-patch", "-1", "--stdout"], b"");
    let sent = mail.replace("\n", "\r\n");
    let (mut mbox, mut other) = (Mbox::open(Cursor::new(&mail)).unwrap(), Mbox::open(Cursor::new(&sent)).unwrap());
    assert_eq!(mbox.entries[0].entry, other.entries[0].entry);
    assert_eq!(diff_bytes(&mut mbox, 0), diff_bytes(&mut other, 0));
    let body = mail.find("\n\n").unwrap() + 2;
    let lines = base64_lines(&mail[body..]);
    let encoded = [b"Content-Transfer-Encoding: base64\n\n", lines.as_bytes()].concat();
    let encoded = [&mail[..body - 1], &encoded].concat();
    let mut encoded = Mbox::open(Cursor::new(&encoded)).unwrap();
    assert_eq!(mbox.entries[0].entry, encoded.entries[0].entry);
    assert_eq!(diff_bytes(&mut mbox, 0), diff_bytes(&mut encoded, 0));
}

fn base64_lines(bytes: &[u8]) -> String {
    use base64::Engine as _;
    bytes.chunks(54).map(|chunk| base64::engine::general_purpose::STANDARD.encode(chunk) + "\n").collect()
}

#[test]
fn what_is_cut_or_no_mailbox_says_where() {
    let repo = Sandbox::new();
    repo.write("file", "one\n".repeat(20));
    repo.write("binary", (0..=255).collect::<Vec<u8>>());
    repo.commit("base\n");
    let mail = repo.git_with(&["format-patch", "-1", "--root", "--stdout", "--binary"], b"");
    let cut_at = |text: &str| mail[..mail.find(text).unwrap() + text.len()].to_owned();
    for (file, expected) in [
        (cut_at("Subject: "), "mail 1 is cut off at byte"),
        (cut_at("literal 256\nz"), "inside its binary patch"),
        (cut_at("+one\n+one\n+on"), "inside its hunk"),
        (b" \n\n".to_vec(), "the mailbox is empty"),
        ([b"warning: x\n", &mail[..]].concat(), "byte 0 starts neither a mail nor a diff"),
        (mail.replace("@@ -0,0 +1,20 @@", "@@ -0,0 +1,x @@"), "a hunk without line counts"),
    ] {
        let error = Mbox::open(Cursor::new(&file)).err().unwrap_or_else(|| panic!("{}", file.as_bstr())).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn damaged_mailboxes_end() {
    let repo = Sandbox::new();
    nasty_commits(&repo);
    let series = commits(&repo);
    let foreign: BString =
        repo.git_with(&["format-patch", "--stdout", "--binary", "--always", "--attach", "base..HEAD"], b"");
    let plain = repo.git_with(&["format-patch", "--stdout", "--binary", "HEAD~30..HEAD"], b"");
    let mut random = fastrand::Rng::with_seed(7);
    for file in [write(&series), foreign.into(), plain.into()] {
        for _ in 0..150 {
            let mut file = file.clone();
            for _ in 0..random.usize(1..30) {
                let at = random.usize(0..file.len());
                match random.u8(0..4) {
                    0 => file[at] = random.u8(..),
                    1 => drop(file.drain(at..(at + random.usize(0..300)).min(file.len()))),
                    2 => file.truncate(file.len() - random.usize(0..file.len().min(2000))),
                    _ => file[at] = *random.choice(b"\n\r -+@=\"[]<>:0F\0").unwrap(),
                }
            }
            git_glue::patch::changes(&file[..]).for_each(drop);
            if let Ok(mut mbox) = Mbox::open(Cursor::new(&file)) {
                for index in 0..mbox.entries.len() {
                    let diff = diff_bytes(&mut mbox, index);
                    git_glue::patch::changes(&diff[..]).for_each(drop);
                }
            }
        }
    }
}

fn diff_bytes(mbox: &mut Mbox<impl Read + Seek>, index: usize) -> Vec<u8> {
    let mut diff = Vec::new();
    mbox.diff(index).unwrap().read_to_end(&mut diff).unwrap();
    diff
}

/// Headers and texts put together from what git treats specially: ours reads each as git does.
#[test]
fn odd_headers_and_encodings_read_as_git_reads_them() {
    const FROM: [&str; 20] = [
        "Ann",
        " ",
        "<a@b.c>",
        "a@b",
        "(",
        ")",
        "\"",
        "\\",
        "<",
        ">",
        ",",
        ".",
        "=?utf-8?q?J=C3=B6?=",
        "=?iso-8859-1?Q?=E9?=",
        "x",
        "  ",
        "=?UTF-8?b?w7w=?=",
        "Bee Cee",
        "\n ",
        "=?x?y?z",
    ];
    const SUBJECT: [&str; 19] = [
        "[PATCH]",
        "[",
        "]",
        "Re:",
        "re: ",
        "R",
        ":",
        " ",
        "\t",
        "word",
        "=?utf-8?q?a_b?=",
        "=?utf-8?b?eHk=?=",
        "\n ",
        "\n\t",
        "=?",
        "?=",
        "[a b]",
        "  two  ",
        "\u{e9}",
    ];
    const BODY: [&str; 29] = [
        "\n",
        "\n",
        "text",
        " ",
        "\t",
        "=",
        "=3D",
        "=\n",
        "=0A",
        "=4",
        "=zz",
        "=C3=A9",
        "From: I Me <i@me>\n",
        "Subject: other\n",
        "Date: Mon, 1 Jan 2001 00:00:00 +0100\n",
        "---",
        "--- ",
        "--- a\n",
        "diff -x\n",
        "Index: x\n",
        "[PATCH] in body\n",
        ">From x\n",
        "-- \n",
        "=20",
        " cont\n",
        "dGV4dAo=\n",
        "Cg==",
        "\u{e9}",
        "From : x\n",
    ];
    let mut random = fastrand::Rng::with_seed(11);
    let repo = Sandbox::new();
    for round in 0..400 {
        let mut some = |pieces: &[&str], most| -> String {
            (0..random.usize(0..most)).map(|_| pieces[random.usize(0..pieces.len())]).collect()
        };
        let (from, subject, body) = (some(&FROM, 8), some(&SUBJECT, 9), some(&BODY, 16));
        let transfer = ["8bit", "quoted-printable", "base64"][round % 3];
        let charset = ["utf-8", "iso-8859-1"][round % 2];
        let mail = format!(
            "From {:040x} Mon Sep 17 00:00:00 2001\nFrom: {from}\nDate: Tue, 14 Nov 2023 23:13:20 +0100\nSubject: {subject}\n\
             Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: {transfer}\n\n{body}\n",
            round
        );
        let dir = repo.at("one");
        let mut command = dir.command("git");
        let output = crate::sandbox::output_with(command.args(["mailinfo", "msg", "patch"]), mail.as_bytes());
        if output.status.success() {
            compare_with_git(&repo, mail.as_bytes());
        }
    }
}
