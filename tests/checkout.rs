//! The two lanes on which a work tree is brought along: ours, where nothing is unusual, and git's. What comes out is the same.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::time::Duration;

use bstr::{BString, ByteSlice};

use crate::sandbox::Sandbox;
use crate::trip::{ID, Run, STATUS, Trip, files, snapshot, unchanged};

/// Which lane was taken.
#[derive(Debug, PartialEq, Eq)]
enum Lane {
    Ours,
    Gits,
}

/// From here on the sandbox's git notes what it is asked.
fn listen(trip: &Trip) {
    let git = trip.home.root().join("bin/git");
    let real = git.canonicalize().unwrap();
    std::fs::remove_file(&git).unwrap();
    let log = trip.home.root().join("asked");
    let script = format!("#!/bin/sh\necho \"$*\" >> '{}'\nexec '{}' \"$@\"\n", log.display(), real.display());
    let written = git.with_extension("sh");
    std::fs::write(&written, script).unwrap();
    std::fs::set_permissions(&written, std::fs::Permissions::from_mode(0o755)).unwrap();
    // By another process: what this one has open for writing, a child of another test may hold for a moment, and then it
    // cannot be run.
    assert!(std::process::Command::new("cp").arg("-p").arg(&written).arg(&git).status().unwrap().success());
}

/// Applies in `place`, below the place of the trip; how it went, and on which lane.
fn apply_at(place: &Sandbox, args: &[&str]) -> (Run, Lane) {
    let log = place.root().join("asked");
    let _ = std::fs::remove_file(&log);
    // Not through git, which would put its own folder before ours.
    let run: Run = place.command("git-glue-apply").args(args).arg(ID).output().unwrap().into();
    let asked = std::fs::read(&log).unwrap_or_default();
    let by_git = asked.lines().any(|line| line.contains_str("update-index -q --refresh"));
    (run, if by_git { Lane::Gits } else { Lane::Ours })
}

/// A copy of home in which git's lane is asked for.
fn twin(trip: &Trip) -> Sandbox {
    let place = trip.home.root().join("twin");
    let _ = std::fs::remove_dir_all(&place);
    let copied = std::process::Command::new("cp").arg("-a").arg(trip.home.dir()).arg(&place).status().unwrap();
    assert!(copied.success());
    let twin = trip.home.at("twin");
    twin.git(&["config", "glue.checkout", "git"]);
    twin
}

/// What a person sees of a place, and git of its index.
fn seen(place: &Sandbox) -> [BString; 3] {
    let questions: [&[&str]; 3] = [STATUS, &["ls-files", "-z", "--stage", "-v"], &["log", "-3", "--format=%T %s %d"]];
    questions.map(|question| place.git(question))
}

/// Applies on both lanes, which must be taken, and must come to the same.
#[track_caller]
fn both(trip: &Trip, args: &[&str]) -> Run {
    let twin = twin(trip);
    let (theirs, lane) = apply_at(&twin, args);
    assert_eq!(lane, Lane::Gits, "{}", theirs.err);
    let (ours, lane) = apply_at(&trip.home, args);
    assert_eq!(lane, Lane::Ours, "{}", ours.err);
    assert_eq!((ours.code, &ours.err), (theirs.code, &theirs.err));
    // Before `git status` could bring the index up to date.
    assert_eq!(stale(&trip.home), stale(&twin));
    unchanged(&files(&twin), &files(&trip.home));
    assert_eq!(seen(&trip.home), seen(&twin));
    trip.home.git(&["fsck", "--cache", "--no-dangling"]);
    ours
}

/// What git takes for changed by a look at names and times alone.
fn stale(place: &Sandbox) -> BString {
    let index = place.path(".git/index");
    let file = std::fs::File::open(&index).unwrap();
    let written = file.metadata().unwrap().modified().unwrap();
    // Far younger than the files, so that git takes their times at their word.
    file.set_modified(written + Duration::from_secs(1000)).unwrap();
    let stale = place.git(&["diff-files", "-z", "--name-status"]);
    file.set_modified(written).unwrap();
    stale
}

/// Changes of all kinds that are not for git alone: commits, then staged, unstaged and untracked work.
fn work(trip: &Trip) {
    let away = &trip.away;
    away.write("a.txt", away.read("a.txt").replace("line 3\n", "line three\n"));
    away.write("new/folder/file name", "new\n");
    away.git(&["mv", "b.txt", "renamed.txt"]);
    away.git(&["rm", "-q", "-r", "dir"]);
    away.commit("First\n");
    away.git(&["update-index", "--chmod=+x", "a.txt"]);
    std::fs::set_permissions(away.path("a.txt"), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::remove_file(away.path("link")).unwrap();
    std::os::unix::fs::symlink("new/folder", away.path("link")).unwrap();
    away.write("bin.dat", [7, 0, 255, 10, 13, 10, 0]);
    away.write(b"latin-\xe9", b"\xe9\xff\0");
    away.commit("Second\n");
    away.write("run.sh", "staged\n");
    away.write("staged-new", "staged\n");
    away.git(&["add", "run.sh", "staged-new"]);
    away.write("run.sh", "staged, then changed\n");
    away.write("bin.dat", "unstaged\r\n");
    away.write("un/tracked", "no final newline");
    std::fs::remove_file(away.path("renamed.txt")).unwrap();
}

#[test]
fn both_lanes_come_to_the_same() {
    for args in [&[][..], &["--in-place"], &["--commit-worktree"], &["--branch", "other"]] {
        let trip = Trip::new();
        listen(&trip);
        work(&trip);
        trip.capture();
        trip.home.write("mine", "untracked, and not in the way\n");
        both(&trip, args).is(0);
        let (undone, _) = apply_at(&trip.home, &["--undo"]);
        undone.is(0);
        assert_eq!(trip.home.git(&["status", "--porcelain"]), "?? mine");
        assert!(trip.home.path("dir/x.txt").is_file());
    }
}

#[test]
fn a_check_looks_as_an_apply_does_and_changes_nothing() {
    let trip = Trip::new();
    listen(&trip);
    work(&trip);
    trip.capture();
    let before = snapshot(trip.home.dir());
    let (run, lane) = apply_at(&trip.home, &["--check"]);
    run.is(0);
    assert_eq!(lane, Lane::Ours);
    unchanged(&before, &snapshot(trip.home.dir()));
    trip.home.write("a.txt", "changed\n");
    let (run, lane) = apply_at(&trip.home, &["--check"]);
    run.is(1).says("a.txt (has changes that are not committed)");
    assert_eq!(lane, Lane::Gits);
}

/// Random changes of a tree of a few folders, all of them of the kinds that land on our lane.
fn random_work(trip: &Trip, random: &mut fastrand::Rng) {
    let away = &trip.away;
    let steps = ["commit", "index", "worktree"];
    for step in steps {
        for _ in 0..random.usize(1..12) {
            let path: PathBuf = ["one", "two", "one/two", "x/y/z", "."][random.usize(..5)].into();
            let path = path.join(["f", "g", "h.txt", "i"][random.usize(..4)]);
            let file = away.dir().join(&path);
            match random.u8(..6) {
                0 => drop(std::fs::remove_file(&file)),
                1 if file.is_file() => {
                    let mode = if random.bool() { 0o755 } else { 0o644 };
                    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
                }
                2 => {
                    let _ = std::fs::remove_file(&file);
                    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                    std::os::unix::fs::symlink(random.u8(..3).to_string(), &file).unwrap();
                }
                _ => {
                    let _ = std::fs::remove_file(&file);
                    let text: String = (0..random.usize(..5)).map(|_| format!("{}\r\n", random.u8(..4))).collect();
                    away.write(path.to_str().unwrap(), text);
                }
            }
        }
        match step {
            "commit" => drop(away.commit("Some\n")),
            "index" => drop(away.git(&["add", "-A"])),
            _ => {}
        }
    }
}

#[test]
fn both_lanes_come_to_the_same_whatever_changed() {
    let mut random = fastrand::Rng::with_seed(3);
    let cases = std::env::var("GLUE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(4);
    for _ in 0..cases {
        let mut trip = Trip::new();
        random_work(&trip, &mut random);
        trip.base = trip.away.commit("Base of the rest\n");
        trip.home.git(&["pull", "-q", "--ff-only"]);
        listen(&trip);
        for _ in 0..random.usize(1..3) {
            random_work(&trip, &mut random);
        }
        trip.capture();
        if trip.apply(&["--check"]).code == 0 {
            both(&trip, &[]).is(0);
            assert_eq!(trip.home.git(STATUS), trip.away.git(STATUS));
        }
    }
}

/// Work of the person's own where the capture has been, or near it.
fn own_work(home: &Sandbox, random: &mut fastrand::Rng) {
    for _ in 0..random.usize(1..4) {
        let path = ["one/f", "two/g", "one/two/h.txt", "x/y/z/i", "f", "one", "x/y", "own"][random.usize(..8)];
        let file = home.path(path);
        let is_free = || file.parent().unwrap().is_dir() && !file.is_dir();
        match random.u8(..6) {
            0 => drop(std::fs::remove_file(&file)),
            1 if file.is_file() && !file.is_symlink() => {
                std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
            }
            2 if file.is_file() => drop(home.git(&["add", path])),
            3 if is_free() => {
                let _ = std::fs::remove_file(&file);
                std::os::unix::fs::symlink("mine", &file).unwrap();
            }
            4 if is_free() => {
                let _ = std::fs::remove_file(&file);
                std::fs::create_dir(&file).unwrap();
                std::fs::write(file.join("mine"), "mine\n").unwrap();
            }
            _ if is_free() => {
                let _ = std::fs::remove_file(&file);
                std::fs::write(&file, ["mine\n", "", "0\r\n"][random.usize(..3)]).unwrap();
            }
            _ => {}
        }
    }
}

#[test]
fn both_lanes_take_nothing_away_whatever_the_person_did() {
    let mut random = fastrand::Rng::with_seed(4);
    let cases = std::env::var("GLUE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(6);
    for case in 0..cases {
        let mut trip = Trip::new();
        random_work(&trip, &mut random);
        trip.base = trip.away.commit("Base of the rest\n");
        trip.home.git(&["pull", "-q", "--ff-only"]);
        listen(&trip);
        random_work(&trip, &mut random);
        trip.capture();
        own_work(&trip.home, &mut random);
        let twin = twin(&trip);
        let before = snapshot(trip.home.dir());
        let (theirs, _) = apply_at(&twin, &[]);
        let (ours, _) = apply_at(&trip.home, &[]);
        assert_eq!((ours.code, &ours.err), (theirs.code, &theirs.err), "case {case}");
        if ours.code == 1 {
            unchanged(&before, &snapshot(trip.home.dir()));
            continue;
        }
        assert_eq!(stale(&trip.home), stale(&twin), "case {case}");
        unchanged(&files(&twin), &files(&trip.home));
        assert_eq!(seen(&trip.home), seen(&twin), "case {case}");
    }
}

#[test]
fn a_submodule_goes_through_git_unless_it_stays() {
    for moves in [true, false] {
        let mut trip = Trip::new();
        listen(&trip);
        let gitlink = |commit: &str| {
            trip.away.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},sub")]);
        };
        gitlink(&trip.base.to_string());
        std::fs::create_dir(trip.away.path("sub")).unwrap();
        let base = trip.away.commit_index("A submodule\n");
        trip.home.git(&["pull", "-q", "--ff-only"]);
        trip.away.write("a.txt", "changed\n");
        trip.away.git(&["add", "a.txt"]);
        if moves {
            gitlink(&base.to_string());
        }
        let moved = trip.away.commit_index("Change\n");
        assert_ne!(moved, base);
        trip.base = base;
        trip.capture();
        let (run, lane) = apply_at(&trip.home, &[]);
        run.is(0);
        assert_eq!(lane, if moves { Lane::Gits } else { Lane::Ours });
        assert_eq!(trip.home.git(&["ls-files", "-s"]), trip.away.git(&["ls-files", "-s"]));
        assert_eq!(trip.home.read("a.txt"), "changed\n");
    }
}

#[test]
fn what_is_unusual_goes_through_git() {
    let settings = [
        ["core.autocrlf", "input"],
        ["core.eol", "crlf"],
        ["core.fileMode", "false"],
        ["core.ignoreCase", "true"],
        ["core.trustctime", "false"],
        ["core.checkStat", "minimal"],
        ["core.untrackedCache", "true"],
        ["core.splitIndex", "true"],
        ["core.sparseCheckout", "true"],
        ["feature.manyFiles", "true"],
        ["core.attributesFile", "~nobody/attributes"],
        ["glue.checkout", "git"],
    ];
    let story = |unusual: &dyn Fn(&Trip), expected: Lane, what: &str| {
        let trip = Trip::new();
        listen(&trip);
        trip.away.write("a.txt", "changed\n");
        trip.away.commit("Change\n");
        trip.capture();
        unusual(&trip);
        let (run, lane) = apply_at(&trip.home, &[]);
        run.is(0);
        assert_eq!(lane, expected, "{what}");
        assert_eq!(trip.home.read("a.txt"), "changed\n", "{what}");
        assert_eq!(trip.home.git(&["status", "--porcelain", "--untracked-files=no"]), "", "{what}");
    };
    for setting in settings {
        story(&|trip| drop(trip.home.git(&["config", setting[0], setting[1]])), Lane::Gits, setting[0]);
    }
    let attributes = |text: &'static str| move |trip: &Trip| trip.home.write(".git/info/attributes", text);
    story(&attributes("*.txt ident"), Lane::Gits, "attributes");
    story(&attributes("*.bin filter=x"), Lane::Ours, "attributes of other files");
    story(&attributes("* text=auto"), Lane::Ours, "text");
    story(&|trip| trip.home.write(".gitattributes", "a.txt ident\n"), Lane::Gits, "an untracked file of attributes");
    let filter = |trip: &Trip| {
        trip.home.git(&["config", "filter.lfs.clean", "cat"]);
        trip.home.git(&["config", "filter.lfs.smudge", "cat"]);
        trip.home.write(".git/info/attributes", "*.txt filter=lfs diff=lfs merge=lfs -text\n");
    };
    story(&filter, Lane::Gits, "large files");
    story(&|trip| drop(trip.home.git(&["update-index", "--split-index"])), Lane::Gits, "a split index");
    story(&|trip| drop(trip.home.git(&["sparse-checkout", "set", "dir"])), Lane::Gits, "a sparse checkout");
    story(&|trip| drop(trip.home.git(&["config", "core.fsmonitor", "/bin/false"])), Lane::Gits, "fsmonitor");
    story(&|trip| drop(trip.home.git(&["update-index", "--untracked-cache"])), Lane::Gits, "an untracked cache");
    story(&|trip| drop(trip.home.git(&["update-index", "--assume-unchanged", "b.txt"])), Lane::Ours, "marks elsewhere");
    story(&|trip| drop(trip.home.git(&["update-index", "--index-version", "4"])), Lane::Gits, "index version 4");
    story(&|trip| drop(trip.home.git(&["config", "index.skipHash", "true"])), Lane::Ours, "skipHash");
    story(&|trip| drop(trip.home.git(&["config", "core.fsync", "all"])), Lane::Ours, "fsync");
    story(&|trip| trip.home.write("dir/.git/HEAD", "x"), Lane::Ours, "a repository elsewhere");
}

#[test]
fn a_capture_that_brings_line_endings_goes_through_git() {
    let trip = Trip::new();
    listen(&trip);
    trip.away.write("dir/.gitattributes", "*.txt eol=crlf\n");
    trip.away.write("dir/x.txt", "changed\r\n");
    trip.away.commit("Change\n");
    trip.capture();
    let (run, lane) = apply_at(&trip.home, &[]);
    run.is(0);
    assert_eq!(lane, Lane::Gits);
    assert_eq!(trip.home.read("dir/x.txt"), "changed\r\n");
}

#[test]
fn a_refusal_is_in_the_same_words() {
    let obstacles: [&dyn Fn(&Sandbox); 7] = [
        &|home| home.write("a.txt", "changed\n"),
        &|home| home.write("un/tracked", "mine\n"),
        &|home| home.write("new", "a file\n"),
        &|home| std::os::unix::fs::symlink("/tmp", home.path("new")).unwrap(),
        &|home| drop(std::fs::remove_file(home.path("b.txt"))),
        &|home| home.write("new/.git/HEAD", "x\n"),
        &|home| {
            home.write("b.txt", "staged\n");
            home.git(&["add", "b.txt"]);
        },
    ];
    for obstacle in obstacles {
        let trip = Trip::new();
        listen(&trip);
        work(&trip);
        trip.capture();
        obstacle(&trip.home);
        let twin = twin(&trip);
        let before = snapshot(trip.home.dir());
        let (theirs, _) = apply_at(&twin, &[]);
        let (ours, _) = apply_at(&trip.home, &[]);
        ours.is(theirs.code);
        assert_eq!(ours.err, theirs.err);
        if ours.code == 1 {
            unchanged(&before, &snapshot(trip.home.dir()));
        }
    }
}

#[test]
fn the_folder_that_somebody_stands_in_stays() {
    let trip = Trip::new();
    listen(&trip);
    trip.away.git(&["rm", "-q", "-r", "dir"]);
    trip.away.commit("Without dir\n");
    trip.capture();
    let (run, lane) = apply_at(&trip.home.at("here/dir"), &[]);
    run.is(0);
    assert_eq!(lane, Lane::Ours);
    assert_eq!(std::fs::read_dir(trip.home.path("dir")).unwrap().count(), 0);
}

#[test]
fn an_index_as_young_as_its_files_is_not_made_to_look_older() {
    let trip = Trip::new();
    trip.away.write("a.txt", "changed\n");
    trip.away.commit("Change\n");
    trip.capture();
    let index = trip.home.path(".git/index");
    let young = trip.home.path("b.txt").metadata().unwrap().modified().unwrap();
    std::fs::File::open(&index).unwrap().set_modified(young).unwrap();
    let mode = 0o640;
    std::fs::set_permissions(&index, std::fs::Permissions::from_mode(mode)).unwrap();
    trip.applied(&[]);
    // git still compares the content of b.txt, which may have been changed within the same tick.
    assert!(index.metadata().unwrap().modified().unwrap() < young);
    assert_eq!(index.metadata().unwrap().mode() & 0o777, mode);
    assert_eq!(trip.home.git(&["diff-files"]), "");
}

#[test]
fn an_index_that_is_a_link_stays_one() {
    let trip = Trip::new();
    work(&trip);
    trip.capture();
    std::fs::rename(trip.home.path(".git/index"), trip.home.path(".git/elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere", trip.home.path(".git/index")).unwrap();
    listen(&trip);
    // A git that is at work locks what the link leads to.
    trip.home.write(".git/elsewhere.lock", "");
    apply_at(&trip.home, &[]).0.is(1).says("elsewhere.lock");
    std::fs::remove_file(trip.home.path(".git/elsewhere.lock")).unwrap();
    both(&trip, &[]).is(0);
    for place in [&trip.home, &trip.home.at("twin")] {
        assert_eq!(std::fs::read_link(place.path(".git/index")).unwrap(), PathBuf::from("elsewhere"));
        assert!(!place.path(".git/elsewhere.lock").exists());
    }
}
