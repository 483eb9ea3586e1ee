//! `git glue-apply --exact`: the sandbox's commits come home with their very ids.

use bstr::{BString, ByteSlice};

use crate::round_trip::{Captured, Story, Way, some_files};
use crate::round_trip_places::work;
use crate::sandbox::{Sandbox, gits};
use crate::trip::{Run, STATUS, files, snapshot, unchanged};

/// What a signature looks like in a commit object: the lines after the first are set in, also the empty one.
const SIGNATURE: &str =
    "gpgsig -----BEGIN PGP SIGNATURE-----\n \n iQEzBAABCAAdFiEE\n =Abcd\n -----END PGP SIGNATURE-----\n";

pub fn story(way: Way) -> Story {
    let git = &gits()[0];
    Story::between(git, git, way, &[], some_files)
}

/// The last commit with other headers: everything after the committer line is `headers`. HEAD is moved to it.
pub fn recommit(away: &Sandbox, bend: impl FnOnce(&str) -> String) -> BString {
    let raw = away.git_with(&["cat-file", "commit", "HEAD"], b"");
    let (head, message) = raw.split_once_str("\n\n").unwrap();
    let object = [bend(&format!("{}\n", head.as_bstr())).as_bytes(), b"\n", message].concat();
    let id = away.git_with(&["hash-object", "-t", "commit", "-w", "--stdin"], &object);
    let id = BString::from(id.trim());
    away.git(&["update-ref", "HEAD", &id.to_string()]);
    id
}

fn append(headers: &str) -> impl FnOnce(&str) -> String {
    move |head| format!("{head}{headers}")
}

fn head(repo: &Sandbox) -> BString {
    repo.git(&["rev-parse", "HEAD"])
}

fn exact(story: &Story) -> (Captured, Run) {
    let captured = story.capture();
    story.ran(&captured.run);
    let run = story.apply(&captured, &["--exact"]);
    (captured, run)
}

/// The whole way: the same ids, and all the rest as ever.
#[track_caller]
fn keeps_its_ids(story: &Story) -> Captured {
    let (captured, run) = exact(story);
    story.ran(&run);
    run.says("trees match the sandbox").says("Commit ids: those of the sandbox");
    assert_eq!(story.home.git(&["rev-parse", "landed"]), head(&story.away), "{}", run.out);
    story.home.git(&["fsck", "--strict", "--no-dangling"]);
    story.is_same();
    captured
}

#[test]
fn commits_keep_their_ids_and_uncommitted_work_lands_as_ever() {
    for story in Story::each(some_files) {
        work(&story.away);
        let captured = keeps_its_ids(&story);
        story.is_judged_by_am(&captured);
    }
}

#[test]
fn signatures_and_headers_that_nobody_knows_come_along() {
    let story = story(Way::Store);
    let away = &story.away;
    work(away);
    recommit(away, append(SIGNATURE));
    away.write("one", "1");
    away.git(&["add", "one"]);
    away.commit_index("Encoded\n");
    recommit(away, append("encoding ISO-8859-1\n"));
    away.commit_index("Unknown \u{fffd}\n");
    recommit(away, append(&format!("HG:extra branch:x\nencoding latin-1\nmergetag object abc\n more\n{SIGNATURE}")));
    away.commit_index("Odd people\n\n\nand ends  ");
    recommit(away, |head| head.replace("Agent <agent@sandbox.invalid>", "=?utf-8?q?A?= \u{e9}\t <>"));
    away.commit_index("");
    let captured = keeps_its_ids(&story);
    story.is_judged_by_am(&captured);
}

#[test]
fn what_a_pipe_carries_is_enough_and_sha256_is_no_different() {
    let git = &gits()[0];
    let story = Story::between(git, git, Way::Pipe, &["--object-format=sha256"], some_files);
    work(&story.away);
    recommit(&story.away, append(&SIGNATURE.replace("gpgsig", "gpgsig-sha256")));
    keeps_its_ids(&story);
}

#[test]
fn a_merge_of_what_is_here_keeps_its_parents() {
    let story = story(Way::Store);
    let old = story.origin.git(&["commit-tree", "-m", "Old", "HEAD^{tree}", "-p", "HEAD"]);
    for repo in [&story.origin, &story.away, &story.home] {
        if repo.dir() != story.origin.dir() {
            repo.git(&["fetch", "-q", story.origin.dir().to_str().unwrap(), &format!("+{old}:refs/heads/old")]);
        } else {
            repo.git(&["branch", "old", &old.to_string()]);
        }
    }
    work(&story.away);
    story.away.git(&["stash", "-q", "-u"]);
    story.away.git(&["merge", "-q", "--no-ff", "-m", "Merge\n", "old"]);
    story.away.git(&["stash", "pop", "-q", "--index"]);
    story.away.git(&["stash", "clear"]);
    keeps_its_ids(&story);
    let parents = story.home.git(&["rev-parse", "landed^2"]);
    assert_eq!(parents, old);
}

#[test]
fn a_merge_of_what_is_not_here_is_refused_and_the_way_out_named() {
    let story = story(Way::Store);
    let away = &story.away;
    away.git(&["checkout", "-q", "-b", "side"]);
    away.write("side", "side\n");
    away.commit("Side\n");
    away.git(&["checkout", "-q", "main"]);
    work(away);
    away.git(&["stash", "-q", "-u"]);
    away.git(&["merge", "-q", "--no-ff", "-m", "Merge\n", "side"]);
    let before = snapshot(story.home.dir());
    let (captured, run) = exact(&story);
    run.is(1).says("which is not here").says("--bundle").says("(Merge)");
    unchanged(&before, &snapshot(story.home.dir()));
    story.apply(&captured, &[]).is(0).says("trees match");
}

#[test]
fn newer_commits_of_mine_are_told_of() {
    let story = story(Way::Store);
    work(&story.away);
    story.home.write("mine", "mine\n");
    story.home.commit("Mine\n");
    let captured = keeps_its_ids(&story);
    let run = story.apply(&captured, &["--exact", "--json", "--check"]);
    assert_eq!(run.json()["outcome"], "already-applied");
    story.home.git(&["stash", "-q", "-u"]);
    story.home.git(&["checkout", "-q", "main"]);
    story.home.git(&["branch", "-q", "-D", "landed"]);
    let run = story.apply(&captured, &["--exact", "--json"]).json();
    assert_eq!((&run["newer"], &run["exact"]), (&1.into(), &true.into()));
    assert_eq!(run["commits"][0]["id"], run["commits"][0]["sandbox_id"]);
}

#[test]
fn in_place_it_only_goes_forward() {
    let story = story(Way::Store);
    work(&story.away);
    let captured = story.capture();
    let apply = |args: &[&str]| -> Run {
        let mut command = story.home.command("git");
        command.args(["glue-apply", "--in-place"]).args(args).arg("s1").env("GLUE_HOME", story.store());
        command.output().unwrap().into()
    };
    story.home.write("mine", "mine\n");
    story.home.commit("Mine\n");
    apply(&["--exact"]).is(1).says("cannot go forward").says("git glue-apply --exact s1");
    story.home.git(&["reset", "-q", "--hard", "HEAD~"]);
    apply(&["--exact"]).is(0).says("those of the sandbox (1 of 1)");
    assert_eq!(head(&story.home), head(&story.away));
    assert_eq!(story.home.git(&["symbolic-ref", "HEAD"]), "refs/heads/main");
    apply(&["--exact"]).is(0).says("already applied");
    let undo = story.home.command("git").args(["glue-apply", "--undo", "s1"]).env("GLUE_HOME", story.store()).output();
    Run::from(undo.unwrap()).is(0);
    assert_eq!(head(&story.home), story.base);
    drop(captured);
}

#[test]
fn undo_takes_back_what_lies_beside_newer_commits() {
    let story = story(Way::Store);
    work(&story.away);
    story.home.write("mine", "mine\n");
    let mine = story.home.commit("Mine\n");
    story.home.write("a.txt", "dirty\n");
    let captured = story.capture();
    story.apply(&captured, &["--exact"]).is(1).says("your files are in the way");
    story.home.git(&["checkout", "-q", "a.txt"]);
    let before = files(&story.home);
    story.apply(&captured, &["--exact"]).is(0);
    let undo = story.home.command("git").args(["glue-apply", "--undo", "s1"]).env("GLUE_HOME", story.store()).output();
    Run::from(undo.unwrap()).is(0);
    unchanged(&before, &files(&story.home));
    assert_eq!((head(&story.home), story.home.git(STATUS)), (mine, "".into()));
}

#[test]
fn elsewhere_than_in_this_work_tree() {
    let story = story(Way::Store);
    work(&story.away);
    let captured = story.capture();
    story.home.write("mine", "mine\n");
    story.home.commit("Mine\n");
    let before = files(&story.home);
    story.apply(&captured, &["--exact", "--check"]).is(0).says("Would apply").says("those of the sandbox");
    story.apply(&captured, &["--exact", "--no-checkout"]).is(1).says("--commit-worktree");
    story.apply(&captured, &["--exact", "--no-checkout", "--commit-worktree"]).is(0).says("but for the last");
    assert_eq!(story.home.git(&["rev-parse", "landed~"]), head(&story.away));
    story.home.git(&["branch", "-q", "-D", "landed"]);
    story.apply(&captured, &["--exact", "--worktree", "../linked"]).is(0).says("1 newer commit of yours");
    unchanged(&files(&story.away), &files(&story.home.at("linked")));
    assert_eq!(head(&story.home.at("linked")), head(&story.away));
    unchanged(&before, &files(&story.home));
}

#[test]
fn history_that_was_rewritten_or_begun_anew() {
    let story = story(Way::Store);
    let away = &story.away;
    away.git(&["checkout", "-q", "--orphan", "anew"]);
    work(away);
    let captured = story.capture();
    story.apply(&captured, &["--exact"]).is(0).says("trees match").says("those of the sandbox (1 of 1)");
    assert_eq!(head(&story.home), head(away));
    story.home.git(&["stash", "-q", "-u"]);
    story.home.git(&["checkout", "-q", "main"]);
    let mut again = story.home.command("git");
    again.args(["glue-apply", "--exact", "--in-place", "s1"]).env("GLUE_HOME", story.store());
    Run::from(again.output().unwrap()).is(1).says("they do not come after");
}

#[test]
fn it_says_why_not() {
    let mut story = story(Way::Store);
    work(&story.away);
    let captured = story.capture();
    let refused = |story: &Story, why: &str| {
        story.apply(&captured, &["--exact"]).is(1).says(why);
        assert_eq!(story.home.git(&["branch", "--list", "landed"]), "");
    };
    story.home.git(&["checkout", "-q", "--orphan", "other"]);
    story.home.git(&["commit", "-q", "-m", "Other"]);
    refused(&story, "not in the history of HEAD");
    let here = story.home.clone();
    story.home = story.home.at("elsewhere");
    story.home.init(&[]);
    story.home.write("x", "x");
    story.home.commit("X\n");
    refused(&story, "no commit of this repository");
    story.home = here;
    story.home.git(&["checkout", "-q", "main"]);
    story.options.push("--exclude=a.txt".to_owned());
    story.capture();
    refused(&story, "does not carry all");
    story.apply(&captured, &[]).is(0);
    story.home.git(&["stash", "-q", "-u"]);
    story.options.pop();
    story.home.git(&["checkout", "-q", "-f", "main"]);
    story.home.git(&["branch", "-q", "-D", "landed"]);
    story.capture();
    story.apply(&captured, &[]).is(0);
    story.apply(&captured, &["--exact"]).is(1).says("of other ids than the sandbox's").says("--undo");
}

#[test]
fn a_capture_that_lies_about_its_commits_is_corrupt() {
    let story = story(Way::Pipe);
    work(&story.away);
    recommit(&story.away, append(SIGNATURE));
    let captured = story.capture();
    let text = captured.mbox.clone();
    let bent = |from: &str, to: &str| {
        let mbox = BString::from(text.replacen(from, to, 1));
        assert_ne!(mbox, text, "{from}");
        Captured { run: Run { code: 0, out: "".into(), err: "".into() }, mbox, sidecar: captured.sidecar.clone() }
    };
    for (from, to, why) in [
        ("X-Glue-Committer: Runner", "X-Glue-Committer: Rummer", "not the one that it names"),
        ("X-Glue-Commit: ", "X-Glue-Commit: 0000", "id"),
        ("From: Agent", "From: Agnes", "the id"),
        ("X-Glue-Headers:\n Z", "X-Glue-Headers:\n a", "the id"),
        ("X-Glue-Headers:", "X-Glue-Other:", "the id"),
        ("X-Glue-Committer:", "X-Glue-Other:", "does not carry all"),
        ("X-Glue-Headers:", "X-Glue-Headers: Cg==\nX-Glue-Other:", "holds more than headers"),
    ] {
        story.apply(&bent(from, to), &["--exact"]).is(1).says(why);
        assert_eq!(story.home.git(&["branch", "--list", "landed"]), "", "{from}");
    }
    // What says something else than the commit that is here already is believed no more.
    story.home.git(&["fetch", "-q", story.away.dir().to_str().unwrap(), "HEAD"]);
    story.apply(&bent("From: Agent", "From: Agnes"), &["--exact"]).is(1).says("the id");
    let bare = captured.mbox.replace("X-Glue-Committer:", "X-Other:").replace("X-Glue-Headers:", "X-Other:");
    let other =
        Captured { mbox: bare.replace("From: Agent", "From: Agnes").into(), ..bent("From: Agent", "From: Agnes") };
    story.apply(&other, &["--exact"]).is(1).says("another than it shows");
    story.apply(&captured, &["--exact"]).is(0).says("those of the sandbox");
}

#[test]
fn nothing_is_signed_anew() {
    let story = story(Way::Store);
    work(&story.away);
    story.home.git(&["config", "commit.gpgSign", "true"]);
    story.home.git(&["config", "gpg.program", "/bin/false"]);
    keeps_its_ids(&story);
}

#[test]
fn in_a_shallow_home_and_from_a_shallow_sandbox() {
    let mut story = story(Way::Store);
    let url = format!("file://{}", story.origin.dir().display());
    for name in ["work-shallow", "here-shallow"] {
        let place = if name.starts_with("work") { &mut story.away } else { &mut story.home };
        *place = place.at(name);
        place.git(&["clone", "-q", "--depth=1", &url, "."]);
    }
    work(&story.away);
    keeps_its_ids(&story);
}
