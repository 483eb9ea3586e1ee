//! Captures that others wrote, conversions, and what the sandbox could not say: apply takes them as far as they can be taken.

use bstr::ByteSlice;
use git_glue::mbox::Kind;

use crate::apply::work;
use crate::sandbox::Sandbox;
use crate::trip::{ID, STATUS, Trip, apply_in, apply_piped, each_git, files, unchanged};

/// Three commits as `git format-patch` writes them, with options.
fn mails(trip: &Trip, options: &[&str]) -> Vec<u8> {
    let away = &trip.away;
    away.write("a.txt", away.read("a.txt").replace("line 3\n", "line three\n"));
    away.commit("[tag] First\n\nA body\n");
    away.git(&["mv", "b.txt", "c.txt"]);
    away.write("bin.dat", [9, 0, 9]);
    away.commit("Second\n");
    away.write("crlf", "one\r\ntwo\r\n");
    away.commit("Third \u{e9}\n");
    let range = format!("{}..HEAD", trip.base);
    away.git_with(&[&["format-patch", "--stdout", "--binary"], options, &[&range]].concat(), b"").into()
}

#[test]
fn mails_of_format_patch_land_as_git_am_lands_them() {
    for options in
        [&["-k"][..], &["--full-index", "-M"], &["--attach", "-k"], &["--no-signature", "-k"], &["--base=HEAD~3", "-k"]]
    {
        each_git(|trip| {
            let mbox = mails(&trip, options);
            trip.home.git(&["worktree", "add", "-q", "--detach", "../judge"]);
            let judge = trip.home.at("judge");
            let keep: &[&str] = if options.contains(&"-k") { &["-k"] } else { &[] };
            judge.git_with(&[&["am", "-q", "--3way", "--keep-cr"], keep].concat(), &mbox);
            apply_piped(&trip.home, &["--branch", "ours", "-"], &mbox).is(0).says("not proved");
            let told = ["log", "--format=%T %an %ae %ad%n", "--date=raw"];
            assert_eq!(trip.home.git(&told), judge.git(&told), "{options:?}");
            assert_eq!(trip.home.git(STATUS), "");
        });
    }
}

#[test]
fn a_bare_diff_is_uncommitted_work() {
    each_git(|trip| {
        trip.away.write("a.txt", trip.away.read("a.txt").replace("line 3\n", "line three\n"));
        trip.away.write("new", "new\n");
        trip.away.git(&["add", "-N", "new"]);
        let diff = trip.away.git_with(&["diff", "--binary", "HEAD"], b"");
        apply_piped(&trip.home, &["--branch", "bare", "-"], &diff).is(0).says("untracked");
        unchanged(&files(&trip.away), &files(&trip.home));
        assert_eq!(trip.home.git(&["rev-parse", "HEAD"]), trip.base);
        assert_eq!(trip.home.git(&["status", "--porcelain"]), " M a.txt\n?? new");
    });
}

#[test]
fn a_diff_after_the_last_mail_is_not_folded_into_its_commit() {
    each_git(|trip| {
        let mut mbox = mails(&trip, &["-k"]);
        trip.away.write("a.txt", trip.away.read("a.txt").replace("line 9\n", "line nine\n"));
        mbox.extend_from_slice(&trip.away.git_with(&["diff", "--binary", "HEAD"], b""));
        apply_piped(&trip.home, &["--branch", "glue", "-"], &mbox).is(0);
        unchanged(&files(&trip.away), &files(&trip.home));
        assert_eq!(trip.home.git(&["rev-parse", "HEAD^{tree}"]), trip.away.git(&["rev-parse", "HEAD^{tree}"]));
        assert_eq!(trip.home.git(&["status", "--porcelain"]), " M a.txt");
    });
}

#[test]
fn a_lone_mbox_says_itself_what_it_is() {
    let trip = Trip::new();
    work(&trip);
    let mut parts = trip.parts();
    parts.preamble.capture = Some(parts.sidecar.to_json());
    let mbox = parts.mbox();
    apply_piped(&trip.home, &["-"], &mbox).is(0).says("on glue/s1").says("trees match");
    trip.same();
    apply_in(&trip.home, &["-C", "dir", "--undo", ID]).is(0).says("Undone");
    assert_eq!(trip.home.git(STATUS), "");
    std::fs::write(trip.home.root().join("lone.mbox"), &mbox).unwrap();
    apply_in(&trip.home, &["../lone.mbox"]).is(0).says("on glue/s1");
    apply_in(&trip.home, &["--undo", "../lone.mbox"]).is(0);
    assert_eq!(trip.home.git(STATUS), "");
}

#[test]
fn verbatim_files_land_without_conversion() {
    each_git(|trip| {
        trip.away.write(".gitattributes", "*.txt text eol=crlf\n");
        trip.away.commit("Attributes\n");
        trip.away.write("lf.txt", "one\ntwo\n");
        trip.away.write("crlf.txt", "one\r\ntwo\r\n");
        trip.capture_with(|parts| {
            let (entry, _) = parts.entries.iter_mut().find(|(entry, _)| entry.kind == Kind::Worktree).unwrap();
            entry.verbatim = vec!["lf.txt".into()];
        });
        trip.applied(&[]).says("trees match");
        assert_eq!(trip.home.read("lf.txt"), "one\ntwo\n");
        assert_eq!(trip.home.read("crlf.txt"), "one\r\ntwo\r\n");
        trip.applied(&["--undo"]);
        assert_eq!(trip.home.git(STATUS), "");
        assert!(!trip.home.path("lf.txt").exists());
    });
}

#[test]
fn the_proof_says_why_trees_cannot_match() {
    let trip = Trip::new();
    work(&trip);
    trip.capture();
    trip.home.write("mine", "mine\n");
    trip.home.commit("At home\n");
    trip.applied(&["--check"]).says("Proof: ").says_not("trees match");
    let json = trip.applied(&["--json"]).json();
    assert_eq!(json["proof"]["verdict"], "base-differs");
    assert_eq!(json["proof"]["bootstrap"], trip.base.to_string());
    assert_eq!(json["outcome"], "applied");
    assert_eq!(json["branch"], "glue/s1");
    assert_eq!(json["commits"].as_array().unwrap().len(), 2);
    assert_eq!(json["staged"][0], "dir/y.txt");
    assert!(json["untracked"].as_array().unwrap().iter().any(|path| path == "\"latin-\\351\""));
}

/// What the sandbox says must not reach the terminal's own language.
#[test]
fn warnings_of_the_sandbox_are_told() {
    let trip = Trip::new();
    work(&trip);
    trip.capture_with(|parts| {
        let warning = git_glue::session::Warning::new("stash", "2 stashes", Vec::new());
        parts.sidecar.warnings.push(warning);
        parts.sidecar.bootstrap_sha = None;
        parts.sidecar.remote_url = Some("https://example.org/other.git".into());
    });
    trip.home.git(&["remote", "set-url", "origin", "https://example.org/this.git"]);
    let run = trip.applied(&[]);
    run.says("warning: from the sandbox: 2 stashes").says("which is no remote of this repository");
    let quiet = Trip::new();
    work(&quiet);
    quiet.capture();
    let run = quiet.applied(&["--quiet"]);
    assert_eq!(run.out, "");
}

/// git's own clones: what was fetched from one place is known in the other.
#[test]
fn a_partial_clone_fetches_nothing() {
    let trip = Trip::new();
    work(&trip);
    trip.capture();
    trip.away.git(&["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", trip.away.dir().display());
    let base = trip.base.to_string();
    trip.away.git(&["clone", "-q", "--filter=blob:none", &url, "../partial"]);
    let partial: Sandbox = trip.home.at("partial");
    partial.git(&["checkout", "-q", "-B", "main", &base]);
    std::fs::rename(trip.away.path(".git"), trip.away.path("../gone")).unwrap();
    let run = apply_in(&partial, &[ID]);
    std::fs::rename(trip.away.path("../gone"), trip.away.path(".git")).unwrap();
    run.is(0).says("trees match");
    unchanged(&files(&trip.away), &files(&partial));
}
