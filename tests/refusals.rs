//! What `git glue-apply` refuses, and that it leaves the repository as it was then, to the byte: files, index, refs, objects.

use bstr::ByteSlice;
use git_glue::mbox::{Entry, Identity, Kind};
use git_glue::session::Sidecar;

use crate::sandbox::Sandbox;
use crate::trip::{ID, Parts, Run, Trip, apply_in, apply_piped, each_git, snapshot, unchanged};

/// One commit and one untracked file.
fn small(trip: &Trip) {
    trip.away.write("a.txt", trip.away.read("a.txt").replace("line 3\n", "line three\n"));
    trip.away.write("new/file", "new\n");
    trip.away.commit("One\n");
    trip.away.write("untracked", "untracked\n");
    trip.capture();
}

/// Applies, and requires that it was refused with that word for programs, and that nothing has moved.
#[track_caller]
fn refused(trip: &Trip, kind: &str) -> Run {
    refused_in(&trip.home, &[ID], kind)
}

#[track_caller]
fn refused_in(place: &Sandbox, args: &[&str], kind: &str) -> Run {
    let before = snapshot(place.dir());
    for args in [args.to_vec(), [&["--check"], args].concat(), [&["--json"], args].concat()] {
        let run = apply_in(place, &args);
        run.is(1);
        unchanged(&before, &snapshot(place.dir()));
        if args[0] == "--json" {
            assert_eq!(run.json()["error"]["kind"], kind, "{}", run.out);
        }
    }
    let run = apply_in(place, args);
    run.is(1).says("error: ");
    run
}

#[test]
fn no_repository() {
    let trip = Trip::new();
    small(&trip);
    let nowhere = trip.home.at("nowhere");
    refused_in(&nowhere, &[ID], "not-a-repository").says("not in a git repository").says("--target <dir>");
    refused_in(&nowhere, &["--target", "../no such", ID], "not-a-directory");
}

#[test]
fn no_commit_yet() {
    let trip = Trip::new();
    small(&trip);
    let empty = trip.home.at("empty");
    empty.init(&[]);
    refused_in(&empty, &[ID], "unborn-head").says("no commit yet");
}

#[test]
fn a_commit_that_is_missing() {
    let trip = Trip::new();
    small(&trip);
    let emptied = trip.home.at("emptied");
    emptied.init(&[]);
    emptied.write("file", "content");
    let commit = emptied.commit("whose objects are lost");
    std::fs::remove_dir_all(emptied.path(".git/objects")).unwrap();
    std::fs::create_dir(emptied.path(".git/objects")).unwrap();
    refused_in(&emptied, &[ID], "object").says(&format!("object {commit}: HEAD names it")).says("git fsck");
}

#[test]
fn nobody_to_commit_as() {
    each_git(|trip| {
        small(&trip);
        trip.home.git(&["config", "user.useConfigOnly", "true"]);
        let before = snapshot(trip.home.dir());
        let mut command = trip.home.command("git-glue-apply");
        command.arg(ID).env_remove("GIT_COMMITTER_NAME").env_remove("GIT_COMMITTER_EMAIL");
        Run::from(command.output().unwrap()).is(1).says("git does not know who you are").says("user.email");
        unchanged(&before, &snapshot(trip.home.dir()));
    });
}

#[test]
fn a_branch_that_is_taken() {
    let trip = Trip::new();
    small(&trip);
    trip.home.git(&["branch", "glue/s1"]);
    refused(&trip, "branch-taken").says("git glue-apply --branch");
    for name in ["glue", "glue/s1/more"] {
        let trip = Trip::new();
        small(&trip);
        trip.home.git(&["branch", name]);
        refused(&trip, "branch-taken").says(&format!("'{name}'")).says("git glue-apply --branch");
    }
    for name in ["-x", "a..b", "x.lock", "HEAD@{1}", ""] {
        refused_in(&trip.home, &[&format!("--branch={name}"), ID], "branch-name");
    }
}

#[test]
fn files_in_the_way() {
    let story = |prepare: &dyn Fn(&Trip), says: &str| {
        let trip = Trip::new();
        small(&trip);
        prepare(&trip);
        refused(&trip, "in-the-way").says(says).says("--worktree");
    };
    story(&|trip| trip.home.write("a.txt", "mine\n"), "a.txt (has changes that are not committed)");
    story(&|trip| std::fs::remove_file(trip.home.path("a.txt")).unwrap(), "a.txt");
    for bit in ["--assume-unchanged", "--skip-worktree"] {
        let hidden = |trip: &Trip| {
            trip.home.git(&["update-index", bit, "a.txt"]);
            trip.home.write("a.txt", "mine, and hidden from git\n");
        };
        story(&hidden, "a.txt (has changes that are not committed)");
    }
    story(&|trip| trip.home.write("untracked", "mine\n"), "untracked (is not tracked)");
    story(&|trip| trip.home.write("new/file", "mine\n"), "new/file (is not tracked)");
    story(&|trip| trip.home.write("new", "mine\n"), "new (is not a folder)");
    story(&|trip| trip.home.write("untracked/deep/mine", "mine\n"), "untracked/deep/mine (is not tracked)");
    story(&|trip| std::os::unix::fs::symlink("dir", trip.home.path("new")).unwrap(), "new (is not a folder)");
    story(&|trip| std::os::unix::fs::symlink("/etc", trip.home.path("new")).unwrap(), "new (is not a folder)");
    story(&|trip| std::os::unix::fs::symlink("nowhere", trip.home.path("untracked")).unwrap(), "untracked");
    story(
        &|trip| {
            trip.home.write(".git/info/exclude", "untracked\n");
            trip.home.write("untracked", "ignored, and mine\n");
        },
        "untracked (is not tracked)",
    );
    story(
        &|trip| {
            trip.home.write("mine", "mine\n");
            std::os::unix::fs::symlink("mine", trip.home.path("untracked")).unwrap();
        },
        "untracked",
    );
}

#[test]
fn a_tracked_folder_that_became_a_link_is_not_written_through() {
    each_git(|trip| {
        trip.away.write("dir/x.txt", "changed away\n");
        trip.away.commit("One\n");
        trip.capture();
        let outside = trip.home.at("outside");
        outside.write("x.txt", "x\n");
        outside.write("y.txt", "y\n");
        std::fs::remove_dir_all(trip.home.path("dir")).unwrap();
        std::os::unix::fs::symlink("../outside", trip.home.path("dir")).unwrap();
        let before = snapshot(outside.dir());
        refused(&trip, "in-the-way").says("dir");
        unchanged(&before, &snapshot(outside.dir()));
    });
}

#[test]
fn files_that_are_there_already_as_they_will_be_are_not_in_the_way() {
    let trip = Trip::new();
    small(&trip);
    trip.home.write("untracked", "untracked\n");
    trip.home.write("new/file", "new\n");
    trip.home.write("a.txt", trip.away.read("a.txt"));
    trip.applied(&[]);
    trip.same();
}

#[test]
fn something_else_in_progress_which_is_kept() {
    each_git(|trip| {
        small(&trip);
        let home = &trip.home;
        home.git(&["checkout", "-q", "-b", "side"]);
        home.write("a.txt", "side\n");
        home.commit("Side\n");
        let patch = home.git_with(&["format-patch", "--stdout", "-1"], b"");
        home.git(&["checkout", "-q", "main"]);
        home.write("a.txt", "main\n");
        home.commit("Main\n");
        let stories: [(&str, &[&str]); 5] = [
            ("am", &["am", "-q", "--3way", "../side.patch"]),
            ("rebase", &["rebase", "side"]),
            ("merge", &["merge", "side"]),
            ("cherry-pick", &["cherry-pick", "side"]),
            ("revert", &["revert", "HEAD~1"]),
        ];
        home.at("").write("side.patch", &patch);
        for (name, start) in stories {
            home.try_git(start);
            refused(&trip, "in-progress").says(&format!("`git {name}` is in progress")).says("--worktree <path>");
            home.git(&[name, "--abort"]);
        }
        home.git(&["bisect", "start"]);
        refused(&trip, "in-progress").says("git bisect reset");
    });
}

#[test]
fn an_apply_elsewhere_does_not_mind_what_is_in_progress() {
    let trip = Trip::new();
    small(&trip);
    trip.home.git(&["bisect", "start"]);
    let before = trip.home.git(&["status"]);
    trip.applied(&["--worktree", "../other"]);
    assert_eq!(trip.home.git(&["status"]), before);
}

#[test]
fn an_index_that_is_not_free() {
    let trip = Trip::new();
    small(&trip);
    trip.home.write("mine", "staged\n");
    trip.home.git(&["add", "mine"]);
    refused(&trip, "staged").says("mine").says("--worktree");
    trip.home.git(&["reset", "-q", "--hard"]);
    trip.home.write(".git/index.lock", "");
    refused(&trip, "index-locked").says("index.lock");
    std::fs::remove_file(trip.home.path(".git/index.lock")).unwrap();
    let blob = trip.home.git(&["rev-parse", "HEAD:b.txt"]);
    let unmerged = format!("0 {0}\tb.txt\n100644 {blob} 1\tb.txt\n100644 {blob} 2\tb.txt\n", "0".repeat(40));
    trip.home.git_with(&["update-index", "--index-info"], unmerged.as_bytes());
    refused(&trip, "staged").says("b.txt");
}

#[test]
fn a_capture_that_is_not_whole() {
    let trip = Trip::new();
    small(&trip);
    let session = trip.capture();
    let mbox = std::fs::read(session.path("runtime.mbox")).unwrap();
    let file = trip.home.at("");
    // A changed byte that the hash tells of.
    std::fs::write(session.path("runtime.mbox"), mbox.replace("three", "THREE")).unwrap();
    refused(&trip, "corrupt-capture").says("its SHA-256 is");
    // Cut anywhere, without a sidecar to tell.
    for end in [1, mbox.len() / 3, mbox.len() / 2, mbox.len() - 20] {
        file.write("cut.mbox", &mbox[..end]);
        refused_in(&trip.home, &["../cut.mbox"], "corrupt");
    }
    // The last mail missing altogether.
    let last = mbox.rfind("\nFrom 0000").unwrap() + 1;
    file.write("cut.mbox", &mbox[..last]);
    refused_in(&trip.home, &["../cut.mbox"], "corrupt").says("announces 2 entries and holds 1");
    file.write("empty.mbox", "");
    apply_in(&trip.home, &["../empty.mbox"]).is(4);
    apply_piped(&trip.home, &["-"], b"").is(4).says("nothing arrived");
    apply_piped(&trip.home, &["-"], b"ssh: connect to host box port 22: Connection refused\n").is(1);
}

#[test]
fn a_truncated_capture_has_a_status_of_its_own() {
    let trip = Trip::new();
    small(&trip);
    let mut parts = trip.parts();
    let mbox = parts.mbox();
    let half = &mbox[..mbox.len() / 2];
    parts.sidecar = Sidecar { truncated: true, sha256: None, ..parts.sidecar };
    trip.save(half, &parts.sidecar);
    let before = snapshot(trip.home.dir());
    trip.apply(&[]).is(5);
    unchanged(&before, &snapshot(trip.home.dir()));
}

/// A capture that lies about itself, with a sidecar that vouches for the lie.
#[track_caller]
fn lie(bend: impl Fn(&Trip, &mut Parts), says: &str) {
    for git in crate::sandbox::gits() {
        let trip = Trip::with_git(&git, &[]);
        small(&trip);
        trip.capture_with(|parts| bend(&trip, parts));
        refused(&trip, "corrupt").says(says);
    }
}

#[test]
fn a_capture_that_contradicts_itself() {
    let tree = |trip: &Trip| trip.away.git(&["rev-parse", "HEAD:dir"]);
    lie(|trip, parts| parts.entries[0].0.tree = Some(tree(trip)), "does not come out at the tree that it names");
    lie(|trip, parts| parts.entries[1].0.tree = Some(tree(trip)), "entry 2");
    lie(|_, parts| forge(parts, 0, "+line three", "+line THREE"), "'a.txt'");
    lie(|_, parts| forge(parts, 0, "+new", "+bad"), "'new/file'");
    lie(|_, parts| parts.sidecar.entries = Some(3), "announces 3 entries and holds 2");
}

/// Puts one text for another in the diff of an entry.
fn forge(parts: &mut Parts, entry: usize, from: &str, to: &str) {
    let diff = &mut parts.entries[entry].1;
    assert!(diff.contains_str(from), "{}", diff.as_bstr());
    *diff = diff.replace(from, to);
}

#[test]
fn ids_of_another_kind() {
    let git = &crate::sandbox::gits()[0];
    for (format, other) in [("sha256", "sha1"), ("sha1", "sha256")] {
        let trip = Trip::with_git(git, &[&format!("--object-format={format}")]);
        small(&trip);
        let elsewhere = trip.home.at("elsewhere");
        elsewhere.init(&[&format!("--object-format={other}")]);
        elsewhere.commit_index("Base\n");
        refused_in(&elsewhere, &[ID], "object-format").says(&format!("are {format}, this repository's are {other}"));
        trip.applied(&[]);
        trip.same();
    }
}

#[test]
fn paths_that_must_not_land() {
    let paths: [&[u8]; 14] = [
        b"../escaped",
        b"a/../../escaped",
        b"./a",
        b"/tmp/escaped",
        b".git/hooks/post-checkout",
        b".GIT/config",
        b"dir/.git/config",
        b".git./x",
        b"git~1/config",
        b".g\xe2\x80\x8cit/config",
        b"a\\.git\\config",
        b".git::$INDEX_ALLOCATION/config",
        b"a//b",
        b"dir/",
    ];
    for path in paths {
        let trip = Trip::new();
        trip.capture_with(|parts| only(parts, vec![added(path, 0o100_644, b"evil\n")]));
        refused(&trip, "hostile-path").says("names the path");
    }
    let trip = Trip::new();
    trip.capture_with(|parts| only(parts, vec![added(b".gitmodules", 0o120_000, b"/etc/passwd")]));
    refused(&trip, "hostile-path").says("symbolic link");
}

#[test]
fn nothing_goes_through_a_link() {
    each_git(|trip| {
        let outside = trip.home.at("outside");
        let target = outside.dir().to_str().unwrap().as_bytes();
        let link = added(b"way", 0o120_000, target);
        let through = added(b"way/evil", 0o100_644, b"evil\n");
        let together = (link.0.clone(), [&link.1[..], &through.1[..]].concat());
        for entries in [vec![together], vec![link.clone(), through.clone()]] {
            trip.capture_with(|parts| only(parts, entries));
            refused(&trip, "hostile-path").says("way/evil").says("symbolic link");
            assert_eq!(snapshot(outside.dir()).len(), 0);
        }
    });
}

/// A capture of these entries.
fn only(parts: &mut Parts, entries: Vec<(Entry, Vec<u8>)>) {
    parts.sidecar.entries = Some(entries.len() as u64);
    parts.entries = entries;
}

/// A commit entry that adds one file.
fn added(path: &[u8], mode: u32, content: &[u8]) -> (Entry, Vec<u8>) {
    let quoted = |prefix: &str| {
        let path = [prefix.as_bytes(), path].concat();
        git_glue::patch::quote(path.as_bstr()).to_string()
    };
    let (old, new) = (quoted("a/"), quoted("b/"));
    let text = content.strip_suffix(b"\n").unwrap_or(content).as_bstr();
    let end = if content.ends_with(b"\n") { "" } else { "\n\\ No newline at end of file" };
    let diff = format!(
        "diff --git {old} {new}\nnew file mode {mode:o}\n--- /dev/null\n+++ {new}\n@@ -0,0 +1 @@\n+{text}{end}\n"
    );
    let author = Identity("Ann Author <author@example.org> 1700000000 +0100".into());
    let entry = Entry::new(Kind::Commit, author, "One\n".into());
    (entry, diff.into_bytes())
}

#[test]
fn binary_files_that_inflate_beyond_what_is_allowed() {
    // A delta of a few bytes, which makes 40,000.
    let large: Vec<u8> =
        (0..40_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).take(40_000).collect();
    let trip = Trip::new();
    trip.away.write("large", &large);
    trip.away.commit("Large\n");
    trip.away.write("large", [&large[..], b"\0more"].concat());
    trip.capture();
    trip.home.git(&["config", "glue.maxInflated", "70k"]);
    refused(&trip, "too-large").says("'large' has 40000").says("git config glue.maxInflated 286720");
    trip.home.git(&["config", "glue.maxInflated", "80008"]);
    refused(&trip, "too-large").says("'large' has 40005");
    trip.home.git(&["config", "glue.maxInflated", "80k"]);
    trip.applied(&[]);
    trip.same();
}
