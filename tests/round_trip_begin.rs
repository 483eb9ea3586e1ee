//! Round trips that begin with `git glue-capture --begin`, also in a work tree that was dirty already; and captures that
//! are taken more than once.

use bstr::ByteSlice;

use crate::round_trip::{Story, Way, commits, differences, some_files};
use crate::round_trip_places::work;
use crate::sandbox::Sandbox;
use crate::trip::{Run, STATUS, files, snapshot};

/// Stories in which `prepare` was done both away and at home before the agent began.
fn begun(prepare: impl Fn(&Sandbox), at_home: impl Fn(&Sandbox)) -> impl Iterator<Item = Story> {
    Story::each(some_files).map(move |mut story| {
        prepare(&story.away);
        at_home(&story.home);
        begin(&mut story);
        story
    })
}

/// Records the bootstrap: one ref, and nothing else, may be new.
fn begin(story: &mut Story) -> Run {
    story.options = vec!["--session=s1".into()];
    let before = files(&story.away);
    let index = story.away.read(".git/index");
    let mut command = story.away.command("git");
    let run = Run::from(
        command.args(["glue-capture", "--begin", "--session=s1"]).env("GLUE_HOME", story.store()).output().unwrap(),
    );
    story.ran(&run);
    assert_eq!(differences("files, by --begin", &before, &files(&story.away)), Vec::<String>::new());
    assert_eq!(story.away.read(".git/index"), index);
    let refs = story.away.git(&["for-each-ref", "--format=%(refname)", "refs/glue"]);
    assert_eq!(refs.lines().count(), 1, "{refs}");
    run
}

/// Uncommitted work of the person's: edited, untracked, deleted.
fn dirty(repo: &Sandbox) {
    edit(repo, 3);
    repo.write("mine.txt", "mine, untracked\nline 2\n");
    repo.write("dir/y.txt", "mine\n");
    std::fs::remove_file(repo.path("run.sh")).unwrap();
}

fn edit(repo: &Sandbox, line: usize) {
    repo.write("a.txt", repo.read("a.txt").replace(format!("line {line}\n"), format!("line {line} edited\n")));
}

/// The agent goes on with one of the person's files, and with others.
fn go_on(away: &Sandbox) {
    edit(away, 20);
    away.write("b.txt", "the agent's\n");
    away.write("new.txt", "new\n");
}

#[test]
fn begun_clean() {
    for story in begun(|_| {}, |_| {}) {
        work(&story.away);
        story.comes_home();
    }
}

#[test]
fn begun_dirty_and_as_dirty_at_home() {
    for story in begun(dirty, dirty) {
        go_on(&story.away);
        let captured = story.capture();
        story.ran(&captured.run);
        assert!(!captured.mbox.contains_str("mine.txt"), "what the agent left alone does not travel");
        story.ran(&story.apply(&captured, &[]));
        let found = differences("files", &files(&story.away), &files(&story.home));
        assert!(found.is_empty(), "{}", found.join("\n"));
        assert_eq!(story.home.git(STATUS), story.away.git(STATUS));
    }
}

#[test]
fn begun_dirty_with_a_commit_of_the_agent_s_own_beside_it() {
    for story in begun(dirty, dirty) {
        story.away.write("b.txt", "committed\n");
        story.away.git(&["commit", "-q", "-m", "Only b", "b.txt"]);
        edit(&story.away, 25);
        let captured = story.capture();
        story.ran(&captured.run);
        story.ran(&story.apply(&captured, &[]));
        story.is_same();
    }
}

#[test]
fn begun_dirty_and_clean_at_home() {
    for story in begun(dirty, |_| {}) {
        go_on(&story.away);
        let captured = story.capture();
        story.ran(&captured.run);
        story.ran(&story.apply(&captured, &[]));
        let a = story.home.read("a.txt");
        assert!(a.contains_str("line 20 edited\n") && a.contains_str("line 3\n"), "{a}");
        assert_eq!(story.home.read("b.txt"), "the agent's\n");
        assert_eq!(story.home.read("new.txt"), "new\n");
        assert!(story.home.path("run.sh").exists() && !story.home.path("mine.txt").exists());
    }
}

#[test]
fn begun_dirty_and_edited_at_home_since() {
    for story in begun(dirty, dirty) {
        go_on(&story.away);
        let captured = story.capture();
        edit(&story.home, 28);
        let before = snapshot(story.home.dir());
        let run = story.apply(&captured, &[]);
        run.is(1).says("a.txt");
        assert_eq!(differences("home", &before, &snapshot(story.home.dir())), Vec::<String>::new());
    }
}

#[test]
fn begun_dirty_and_all_of_it_committed_by_the_agent() {
    for story in begun(dirty, |_| {}) {
        go_on(&story.away);
        story.away.commit("All of it, also what was not mine\n");
        story.comes_home();
    }
}

/// What the person has changed is in a commit of the agent's, and would be overwritten by it.
#[test]
fn begun_dirty_all_of_it_committed_and_as_dirty_at_home() {
    for story in begun(dirty, dirty) {
        go_on(&story.away);
        story.away.commit("All of it, also what was not mine\n");
        let captured = story.capture();
        let before = snapshot(story.home.dir());
        story.apply(&captured, &[]).is(1).says("a.txt").says("--worktree");
        assert_eq!(differences("home", &before, &snapshot(story.home.dir())), Vec::<String>::new());
    }
}

#[test]
fn begun_dirty_and_committed_at_home_since() {
    for story in begun(dirty, dirty) {
        go_on(&story.away);
        let captured = story.capture();
        story.home.commit("What was dirty\n");
        story.ran(&story.apply(&captured, &[]));
        let found = differences("files", &files(&story.away), &files(&story.home));
        assert!(found.is_empty(), "{}", found.join("\n"));
        assert_eq!(story.home.git(&["status", "--porcelain"]), " M a.txt\n M b.txt\n?? new.txt");
    }
}

#[test]
fn begun_with_staged_work() {
    let staged = |repo: &Sandbox| {
        edit(repo, 3);
        repo.write("staged.txt", "staged\n");
        repo.git(&["add", "a.txt", "staged.txt"]);
        edit(repo, 9);
    };
    for story in begun(staged, |_| {}) {
        go_on(&story.away);
        story.away.git(&["add", "new.txt"]);
        let captured = story.capture();
        story.ran(&captured.run);
        story.ran(&story.apply(&captured, &[]));
        assert_eq!(story.home.git(&["diff", "--cached", "--name-only"]), "new.txt");
        assert_eq!(story.home.git(&["diff", "--name-only"]), "a.txt\nb.txt");
        assert!(!story.home.read("a.txt").contains_str("line 3 edited"));
    }
}

#[test]
fn begun_dirty_and_nothing_done() {
    for story in begun(dirty, dirty) {
        let captured = story.capture();
        story.ran(&captured.run);
        if story.way == Way::Pipe {
            story.ran(story.apply(&captured, &[]).says("nothing"));
        } else {
            assert!(captured.mbox.is_empty());
        }
    }
}

#[test]
fn a_second_capture_replaces_the_first() {
    for story in Story::each(some_files) {
        work(&story.away);
        story.ran(&story.capture().run);
        story.away.write("later", "later\n");
        story.away.commit("Later\n");
        story.comes_home();
    }
}

#[test]
fn when_nothing_is_left_the_older_capture_is_set_aside() {
    let story = Story::each(some_files).next().unwrap();
    work(&story.away);
    let first = story.capture();
    story.away.git(&["reset", "-q", "--hard", &story.base.to_string()]);
    story.away.git(&["clean", "-qfd"]);
    let second = story.capture();
    story.ran(&second.run);
    let session = story.store().join("sessions/s1");
    assert!(!session.join("runtime.mbox").exists());
    assert_eq!(std::fs::read(session.join("runtime.mbox.previous")).unwrap(), first.mbox);
    assert_ne!(story.apply(&second, &[]).code, 0);
    assert!(commits(&story.home, &story.base, "HEAD").is_empty());
}
