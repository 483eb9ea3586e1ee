//! `git glue-capture --bundle`: the commits themselves travel beside the capture, for `--exact` at home.

use std::fs;
use std::path::PathBuf;

use bstr::{BString, ByteSlice};
use git_glue::session::{Bundle, Sidecar};

use crate::exact::{recommit, story};
use crate::round_trip::{Story, Way, some_files};
use crate::round_trip_places::work;
use crate::sandbox::{Sandbox, gits};
use crate::trip::{Run, apply_in, sha256, snapshot, unchanged};

/// A merge of what only the sandbox has, an octopus, a signature, and uncommitted work on top.
fn merges(away: &Sandbox) {
    for side in ["one", "two", "three"] {
        away.git(&["checkout", "-q", "-b", side, "main"]);
        away.write(side, side);
        away.commit(format!("{side}\n"));
    }
    away.git(&["checkout", "-q", "main"]);
    away.git(&["merge", "-q", "--no-ff", "-m", "Merge one\n", "one"]);
    away.git(&["merge", "-q", "--no-ff", "-m", "Octopus\n", "two", "three"]);
    recommit(away, |head| format!("{head}gpgsig -----BEGIN\n \n x\n -----END\n"));
    away.git(&["branch", "-q", "-D", "one", "two", "three"]);
    work(away);
}

fn session(story: &Story, name: &str) -> PathBuf {
    story.store().join("sessions/s1").join(name)
}

fn bundled(mut story: Story) -> Story {
    story.options.push("--bundle".to_owned());
    story
}

fn head(repo: &Sandbox) -> BString {
    repo.git(&["rev-parse", "HEAD"])
}

/// A program of ours at home, with the story's store.
fn at_home(story: &Story, program: &str, args: &[&str]) -> Run {
    let mut command = story.home.command("git");
    command.arg(program).args(args).env("GLUE_HOME", story.store()).output().unwrap().into()
}

#[test]
fn merges_of_what_only_the_sandbox_has_keep_their_ids() {
    for init in [&[][..], &["--object-format=sha256"]] {
        let git = &gits()[0];
        let story = bundled(Story::between(git, git, Way::Store, init, some_files));
        merges(&story.away);
        let captured = story.capture();
        story.ran(&captured.run);
        captured.run.says("Bundle    beside it");
        assert_eq!(
            captured.sidecar["bundle"]["size_bytes"],
            fs::metadata(session(&story, "runtime.bundle")).unwrap().len()
        );
        at_home(&story, "glue-apply", &["--verify-only", "s1"]).is(0).says("3 of 3 can be kept");
        let run = story.apply(&captured, &["--exact"]);
        story.ran(&run);
        run.says("trees match the sandbox").says("those of the sandbox (3 of 3)");
        assert_eq!(head(&story.home), head(&story.away));
        story.home.git(&["fsck", "--strict", "--no-dangling"]);
        assert_eq!(story.home.git(&["log", "--format=%H"]), story.away.git(&["log", "--format=%H"]));
        story.is_same();
        story.is_judged_by_am(&captured);
        at_home(&story, "glue-apply", &["--undo", "s1"]).is(0);
        assert_eq!(head(&story.home), story.base);
    }
}

#[test]
fn without_exact_the_bundle_changes_nothing_and_plain_git_reads_it() {
    let story = bundled(story(Way::Store));
    merges(&story.away);
    let captured = story.capture();
    story.apply(&captured, &[]).is(0).says("trees match");
    assert_ne!(head(&story.home), head(&story.away));
    let bundle = session(&story, "runtime.bundle");
    story.home.git(&["bundle", "verify", "-q", bundle.to_str().unwrap()]);
    story.home.git(&["fetch", "-q", bundle.to_str().unwrap(), "HEAD"]);
    assert_eq!(story.home.git(&["rev-parse", "FETCH_HEAD"]), head(&story.away));
}

#[test]
fn it_goes_where_the_capture_goes() {
    let story = bundled(story(Way::Store));
    merges(&story.away);
    let out = story.away.path("out.mbox");
    let run = story.run_capture(&["--verify", "-o", out.to_str().unwrap()]);
    run.is(0).says("Proof     trees match").says_not("not good");
    // The files of a capture are nobody's work.
    story.run_capture(&["-o", out.to_str().unwrap()]).is(0).says_not("out.mbox.bundle: ");
    at_home(&story, "glue-import", &[out.to_str().unwrap()]).is(0).says_not("bundle");
    assert!(session(&story, "runtime.bundle").is_file());
    let copy = story.home.root().join("copy.mbox");
    let run = at_home(&story, "glue-export", &["s1", "--to", copy.to_str().unwrap()]);
    run.is(0).says("copy.mbox.bundle");
    let run = at_home(&story, "glue-export", &["s1", "--to", "-"]);
    run.is(0).says("the bundle of the capture stays behind");
    for name in ["out.mbox", "out.mbox.meta.json", "out.mbox.bundle"] {
        fs::remove_file(story.away.path(name)).unwrap();
    }
    let apply = |args: &[&str]| apply_in(&story.home, &[args, &[copy.to_str().unwrap()]].concat());
    let bundle = copy.with_extension("mbox.bundle");
    fs::rename(&bundle, copy.with_extension("x")).unwrap();
    let before = snapshot(story.home.dir());
    apply(&["--exact"]).is(1).says("which is not at").says("copy it along");
    apply(&["--verify-only"]).is(0).says("trees match").says("0 of 3 can be kept; the capture was made with a bundle");
    fs::write(&bundle, "# v2 git bundle\n\nPACK").unwrap();
    apply(&["--exact"]).is(1).says("is not the bundle that the capture was made with");
    unchanged(&before, &snapshot(story.home.dir()));
    fs::rename(copy.with_extension("x"), &bundle).unwrap();
    apply(&["--exact", "--in-place"]).is(0);
    story.is_same_but_for_branch();
}

#[test]
fn a_later_capture_has_its_own_or_none() {
    let mut story = bundled(story(Way::Store));
    merges(&story.away);
    story.capture();
    let first = fs::read(session(&story, "runtime.bundle")).unwrap();
    story.away.commit("More\n");
    story.capture();
    assert_ne!(fs::read(session(&story, "runtime.bundle")).unwrap(), first);
    let files: Vec<_> = fs::read_dir(session(&story, "")).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(!files.iter().any(|name| name.to_str().unwrap().contains("pending")), "{files:?}");
    let last = fs::read(session(&story, "runtime.bundle")).unwrap();
    story.away.git(&["reset", "-q", "--hard", &story.base.to_string()]);
    story.away.git(&["clean", "-qfd"]);
    story.run_capture(&[]).is(0);
    assert!(!session(&story, "runtime.bundle").exists());
    assert_eq!(fs::read(session(&story, "runtime.bundle.previous")).unwrap(), last);
    story.options.pop();
    work(&story.away);
    let captured = story.capture();
    assert!(!session(&story, "runtime.bundle").exists() && captured.sidecar["bundle"].is_null());
}

#[test]
fn too_large_or_not_to_be_had_is_said() {
    let story = bundled(story(Way::Store));
    story.run_capture(&["--exclude=x"]).is(2).says("--exclude");
    story.run_capture(&["-o", "-"]).is(2).says("--bundle writes a second file");
    let away = &story.away;
    away.git(&["checkout", "-q", "-b", "side"]);
    let mut random = fastrand::Rng::with_seed(1);
    let noise: Vec<u8> = (0..200_000).map(|_| random.u8(..)).collect();
    away.write("noise", noise);
    away.commit("Noise\n");
    away.git(&["rm", "-q", "noise"]);
    away.commit("Silence\n");
    away.git(&["checkout", "-q", "main"]);
    away.git(&["merge", "-q", "--no-ff", "-m", "Merge\n", "side"]);
    away.git(&["branch", "-q", "-D", "side"]);
    let run = story.run_capture(&["--cap=100k"]);
    run.is(0).says("the bundle would be over the cap of 100 KB");
    let captured = story.capture();
    story.apply(&captured, &["--exact"]).is(0).says("those of the sandbox (1 of 1)");
}

#[test]
fn a_home_that_lacks_what_it_builds_on_says_so() {
    let mut story = bundled(story(Way::Store));
    let old = head(&story.origin);
    story.origin.write("more", "more\n");
    story.base = story.origin.commit("More\n");
    story.away.git(&["pull", "-q"]);
    let away = &story.away;
    away.git(&["checkout", "-q", "-b", "side", &old.to_string()]);
    away.write("side", "side\n");
    away.commit("Side\n");
    away.git(&["checkout", "-q", "main"]);
    away.git(&["merge", "-q", "--no-ff", "-m", "Merge\n", "side"]);
    away.git(&["branch", "-q", "-D", "side"]);
    story.options[0] = format!("--base={}", story.base);
    let captured = story.capture();
    story.home = story.home.at("shallow");
    let url = format!("file://{}", story.origin.dir().display());
    story.home.git(&["clone", "-q", "--depth=1", &url, "."]);
    story.apply(&captured, &["--exact"]).is(1).says("builds on").says("git fetch --unshallow");
    story.home.git(&["fetch", "-q", "--unshallow"]);
    story.apply(&captured, &["--exact"]).is(0).says("those of the sandbox (1 of 1)");
    story.home.git(&["fsck", "--strict", "--no-dangling"]);
}

/// The sandbox vouches for its bundle by a hash alone: so everything in it is looked at.
#[test]
fn a_bundle_is_as_hostile_as_the_rest() {
    let story = bundled(story(Way::Store));
    let away = &story.away;
    merges(away);
    let captured = story.capture();
    let good = fs::read(session(&story, "runtime.bundle")).unwrap();
    let with = |bundle: &[u8]| {
        fs::write(session(&story, "runtime.bundle"), bundle).unwrap();
        let path = session(&story, "runtime.mbox.meta.json");
        let mut sidecar = Sidecar::parse(&fs::read(&path).unwrap()).unwrap();
        sidecar.bundle = Some(Bundle { size_bytes: bundle.len() as u64, sha256: sha256(bundle) });
        fs::write(path, sidecar.to_json()).unwrap();
        story.apply(&captured, &["--exact"])
    };
    let before = snapshot(story.home.dir());
    with(b"").is(1).says("its head does not end");
    with(b"junk\n").is(1).says("is not one of a git bundle");
    with(b"# v3 git bundle\n@filter=blob:none\n\n").is(1).says("asks for what is not known");
    with(b"# v2 git bundle\n\nPACKxxxx").is(1).says("its pack is damaged");
    with(&good[..good.len() / 2]).is(1).says("damaged");
    let mut flipped = good.clone();
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    with(&flipped).is(1).says("is not taken");
    let bundle_of = |id: &BString| {
        let file = away.root().join("bent.bundle");
        away.git(&["update-ref", "refs/heads/bent", &id.to_string()]);
        away.git(&["bundle", "create", "-q", file.to_str().unwrap(), "bent", &format!("^{}", story.base)]);
        away.git(&["update-ref", "-d", "refs/heads/bent"]);
        fs::read(file).unwrap()
    };
    // A tree that no checkout may see, in a commit that nobody was shown.
    let blob = away.git(&["rev-parse", "HEAD:a.txt"]);
    let raw = [b"40000 .git\0", &tree_of_hook(away, &blob)[..]].concat();
    let tree = away.git_with(&["hash-object", "-t", "tree", "-w", "--stdin", "--literally"], &raw);
    let commit = away.git(&["commit-tree", "-m", "Bent", "-p", "HEAD", &tree.trim().to_str_lossy()]);
    with(&bundle_of(&commit)).is(1).says("is not taken").says("hasDotgit");
    // The commits of somebody else prove nothing.
    let other = away.git(&["commit-tree", "-m", "Other", "-p", &story.base.to_string(), "HEAD^{tree}"]);
    with(&bundle_of(&other)).is(1).says("has the parent");
    away.git(&["tag", "-a", "-m", "x", "v1", "HEAD"]);
    let tag = away.root().join("tag.bundle");
    away.git(&["bundle", "create", "-q", tag.to_str().unwrap(), "v1", &format!("^{}", story.base)]);
    with(&fs::read(tag).unwrap()).is(1).says("holds more than commits");
    unchanged(&before, &snapshot(story.home.dir()));
    story.home.git(&["config", "glue.maxInflated", "100"]);
    with(&good).is(1).says("inflates to more than 100 bytes");
    story.home.git(&["config", "--unset", "glue.maxInflated"]);
    with(&good).is(0).says("those of the sandbox (3 of 3)");
}

fn tree_of_hook(away: &Sandbox, blob: &BString) -> Vec<u8> {
    let tree = away.git_with(&["mktree"], format!("100644 blob {blob}\tconfig\n").as_bytes());
    let hex = tree.trim().to_str().unwrap().to_owned();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

impl Story {
    fn is_same_but_for_branch(&self) {
        assert_eq!(head(&self.home), head(&self.away));
        unchanged(&crate::trip::files(&self.away), &crate::trip::files(&self.home));
    }
}
