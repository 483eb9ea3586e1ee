//! `glue-handoff`: the files that a handoff becomes, to the byte, and what the commands say of them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use bstr::ByteSlice;

use crate::sandbox::{Sandbox, output_with};

/// A handoff with nothing wrong with it.
pub(crate) const WHOLE: &str = include_str!("handoff/whole.md");

/// A repository with handoffs.
pub(crate) struct Desk {
    pub(crate) sandbox: Sandbox,
}

impl Desk {
    pub(crate) fn new() -> Desk {
        Desk { sandbox: Sandbox::new() }
    }

    pub(crate) fn run(&self, args: &[&str], input: &[u8]) -> Output {
        let mut command = self.sandbox.command("glue-handoff");
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        output_with(&mut command, input)
    }

    /// Runs a command, which must end with that status. What it printed on both streams.
    #[track_caller]
    pub(crate) fn ends(&self, code: i32, args: &[&str], input: &str) -> (String, String) {
        let output = self.run(args, input.as_bytes());
        let (out, err) = (output.stdout.to_str_lossy().into_owned(), output.stderr.to_str_lossy().into_owned());
        assert_eq!(output.status.code(), Some(code), "{args:?}\n--- stdout\n{out}\n--- stderr\n{err}");
        (out, err)
    }

    /// Creates a handoff, which must succeed.
    #[track_caller]
    pub(crate) fn create(&self, text: &str) -> (String, String) {
        self.ends(0, &["create"], text)
    }

    #[track_caller]
    pub(crate) fn json(&self, code: i32, args: &[&str], input: &str) -> serde_json::Value {
        let (out, _) = self.ends(code, &[args, &["--json"]].concat(), input);
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.sandbox.path(".agent-history").join(name)
    }

    #[track_caller]
    pub(crate) fn file(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Every file below the history, with its bytes.
    pub(crate) fn tree(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let (mut folders, mut files) = (vec![self.path("")], Vec::new());
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() && !path.is_symlink() {
                    folders.push(path);
                } else {
                    files.push((path.clone(), fs::read(&path).unwrap_or_default()));
                }
            }
        }
        files.sort();
        files
    }
}

/// The handoff of another session.
pub(crate) fn of_session(id: &str) -> String {
    WHOLE.replace("session_id: one", &format!("session_id: {id}"))
}

#[test]
fn a_handoff_becomes_four_files_and_a_log() {
    let desk = Desk::new();
    let (out, err) = desk.create(WHOLE);
    assert_eq!(
        out,
        "Wrote handoff for session one:\n  archive: .agent-history/sessions/one.md\n  latest: .agent-history/LATEST.md\n  \
         resume_prompt: .agent-history/RESUME_PROMPT.txt\n  index: .agent-history/INDEX.yaml\nregistered .agent-history/ \
         in .git/info/exclude (personal ignore \u{2014} not committed)\n"
    );
    assert_eq!(err, "");
    for (name, expected) in [
        ("LATEST.md", include_str!("handoff/LATEST.md")),
        ("sessions/one.md", include_str!("handoff/LATEST.md")),
        ("INDEX.yaml", include_str!("handoff/INDEX.yaml")),
        ("RESUME_PROMPT.txt", include_str!("handoff/RESUME_PROMPT.txt")),
        ("DECISIONS.md", include_str!("handoff/DECISIONS.md")),
    ] {
        assert_eq!(desk.file(name), expected, "{name}");
    }
    assert_eq!(desk.tree().len(), 5, "nothing else is there");
    assert!(desk.sandbox.git(&["status", "--porcelain"]).is_empty());
}

#[test]
fn two_spellings_of_one_handoff_become_the_same_bytes() {
    let desk = Desk::new();
    desk.create(WHOLE);
    let before = desk.tree();
    let other =
        format!("\u{feff}{}\n\n", WHOLE.replace("agent: codex", "# who\nagent:   'codex'  ")).replace('\n', "\r\n");
    desk.create(&other);
    assert_eq!(desk.tree(), before);
}

#[test]
fn the_index_keeps_the_others_and_moves_the_newest_to_the_end() {
    let desk = Desk::new();
    desk.create(WHOLE);
    desk.create(&of_session("two words"));
    desk.ends(0, &["close", "--status", "BLOCKED", "--session", "one"], "");
    let status = desk.json(0, &["status"], "");
    assert_eq!((&status["latest_session"], &status["sessions"]), (&"two words".into(), &2.into()));
    assert_eq!(status["latest_file"], "sessions/two-words.md");
    assert!(desk.file("INDEX.yaml").contains("    status: BLOCKED\n"));
    desk.create(WHOLE);
    let index = desk.file("INDEX.yaml");
    assert!(index.find("session_id: two words").unwrap() < index.find("session_id: one").unwrap(), "{index}");
    assert!(!index.contains("BLOCKED"), "created anew, it is open again");
    desk.ends(0, &["validate", "--sessions"], "");
}

#[test]
fn an_index_that_cannot_be_read_is_kept_and_told_of() {
    let desk = Desk::new();
    desk.create(WHOLE);
    for (kept, damaged) in [
        ("INDEX.yaml.damaged", &b"no mapping"[..]),
        ("INDEX.yaml.damaged.2", b"sessions: none\n"),
        ("INDEX.yaml.damaged.3", b"\xff\xfe"),
    ] {
        fs::write(desk.path("INDEX.yaml"), damaged).unwrap();
        let (_, err) = desk.create(&of_session("two"));
        assert!(err.contains("WARNING: INDEX.yaml cannot be read") && err.contains(kept), "{err}");
        assert_eq!(fs::read(desk.path(kept)).unwrap(), damaged);
        assert_eq!(desk.json(0, &["status"], "")["sessions"], 1);
    }
}

#[test]
fn every_problem_is_named_and_nothing_is_written() {
    let desk = Desk::new();
    let text = WHOLE.replace("agent: codex\n", "").replace("# What We Did\n", "");
    let (out, err) = desk.ends(2, &["create"], &text);
    assert_eq!(out, "");
    assert_eq!(
        err,
        "glue-handoff create: handoff failed validation:\n  - missing required field: agent\n  - missing required body \
         section(s): # What We Did\n"
    );
    let (_, err) = desk.ends(2, &["create"], "no frontmatter");
    assert!(err.starts_with("glue-handoff create: invalid handoff: the frontmatter must begin"), "{err}");
    let latin = desk.run(&["create"], b"---\nagent: \xe9\n---\n");
    assert_eq!(latin.status.code(), Some(2));
    assert!(latin.stderr.contains_str("not UTF-8, at byte 11"), "{}", latin.stderr.as_bstr());
    let error = &desk.json(2, &["create"], &text)["error"];
    assert_eq!((&error["kind"], &error["code"]), (&"invalid-handoff".into(), &2.into()));
    assert!(!desk.path("").exists());
}

#[test]
fn a_flagged_todo_passes_only_when_it_is_let() {
    let desk = Desk::new();
    let text = WHOLE.replace("  - Implement the retry loop", "  - Read the handoff");
    let (_, err) = desk.ends(2, &["create"], &text);
    assert!(err.contains("looks like a resume mechanic (matched 'read the handoff')"), "{err}");
    let (_, err) = desk.ends(0, &["create", "--allow-flagged-todo"], &text);
    assert_eq!(err.lines().filter(|line| line.starts_with("WARNING: ")).count(), 2, "{err}");
    let (_, err) = desk.ends(2, &["create", "--allow-flagged-todo"], &text.replace("agent: codex", "agent: \"\""));
    assert!(!err.contains("WARNING"), "{err}");
    let (_, err) = desk.ends(1, &["validate"], "");
    assert!(err.contains("  - LATEST.md: next_todo_items[0] looks like a resume mechanic"), "{err}");
}

#[test]
fn input_and_root_may_be_elsewhere() {
    let desk = Desk::new();
    let other = desk.sandbox.at("other");
    fs::write(other.dir().join("h.md"), WHOLE).unwrap();
    let (out, _) = desk.ends(0, &["create", "-i", "../other/h.md", "--repo-root", "./..//other/."], "");
    assert!(out.contains("  archive: ../other/.agent-history/sessions/one.md\n"), "{out}");
    desk.ends(0, &["-C", "../other", "validate"], "");
    desk.ends(0, &["validate", "--repo-root", "nowhere", "--repo-root", "../other"], "");
    desk.ends(1, &["close", "--status=DONE", "--session", "-5", "--repo-root=../other"], "");
    desk.ends(0, &["validate", "-C", "../other", "--repo-root=."], "");
    let (_, err) = desk.ends(1, &["create", "-i", "nowhere.md"], "");
    assert!(err.starts_with("error: cannot read nowhere.md: "), "{err}");
    let (_, err) = desk.ends(1, &["create", "--repo-root", "nowhere"], WHOLE);
    assert!(err.starts_with("error: the repository root is not a directory: nowhere\n"), "{err}");
    desk.ends(2, &["create", "--repo-root", "nowhere"], "a bad document wins over a bad root");
    assert!(!desk.path("").exists());
}

#[test]
fn the_log_of_decisions_only_grows() {
    let desk = Desk::new();
    fs::create_dir(desk.path("")).unwrap();
    fs::write(desk.path("DECISIONS.md"), b"mine, \xe9, without a newline").unwrap();
    desk.create(WHOLE);
    let log = fs::read(desk.path("DECISIONS.md")).unwrap();
    let expected =
        b"mine, \xe9, without a newline\n- [2026-07-01][one] Use jiff [standing]\n- [2026-07-01][one] Path: bytes\n";
    assert_eq!(log.as_bstr(), expected.as_bstr());
    desk.create(&WHOLE.replace("  - Use jiff [standing]", "  - Use jiff [standing]\n  - Use jiff [standing]"));
    assert_eq!(fs::read(desk.path("DECISIONS.md")).unwrap(), log);
    desk.create(&WHOLE.replace("decisions:\n  - Use jiff [standing]\n  - \"Path: bytes\"\n", ""));
    assert_eq!(fs::read(desk.path("DECISIONS.md")).unwrap(), log);
}

#[test]
fn standing_rulings_go_into_prompt_and_status() {
    let desk = Desk::new();
    let lines: String = (1..=23).map(|n| format!("  rule {n} [standing]\n\n")).collect();
    fs::create_dir(desk.path("")).unwrap();
    fs::write(desk.path("DECISIONS.md"), lines).unwrap();
    desk.create(WHOLE);
    let expected = "Standing operator rulings:\n(+4 older standing lines in DECISIONS.md)\nrule 5 [standing]\n";
    assert!(desk.file("RESUME_PROMPT.txt").contains(expected));
    let (status, _) = desk.ends(0, &["status"], "");
    let standing = "standing:\n  (+4 older standing lines in DECISIONS.md)\n  rule 5 [standing]\n";
    assert!(
        status.contains(standing) && status.contains("\n  - [2026-07-01][one] Use jiff [standing]\nvalidation: OK\n")
    );
    let elsewhere = desk.sandbox.root().join("log");
    fs::rename(desk.path("DECISIONS.md"), &elsewhere).unwrap();
    symlink(&elsewhere, desk.path("DECISIONS.md")).unwrap();
    let (status, _) = desk.ends(0, &["status"], "");
    assert!(status.contains("decisions: 2\n") && !status.contains("standing:"), "{status}");
}

#[test]
fn status_says_where_the_session_stopped() {
    let desk = Desk::new();
    let (out, _) = desk.ends(1, &["status"], "");
    assert_eq!(out, "glue-handoff status: no .agent-history/ found at .agent-history\n");
    assert_eq!(desk.json(1, &["status"], "")["error"]["kind"], "no-history");
    desk.create(WHOLE);
    desk.create(&of_session("two").replace("agent: codex", "agent: codex\nsupersedes: one"));
    let (out, _) = desk.ends(0, &["status"], "");
    assert_eq!(
        out,
        ".agent-history: present\nlatest session: two\nlatest file: sessions/two.md\ncurrent branch: main\nhead commit: \
         0123456789abcdef0123456789abcdef01234567\nfirst next action: Implement the retry loop\nstatus: open\nsessions: \
         2\ndecisions: 4\nlineage: two <- supersedes one\nstanding:\n  - [2026-07-01][one] Use jiff [standing]\n  - \
         [2026-07-01][two] Use jiff [standing]\nvalidation: OK\n"
    );
    desk.ends(0, &["close", "--status", "DONE"], "");
    let (out, _) = desk.ends(0, &["status"], "");
    assert!(out.contains("first next action: none (session DONE)\nstatus: DONE\n"), "{out}");
    assert!(out.ends_with("validation: OK\n"), "{out}");
}

#[test]
fn status_and_validate_tell_how_the_repository_moved() {
    let desk = Desk::new();
    desk.sandbox.write("a", "a");
    let commit = desk.sandbox.commit("one\n");
    let commit = commit.to_string();
    desk.create(&WHOLE.replace("0123456789abcdef0123456789abcdef01234567", &commit));
    let git = |args: &[&str]| desk.json(0, args, "")["git"].as_array().unwrap().len();
    assert_eq!((git(&["status", "--git"]), git(&["validate", "--git"])), (0, 0));
    desk.sandbox.git(&["switch", "-q", "-c", "other"]);
    let message = format!("drift: handoff recorded main@{commit} but repo is at other@{commit}");
    let (out, _) = desk.ends(0, &["status", "--git"], "");
    assert!(out.ends_with(&format!("validation: OK\ngit: {message}\n")), "{out}");
    let (out, err) = desk.ends(0, &["validate", "--git"], "");
    assert_eq!(err, format!("glue-handoff validate: {message}\n"));
    assert_eq!(out, "glue-handoff validate: OK\n");
}

#[test]
fn a_prompt_is_printed_byte_for_byte() {
    let desk = Desk::new();
    let (_, err) = desk.ends(1, &["resume-prompt"], "");
    assert!(err.contains("cannot read .agent-history/RESUME_PROMPT.txt"), "{err}");
    desk.create(WHOLE);
    assert_eq!(desk.run(&["resume-prompt"], b"").stdout, fs::read(desk.path("RESUME_PROMPT.txt")).unwrap());
    fs::write(desk.path("RESUME_PROMPT.txt"), b"a\r\nb\rc\xff").unwrap();
    assert_eq!(desk.run(&["resume-prompt"], b"").stdout, b"a\r\nb\rc\xff");
}

#[test]
fn closing_changes_the_index_alone() {
    let desk = Desk::new();
    let refused = |args: &[&str], words: &str| {
        let (_, err) = desk.ends(1, args, "");
        assert!(err.contains(words), "{err}");
    };
    refused(&["close", "--status", "DONE"], "there is no .agent-history/INDEX.yaml");
    refused(&["close", "--status", "DONE"], "hint: glue-handoff create begins a history");
    desk.create(WHOLE);
    desk.create(&of_session("two"));
    let before = desk.tree();
    refused(&["close", "--status", "DONE", "--session", "three"], "has no session three");
    refused(&["close", "--status", "DONE", "--session", " "], "no session to close");
    desk.ends(2, &["close", "--status", "done"], "");
    desk.ends(2, &["close"], "");
    assert_eq!(desk.tree(), before);
    fs::write(desk.path("INDEX.yaml"), format!("# mine\nteam: ours\n{}", desk.file("INDEX.yaml"))).unwrap();
    let (out, _) = desk.ends(0, &["close", "--status", "ABANDONED", "--session", "one"], "");
    assert_eq!(out, "glue-handoff close: set session one status to ABANDONED\n");
    let index = desk.file("INDEX.yaml");
    assert!(
        index.starts_with("team: ours\nschema_version: 1\n") && index.contains("    status: ABANDONED\n"),
        "{index}"
    );
    assert!(index.contains("\nfirst_next_action: Implement the retry loop\n"), "only what is DONE has no next action");
    desk.ends(0, &["validate"], "");
}

#[test]
fn links_are_refused_where_something_is_written() {
    for name in ["sessions", "sessions/one.md", "LATEST.md", "RESUME_PROMPT.txt", "INDEX.yaml", "DECISIONS.md"] {
        let desk = Desk::new();
        desk.create(&of_session("zero"));
        let path = desk.path(name);
        let aside = desk.sandbox.root().join("aside");
        if path.exists() {
            fs::rename(&path, &aside).unwrap();
        }
        symlink(&aside, &path).unwrap();
        let before = desk.tree();
        let (_, err) = desk.ends(1, &["create"], WHOLE);
        assert!(err.contains(&format!(".agent-history/{name} is a symbolic link")), "{err}");
        assert_eq!(desk.tree(), before, "{name}");
    }
    let desk = Desk::new();
    symlink("/nowhere/at/all", desk.sandbox.path(".agent-history")).unwrap();
    desk.ends(1, &["create"], WHOLE);
    desk.ends(1, &["close", "--status", "DONE"], "");
}

#[test]
fn an_archive_of_another_session_is_never_overwritten() {
    let desk = Desk::new();
    desk.create(&of_session("team/alpha"));
    for (content, words) in [
        (None, "is the archive of session 'team/alpha'"),
        (Some(&b"words"[..]), "is no handoff"),
        (Some(b"---\nagent: x\n---\n"), "does not say which session"),
        (Some(b"---\nsession_id: \"  \"\n---\n"), "does not say which session"),
        (Some(b"\xff"), "is not UTF-8"),
        (Some(b""), "is no handoff"),
    ] {
        if let Some(content) = content {
            fs::write(desk.path("sessions/team-alpha.md"), content).unwrap();
        }
        let before = desk.tree();
        let (_, err) = desk.ends(1, &["create"], &of_session("team-alpha"));
        assert!(err.contains("refused: .agent-history/sessions/team-alpha.md") && err.contains(words), "{err}");
        assert_eq!(desk.tree(), before);
    }
}
