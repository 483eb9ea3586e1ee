//! `git glue-capture` with real git: what it takes, what it says, what it leaves alone, and that all of it lands.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Stdio;
use std::time::{Duration, Instant};

use bstr::{BString, ByteSlice};
use git_glue::mbox::{Kind, Mbox};
use git_glue::session::{Sidecar, Store};

use crate::sandbox::{Sandbox, gits};
use crate::trip::{ID, Run, STATUS, Trip, each_git, files, snapshot, unchanged};

#[test]
fn everything_comes_home() {
    each_git(|trip| {
        work(&trip.away);
        captured(&trip, &[]).says("4 commits");
        trip.applied(&[]).says("trees match the sandbox");
        assert_eq!(files(&trip.home), files(&trip.away));
        assert_eq!(trip.home.git(STATUS), trip.away.git(STATUS));
        assert_eq!(trip.log(&trip.home, "HEAD"), trip.log(&trip.away, "HEAD"));
    });
}

#[test]
fn the_sandbox_stays_as_it_is() {
    each_git(|trip| {
        work(&trip.away);
        trip.away.write(".git/index.lock", "");
        let before = snapshot(trip.away.dir());
        captured(&trip, &[]).says("index.lock");
        captured(&trip, &["-o", "../out.mbox"]);
        unchanged(&before, &snapshot(trip.away.dir()));
    });
}

#[test]
fn no_configuration_of_the_sandbox_changes_a_capture() {
    each_git(|trip| {
        work(&trip.away);
        let plain = diffs(&trip);
        for (key, value) in HOSTILE {
            trip.away.git(&["config", key, value]);
        }
        trip.away.write(".git/info/attributes", "* diff=odd text eol=crlf filter=odd\n");
        trip.away.write("../everywhere", "*\n");
        trip.away.git(&["config", "core.worktree", &trip.home.dir().to_string_lossy()]);
        trip.away.write(".git/hooks/post-index-change", "#!/bin/sh\ntouch hooked\n");
        fs::set_permissions(trip.away.path(".git/hooks/post-index-change"), fs::Permissions::from_mode(0o755)).unwrap();
        let before = snapshot(trip.away.dir());
        assert_eq!(diffs(&trip), plain);
        unchanged(&before, &snapshot(trip.away.dir()));
    });
}

const HOSTILE: [(&str, &str); 24] = [
    ("color.ui", "always"),
    ("diff.external", "touch ran-external"),
    ("diff.noprefix", "true"),
    ("diff.mnemonicPrefix", "true"),
    ("diff.context", "0"),
    ("diff.renames", "false"),
    ("diff.algorithm", "patience"),
    ("diff.ignoreSubmodules", "all"),
    ("diff.odd.textconv", "touch ran-textconv; cat"),
    ("diff.odd.command", "touch ran-command"),
    ("diff.odd.binary", "true"),
    ("filter.odd.clean", "touch ran-clean; tr a-z A-Z"),
    ("filter.odd.required", "true"),
    ("format.attach", "true"),
    ("format.coverLetter", "true"),
    ("format.noprefix", "true"),
    ("core.quotePath", "false"),
    ("core.autocrlf", "true"),
    ("core.fileMode", "false"),
    ("core.attributesFile", "../attributes"),
    ("core.excludesFile", "../everywhere"),
    ("core.fsmonitor", "touch ran-fsmonitor"),
    ("core.untrackedCache", "true"),
    ("status.showUntrackedFiles", "no"),
];

#[test]
fn without_a_bootstrap_there_is_no_capture() {
    each_git(|trip| {
        trip.away.write("new", "new\n");
        let text = "Runtime workspace diff unavailable (noBootstrapSha): runtime did not record a bootstrap commit \
                    (resumed sandbox?); commit changes inside the sandbox before exiting to preserve them";
        capture(&trip.away, &["--runtime", "sprites"]).is(4).says(text);
        for args in [&[][..], &["-o", "-"], &["-q"], &["--session", "s9"]] {
            let run = capture(&trip.away, args);
            run.is(4).says(text).says("hint: git glue-capture --begin").says("--base=");
            assert_eq!(run.out, "");
        }
        let json = capture(&trip.away, &["--json"]);
        assert_eq!(json.is(4).json()["reason"], "noBootstrapSha");
        for runtime in ["host", "docker"] {
            let silent = capture(&trip.away, &["--runtime", runtime]);
            assert_eq!((silent.code, silent.out.len(), silent.err.len()), (4, 0, 0));
        }
        let json = capture(&trip.away, &["--runtime", "host", "--json"]);
        assert_eq!(json.is(4).json()["reason"], "notSupported");
        let run = capture(&trip.away, &["--base", "nothing"]);
        run.is(4).says("(gitFailed)").says("`nothing`").says("hint: git log").says_not("; commit changes");
        for option in ["--exclude", "--include-ignored"] {
            let run = capture(&trip.away, &["--base", "HEAD", option, ":(what)x"]);
            run.is(4).says("(gitFailed)").says("hint: --exclude").says("git help glossary");
        }
        let run = capture(&trip.away.at("nowhere"), &[]);
        run.is(4).says("(runtimeNotGit)").says("is not in a git repository\n").says_not("; commit changes");
        capture(&trip.away.at("away/.git"), &[]).is(4).says("(runtimeNotGit)");
        assert!(!trip.away.home().join(".glue").exists());
    });
}

#[test]
fn what_is_asked_for_goes_before_what_was_recorded() {
    let trip = Trip::new();
    let first = begin(&trip, &[]);
    trip.away.write("one", "1\n");
    let second = trip.away.commit("One\n");
    trip.away.write("two", "2\n");
    capture(&trip.away, &[]).is(0).says("1 commit, 1 file untracked").says(&first.to_string());
    capture(&trip.away, &["--base", "HEAD"]).is(0).says_not("commit").says("1 file untracked");
    let asked = trip.away.command("git-glue-capture").env("GLUE_BOOTSTRAP_SHA", second.to_string()).output().unwrap();
    Run::from(asked).is(0).says_not("1 commit").says("1 file untracked");
    let meta = Store::at(trip.away.home().join(".glue")).session(&first.to_string()).unwrap().meta().unwrap();
    assert_eq!(meta.runtime_bootstrap_sha, Some(second.to_string()));
    assert_eq!((meta.status(), meta.runtime()), ("running", "host"));
}

#[test]
fn an_unavailable_capture_leaves_the_older_one_and_marks_it() {
    let trip = Trip::new();
    trip.away.write("new", "new\n");
    captured(&trip, &[]);
    capture(&trip.away, &["--session", ID, "--base", "gone"]).is(4).says("marked as older");
    let sidecar = store(&trip).session(ID).unwrap().sidecar().unwrap();
    assert_eq!(sidecar.older.unwrap().reason, "gitFailed");
    captured(&trip, &[]);
    assert_eq!(store(&trip).session(ID).unwrap().sidecar().unwrap().older, None);
}

#[test]
fn nothing_changed_says_nothing_and_sets_an_older_capture_aside() {
    each_git(|trip| {
        let quiet = captured(&trip, &[]);
        assert_eq!((quiet.out.len(), quiet.err.len()), (0, 0));
        trip.away.write("new", "new\n");
        captured(&trip, &[]);
        fs::remove_file(trip.away.path("new")).unwrap();
        captured(&trip, &[]);
        let session = store(&trip).session(ID).unwrap();
        assert!(session.capture_file().is_none() && session.has_set_aside());
        let piped = captured(&trip, &["-o", "-"]);
        assert_eq!(piped.err, "");
        crate::trip::apply_piped(&trip.home, &["-"], &piped.out).is(0).says("nothing");
        captured(&trip, &["-o", "../it.mbox"]).says("../it.mbox holds a capture of nothing");
        assert_eq!(captured(&trip, &["-q", "-o", "../it.mbox"]).err, "");
    });
}

/// Amended, reset, another branch, an orphan, detached: what the host gets is what is there.
#[test]
fn history_may_have_been_rewritten() {
    type Story = fn(&Sandbox);
    let stories: [(&str, Story, bool); 6] = [
        ("amended", |away| drop(away.git(&["commit", "-q", "--amend", "-m", "Amended"])), true),
        ("reset", |away| drop(away.git(&["reset", "-q", "--hard", "HEAD~1"])), true),
        ("reset softly", |away| drop(away.git(&["reset", "-q", "--soft", "HEAD~1"])), true),
        (
            "another branch",
            |away| {
                away.git(&["checkout", "-q", "-b", "side", "HEAD~1"]);
                away.write("side", "side\n");
                away.commit("Side\n");
            },
            true,
        ),
        (
            "an orphan",
            |away| {
                away.git(&["checkout", "-q", "--orphan", "fresh"]);
                away.git(&["rm", "-q", "-r", "-f", "dir"]);
                away.commit("Fresh\n");
            },
            true,
        ),
        (
            "detached",
            |away| {
                away.git(&["checkout", "-q", "--detach"]);
                away.write("far", "far\n");
                away.commit("Far\n");
            },
            false,
        ),
    ];
    each_git(|trip| {
        trip.away.write("a.txt", "second\n");
        let base = trip.away.commit("Second\n");
        trip.home.git(&["pull", "-q"]);
        for (number, (name, story, is_rewritten)) in stories.iter().enumerate() {
            trip.away.git(&["checkout", "-q", "-f", "-B", "main", &base.to_string()]);
            trip.away.git(&["clean", "-q", "-f", "-d"]);
            story(&trip.away);
            trip.away.write("left", "uncommitted\n");
            let id = format!("rewritten-{number}");
            let run = capture(&trip.away, &["--session", &id, "--base", &base.to_string()]);
            assert_eq!(run.is(0).err.contains_str("is not on top of the bootstrap"), *is_rewritten, "{name}");
            trip.home.git(&["checkout", "-q", "-f", "main"]);
            trip.home.git(&["clean", "-q", "-f", "-d"]);
            crate::trip::apply_in(&trip.home, &[&id]).is(0).says("trees match the sandbox");
            assert_eq!(files(&trip.home), files(&trip.away), "{name}");
        }
    });
}

#[test]
fn a_branch_without_commits_is_captured_too() {
    for git in gits() {
        let away = Sandbox::with_git(&git);
        away.write("mine", "mine\n");
        let id = begin_in(&away, &[]);
        capture(&away, &[]).is(0).says_not("Captured");
        away.write("new", "new\n");
        away.git(&["add", "new"]);
        capture(&away, &[]).is(0).says("1 file staged").says_not("untracked");
        away.git(&["commit", "-q", "-m", "First"]);
        let run = capture(&away, &[]);
        run.is(0).says("1 commit").says_not("staged").says_not("untracked").says(&id.to_string());
    }
}

/// What was uncommitted when the agent began is not the agent's; where the agent went on with it, it is the preimage.
#[test]
fn dirt_of_before_is_not_captured() {
    each_git(|trip| {
        trip.away.write("a.txt", "my own\nwork\n");
        trip.away.write("b.txt", "staged\n");
        trip.away.git(&["add", "b.txt"]);
        trip.away.write("mine", "untracked\n");
        fs::remove_file(trip.away.path("dir/x.txt")).unwrap();
        let before = snapshot(trip.away.dir());
        let id = begin(&trip, &[]).to_string();
        let after = snapshot(trip.away.dir());
        let written = |path: &std::path::Path| path.starts_with(".git/objects") || path.starts_with(".git/refs/glue");
        assert!(after.iter().all(|(path, value)| written(path) || before.get(path) == Some(value)));
        let quiet = capture(&trip.away, &[]);
        assert_eq!((quiet.is(0).out.len(), quiet.err.len()), (0, 0));

        trip.away.write("theirs", "agent\n");
        trip.away.write("a.txt", "my own\nwork\nand theirs\n");
        capture(&trip.away, &[]).is(0).says("1 file not staged, 1 file untracked").says_not("commit");
        let mut mbox = opened(&trip, &id);
        let mut diff = String::new();
        mbox.diff(0).unwrap().read_to_string(&mut diff).unwrap();
        assert!(diff.contains("\n my own\n work\n+and theirs\n") && diff.contains("+agent"), "{diff}");
        assert!(mbox.preamble.objects.is_some());

        trip.home.write("a.txt", "my own\nwork\n");
        crate::trip::apply_in(&trip.home, &["--worktree", "../third", &id]);
    });
}

#[test]
fn what_the_index_hides_is_seen() {
    each_git(|trip| {
        let away = &trip.away;
        away.git(&["update-index", "--assume-unchanged", "a.txt"]);
        away.git(&["update-index", "--skip-worktree", "b.txt", "dir/y.txt"]);
        away.write("a.txt", "hidden\n");
        away.write("b.txt", "hidden too\n");
        fs::remove_file(away.path("dir/y.txt")).unwrap();
        away.write("announced", "later\n");
        away.git(&["add", "-N", "announced"]);
        captured(&trip, &[]).says("3 files not staged, 1 file untracked");
        let mbox = opened(&trip, ID);
        assert_eq!(mbox.entries.len(), 1);
        assert_eq!(mbox.entries[0].entry.intent_to_add, ["announced"]);
        trip.applied(&[]).says("trees match");
        assert_eq!(trip.home.read("b.txt"), "hidden too\n");
        assert!(!trip.home.path("dir/y.txt").exists());
    });
}

#[test]
fn split_and_sparse_indexes_work() {
    each_git(|trip| {
        trip.away.git(&["update-index", "--split-index"]);
        trip.away.write("dir/z.txt", "z\n");
        trip.away.git(&["add", "dir/z.txt"]);
        captured(&trip, &[]).says("1 file staged").says_not("not staged");
        trip.away.git(&["commit", "-q", "-m", "z"]);
        trip.away.git(&["sparse-checkout", "set", "--cone", "--sparse-index"]);
        assert!(!trip.away.path("dir/z.txt").exists());
        trip.away.write("a.txt", "changed\n");
        captured(&trip, &[]).says("1 commit, 1 file not staged\n");
        trip.applied(&[]).says("trees match");
        assert_eq!(trip.home.read("dir/z.txt"), "z\n");
    });
}

#[test]
fn an_unfinished_merge_is_captured_with_its_markers() {
    each_git(|trip| {
        let away = &trip.away;
        away.git(&["checkout", "-q", "-b", "side"]);
        away.write("b.txt", "side\n");
        away.write("clean", "from side\n");
        away.commit("Side\n");
        away.git(&["checkout", "-q", "main"]);
        away.write("b.txt", "main\n");
        away.commit("Main\n");
        assert!(!away.try_git(&["merge", "side"]).status.success());
        captured(&trip, &[])
            .says("a merge was begun")
            .says("conflicts are not resolved in b.txt")
            .says("side (1 commit)");
        trip.applied(&[]).says("trees match");
        assert_eq!(files(&trip.home), files(&trip.away));
        assert!(trip.home.read("b.txt").contains_str("<<<<<<<"));
    });
}

#[test]
fn what_cannot_be_carried_is_named() {
    each_git(|trip| {
        let away = &trip.away;
        let inner = trip.away.at("away/inner");
        inner.init(&[]);
        inner.write("file", "x\n");
        away.at("away/scaffold").init(&[]);
        away.write(".gitignore", "*.log\nout/\n");
        away.write("x.log", "x\n");
        away.write("out/y", "y\n");
        fs::create_dir(away.path("hollow")).unwrap();
        away.run("mkfifo", &["dir/pipe"]);
        away.write("a.txt", "stashed\n");
        away.git(&["stash", "-q", "--", "a.txt"]);
        away.git(&["branch", "kept"]);
        away.git(&["checkout", "-q", "-b", "elsewhere"]);
        away.write("b.txt", "elsewhere\n");
        away.git(&["commit", "-q", "-a", "-m", "Elsewhere"]);
        away.git(&["checkout", "-q", "main"]);
        away.git(&["worktree", "add", "-q", "../linked", "kept"]);
        away.git(&["worktree", "add", "-q", "--detach", "../tidy"]);
        away.write("../linked/new", "new\n");
        away.write("GIT~1/config", "x\n");
        away.write("plain", "plain\n");
        let run = captured(&trip, &[]);
        run.says("inner, scaffold (0 commits, 1 file; 0 commits, 0 files)")
            .says("elsewhere (1 commit)")
            .says_not("kept (");
        run.says("1 stash is not captured").says("2 ignored files and directories left out: out/, x.log");
        run.says("not captured: hollow")
            .says("not captured: dir/pipe")
            .says("linked")
            .says("git does not take GIT~1/config");
        let sidecar = store(&trip).session(ID).unwrap().sidecar().unwrap();
        let kinds: Vec<&str> = sidecar.warnings.iter().map(|warning| warning.kind.as_str()).collect();
        for kind in ["nested-repository", "other-branches", "stash", "ignored-files", "special-file", "empty-directory"]
        {
            assert!(kinds.contains(&kind), "{kind} in {kinds:?}");
        }
        trip.applied(&[]).says("hollow").says("trees match");
        assert_eq!(trip.home.read("plain"), "plain\n");
    });
}

#[test]
fn submodules_are_looked_at_and_named() {
    each_git(|trip| {
        let library = trip.away.at("library");
        library.init(&[]);
        library.write("lib", "1\n");
        library.commit("Library\n");
        for path in ["moved", "dirty", "clean"] {
            trip.away.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../library", path]);
        }
        let base = trip.away.commit("Submodules\n").to_string();
        trip.away.git(&["config", "diff.ignoreSubmodules", "all"]);
        trip.away.git(&["config", "submodule.dirty.ignore", "all"]);
        let moved = trip.away.at("away/moved");
        moved.write("lib", "2\n");
        moved.commit("Moved\n");
        trip.away.write("dirty/new", "new\n");
        let run = capture(&trip.away, &["--session", ID, "--base", &base]);
        run.is(0)
            .says("uncommitted work, which is not captured: dirty (")
            .says("commit changed")
            .says("not captured: moved");
        assert_eq!(opened(&trip, ID).entries.len(), 1);
    });
}

#[test]
fn a_huge_file_is_told_of_at_once_and_can_be_left_out() {
    each_git(|trip| {
        File::create(trip.away.path("huge one")).unwrap().set_len(2 << 30).unwrap();
        trip.away.write("small", "small\n");
        let start = Instant::now();
        let run = capture(&trip.away, &["--session", ID, "--base", &trip.base.to_string()]);
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        run.is(5).says("2 GB  huge one").says("'--exclude=huge one'");
        let session = store(&trip).session(ID).unwrap();
        let file = session.capture_file().unwrap();
        assert!(file.truncated && session.sidecar().unwrap().truncated);
        let bytes = fs::read(&file.path).unwrap();
        assert!(
            bytes.ends_with(b" bytes, cap is 52428800 >>>\n")
                && bytes.contains_str("\n<<< truncated: original was over ")
        );
        trip.apply(&[]).is(5);
        again(&trip, &run).is(0).says("1 file untracked").says("left out by --exclude").says_not("5 GB");
        trip.applied(&[]).says("huge one");
        captured(&trip, &["--omit-larger-than=1m"]).says("larger than --omit-larger-than").says("huge one");
    });
}

#[test]
fn a_cap_holds_for_commits_too() {
    each_git(|trip| {
        trip.away.write("fine", "fine\n");
        trip.away.commit("Fine\n");
        trip.away.write("node_modules/big.bin", noise(300_000));
        trip.away.write("node_modules/small.js", "small\n");
        trip.away.write("kept", "kept\n");
        trip.away.commit("Too much\n");
        trip.away.write("later", "later\n");
        let base = trip.base.to_string();
        let run = capture(&trip.away, &["--session", ID, "--base", &base, "--cap=100k"]);
        run.is(5).says("node_modules/big.bin").says("--exclude=node_modules/big.bin");
        assert!(store(&trip).session(ID).unwrap().capture_file().unwrap().size < 101 << 10);
        again(&trip, &run).is(0).says("2 commits").says("left out by --exclude: node_modules/big.bin");
        trip.applied(&[]).says("trees match the sandbox");
        assert!(trip.home.path("node_modules/small.js").exists() && !trip.home.path("node_modules/big.bin").exists());
        assert_eq!(trip.home.git(&["status", "--porcelain"]), "?? later");

        // Many small contents that only together are too much.
        for number in 0..40 {
            trip.away.write(format!("target/{number}"), noise(5_000 + number));
        }
        let run = capture(&trip.away, &["--session", ID, "--base", &base, "--cap=100k", "--exclude=node_modules"]);
        run.is(5).says("--exclude=target");
        assert!(store(&trip).session(ID).unwrap().capture_file().unwrap().size < 101 << 10);
    });
}

#[test]
fn a_capture_goes_to_a_file_or_through_a_pipe() {
    each_git(|trip| {
        work(&trip.away);
        captured(&trip, &["-o", "../out.mbox"]).says("git glue-apply ../out.mbox");
        let sidecar = Sidecar::parse(&trip.away.read("../out.mbox.meta.json")).unwrap();
        assert_eq!(sidecar.size_bytes, fs::metadata(trip.away.path("../out.mbox")).unwrap().len());
        assert!(!trip.away.home().join(".glue").exists());
        let piped = captured(&trip, &["-o", "-"]);
        crate::trip::apply_piped(&trip.home, &["-"], &piped.out).is(0).says("trees match");
        assert_eq!(files(&trip.home), files(&trip.away));
        capture(&trip.away, &["-o", "-", "--json"]).is(2);
    });
}

#[test]
fn bytes_that_git_would_convert_arrive_as_they_are() {
    each_git(|trip| {
        trip.away.write(
            ".gitattributes",
            "*.txt text\n*.win text eol=crlf\n*.utf16 working-tree-encoding=UTF-16LE\n*.id ident\n",
        );
        trip.away.write("mixed.txt", "a\r\nb\n");
        trip.away.write("right.win", "a\r\nb\r\n");
        trip.away.write("wrong.win", "a\nb\n");
        trip.away.write("right.utf16", b"a\0\n\0");
        trip.away.write("wrong.utf16", b"odd");
        trip.away.write("keyword.id", "$Id: mine $\n");
        captured(&trip, &[]);
        let mbox = opened(&trip, ID);
        let verbatim = &mbox.entries[0].entry.verbatim;
        for path in ["mixed.txt", "wrong.win", "wrong.utf16", "keyword.id"] {
            assert!(verbatim.contains(&path.into()), "{path} in {verbatim:?}");
        }
        assert!(!verbatim.contains(&"right.win".into()) && !verbatim.contains(&"right.utf16".into()));
        trip.applied(&[]).says("trees match");
        assert_eq!(files(&trip.home), files(&trip.away));
    });
}

#[test]
fn lfs_files_are_told_from_their_pointers() {
    each_git(|trip| {
        let away = &trip.away;
        let pointer = |bytes: &[u8]| {
            let hash = crate::trip::sha256(bytes);
            format!("version https://git-lfs.github.com/spec/v1\noid sha256:{hash}\nsize {}\n", bytes.len())
        };
        away.write(".gitattributes", "*.big filter=lfs diff=lfs merge=lfs -text\n");
        away.write("same.big", pointer(b"same"));
        away.write("other.big", pointer(b"before"));
        let base = away.commit("Pointers\n").to_string();
        away.write("same.big", "same");
        away.write("other.big", "after");
        away.write("third.big", pointer(b"third"));
        away.git(&["add", "third.big"]);
        let run = capture(away, &["--session", ID, "--base", &base]);
        run.is(0).says("1 file staged, 1 file not staged\n").says("full content, not as a pointer: other.big");
        run.says("committed as a Git LFS pointer").says("third.big");
    });
}

#[test]
fn it_works_wherever_git_does() {
    for git in gits() {
        let trip = Trip::with_git(&git, &["--object-format=sha256"]);
        work(&trip.away);
        captured(&trip, &[]);
        trip.applied(&[]).says("trees match");

        let trip = Trip::with_git(&git, &[]);
        trip.away.write("a.txt", "second\n");
        trip.away.commit("Second\n");
        let url = format!("file://{}", trip.away.dir().display());
        trip.away.git(&["clone", "-q", "--depth=1", &url, "../shallow"]);
        let shallow = trip.away.at("shallow");
        shallow.write("dir/new", "new\n");
        begin_in(&shallow, &[]);
        shallow.write("deep/er", "er\n");
        shallow.commit("On a shallow clone\n");
        let run = capture(&shallow.at("shallow/dir"), &["-o", "../../shallow.mbox"]);
        run.is(0).says("1 commit").says_not("untracked");

        trip.away.git(&["worktree", "add", "-q", "../linked", "-b", "linked"]);
        let linked = trip.away.at("linked");
        let id = begin_in(&linked, &[]);
        linked.write("here", "here\n");
        capture(&linked, &[]).is(0).says(&id.to_string()).says("1 file untracked");
        let other = capture(&trip.away, &["--json"]);
        assert_eq!(other.is(4).json()["reason"], "noBootstrapSha");
    }
}

/// A bootstrap commit that a sandbox runtime made up: the host lacks its blobs, so they travel.
#[test]
fn preimages_travel_when_the_bootstrap_has_no_history() {
    let trip = Trip::new();
    trip.away.write("a.txt", "changed\n");
    captured(&trip, &[]);
    let pack = opened(&trip, ID).preamble.objects.unwrap();
    assert!(pack.starts_with(b"PACK"));
    trip.away.commit("Second\n");
    trip.away.write("a.txt", "again\n");
    capture(&trip.away, &["--session", ID, "--base", "HEAD"]).is(0);
    assert_eq!(opened(&trip, ID).preamble.objects, None);
}

#[test]
fn ignored_files_can_be_taken_along() {
    let trip = Trip::new();
    trip.away.write(".gitignore", "/out/\n*.log\n");
    trip.away.write("out/wanted", "w\n");
    trip.away.write("x.log", "x\n");
    captured(&trip, &["--include-ignored=out"])
        .says("2 files untracked")
        .says("1 ignored file or directory left out: x.log\nhint: --include-ignored=<pathspec> takes ");
    captured(&trip, &["-q", "--include-ignored=out"]).says("left out: x.log").says_not("hint");
    trip.applied(&[]).says("left out: x.log").says_not("--include-ignored");
    let shown = Run::from(trip.away.command("git-glue-show").arg(ID).output().unwrap());
    shown.is(0).says("left out: x.log\n").says_not("--include-ignored");
    for number in 0..4 {
        trip.away.write(format!("{number}.log"), "x\n");
    }
    captured(&trip, &["--include-ignored=out"]);
    let shown = Run::from(trip.away.command("git-glue-show").arg(ID).output().unwrap());
    shown.is(0).says("left out: 0.log, 1.log, 2.log and 2 more; also 3.log, x.log\n");
    trip.applied(&[]);
    assert_eq!(trip.home.read("out/wanted"), "w\n");
}

#[test]
fn the_runtime_and_where_it_all_came_from_are_noted() {
    let trip = Trip::new();
    trip.away.git(&["remote", "add", "origin", "https://me:secret@example.org/me/it.git"]);
    trip.away.write("new", "new\n");
    let mut command = trip.away.command("git-glue-capture");
    command
        .args(["--session", ID, "--base", &trip.base.to_string(), "--title", "It"])
        .env("DAYTONA_SANDBOX_ID", "sb-1");
    Run::from(command.output().unwrap()).is(0);
    let session = store(&trip).session(ID).unwrap();
    let sidecar = session.sidecar().unwrap();
    assert_eq!((sidecar.runtime_id.as_str(), sidecar.sandbox_id.as_deref()), ("daytona", Some("sb-1")));
    assert_eq!(sidecar.remote_url.as_deref(), Some("https://example.org/me/it.git"));
    assert_eq!((sidecar.title.as_deref(), sidecar.entries), (Some("It"), Some(1)));
    assert_eq!(session.meta().unwrap().title.as_deref(), Some("It"));
    assert!(!fs::read_to_string(session.path("runtime.mbox.meta.json")).unwrap().contains("secret"));
}

/// A file that is too large for the snapshot is known by size and time, and is the agent's only when those change.
#[test]
fn a_huge_file_of_before_is_not_the_agents() {
    each_git(|trip| {
        let huge = File::create(trip.away.path("huge")).unwrap();
        huge.set_len(1 << 30).unwrap();
        begin(&trip, &[]);
        assert_eq!(capture(&trip.away, &[]).is(0).err, "");
        trip.away.write("new", "new\n");
        capture(&trip.away, &[]).is(0).says("1 file untracked");
        huge.set_len(1 << 31).unwrap();
        capture(&trip.away, &[]).is(5).says("2 GB  huge");
    });
}

#[test]
fn its_own_temporary_files_are_no_work() {
    let trip = Trip::new();
    fs::create_dir(trip.away.path("tmp")).unwrap();
    trip.away.write("new", "new\n");
    let mut command = trip.away.command("git-glue-capture");
    command.args(["--session", ID, "--base", &trip.base.to_string()]).env("TMPDIR", trip.away.path("tmp"));
    let run = Run::from(command.output().unwrap());
    run.is(0).says("Changes   1 file untracked\n");
}

/// Without a home there is no store: none is made in the work tree.
#[test]
fn nothing_is_stored_in_the_work_tree() {
    let trip = Trip::new();
    trip.away.write("new", "new\n");
    let homeless = |args: &[&str]| -> Run {
        let mut command = trip.away.command("git-glue-capture");
        command.args(args).env("HOME", "").output().unwrap().into()
    };
    for args in [&["--base", "HEAD"][..], &["--begin"]] {
        let run = homeless(args);
        run.is(1).says("error: HOME is not set, so there is no session store").says("git glue-capture -o -");
    }
    assert!(!trip.away.path(".glue").exists());
    assert_eq!(trip.away.git(&["for-each-ref", "refs/glue"]), "");
    let piped = homeless(&["--base", "HEAD", "-o", "-"]);
    crate::trip::apply_piped(&trip.home, &["-"], &piped.is(0).out).is(0);
    assert_eq!(trip.home.read("new"), "new\n");
}

#[test]
fn a_store_in_the_work_tree_is_no_work() {
    let trip = Trip::new();
    trip.away.write("new", "new\n");
    let run = |home: &str, args: &[&str]| -> Run {
        let mut command = trip.away.command("git-glue-capture");
        command.args(args).env("GLUE_HOME", home).output().unwrap().into()
    };
    for home in [".", "here/store"] {
        run(home, &["--base", "HEAD"]).is(0);
        run(home, &["--base", "HEAD"]).is(0).says("Changes   1 file untracked\n").says_not("warning");
        for ours in ["sessions", "cache"] {
            fs::remove_dir_all(trip.away.path(ours)).unwrap_or_default();
        }
    }
    run("here/store", &["--begin"]).is(0).says("with 1 changed file ");
}

#[test]
fn the_file_that_a_capture_goes_to_is_no_work() {
    let trip = Trip::new();
    trip.away.write("new", "new\n");
    captured(&trip, &["-o", "one.mbox"]).says("1 file untracked\n");
    captured(&trip, &["-o", "one.mbox"]).says("1 file untracked\n").says_not("warning");
    let linked = trip.away.path("two.mbox");
    symlink("new", &linked).unwrap();
    captured(&trip, &["-o", "two.mbox"])
        .says("1 file untracked\n")
        .says("an earlier capture, so not captured: one.mbox\n");
    trip.away.write("one.mbox", "mine\n");
    captured(&trip, &["-o", "two.mbox"]).says("3 files untracked\n");
}

#[test]
fn any_id_begins_and_is_found_again() {
    let trip = Trip::new();
    let id = begin(&trip, &["--session", ".odd..id.lock"]);
    trip.away.write("new", "new\n");
    capture(&trip.away, &[]).is(0).says(&id.to_string());
    capture(&trip.away, &["--session", ".odd..id.lock"]).is(0).says(&id.to_string());
}

#[test]
fn what_names_no_session_is_refused() {
    let trip = Trip::new();
    for id in ["a b", "a/b", "..", "", "\u{fc}"] {
        for args in [&["--begin", "--session", id][..], &["--session", id, "--base", "HEAD"]] {
            capture(&trip.away, args).is(2).says(&format!("`{id}` is not a session id"));
        }
    }
    assert_eq!(trip.away.git(&["for-each-ref", "refs/glue"]), "");
}

#[test]
fn beginning_again_is_said() {
    let trip = Trip::new();
    let first = begin(&trip, &[]).to_string();
    let run = capture(&trip.away, &["--begin"]);
    run.is(0).says(&format!("no longer for {first}"));
    let second = run.out.trim().to_str_lossy().into_owned();
    assert_ne!(first, second);
    trip.away.write("new", "new\n");
    capture(&trip.away, &[]).is(0).says(&second);
    capture(&trip.away, &["--begin", "--session", &second]).is(0).says("begins anew");
    assert_eq!(capture(&trip.away, &["-q", "--begin", "--session", &second]).is(0).err, "");
    assert_eq!(capture(&trip.away, &[]).is(0).err, "");
}

#[test]
fn watching_ends_with_a_last_capture() {
    let trip = Trip::new();
    let mut command = trip.away.command("git-glue-capture");
    command.args(["--session", ID, "--base", &trip.base.to_string(), "--watch=600"]);
    trip.away.write("one", "1\n");
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut talk = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(talk.any(|line| line.unwrap().contains("1 file untracked")));
    trip.away.write("two", "2\n");
    trip.away.run("kill", &["-TERM", &child.id().to_string()]);
    assert!(talk.any(|line| line.unwrap().contains("2 files untracked")));
    assert!(child.wait().unwrap().success());
    trip.applied(&[]);
    assert_eq!(trip.home.read("two"), "2\n");
}

#[test]
fn watching_says_once_what_stays_as_it_is() {
    let trip = Trip::new();
    trip.away.write(".gitignore", "x.log\n");
    trip.away.write("x.log", "x\n");
    let mut command = trip.away.command("git-glue-capture");
    command.args(["--session", ID, "--base", &trip.base.to_string(), "--watch=1"]);
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut talk = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut until = |text: &str| -> Vec<String> {
        let mut lines = Vec::new();
        while lines.last().is_none_or(|line: &String| !line.contains(text)) {
            lines.push(talk.next().unwrap());
        }
        lines
    };
    let first = until("hint: at home");
    assert_eq!(first[0], "watching, every second; stop with Ctrl-C");
    assert!(first.iter().any(|line| line.contains("x.log")), "{first:?}");
    trip.away.write("two", "2\n");
    let second = until("hint: at home");
    assert!(!second.iter().any(|line| line.contains("warning")), "{second:?}");
    trip.away.write(".gitignore", "*.log\n");
    trip.away.write("y.log", "y\n");
    assert!(until("hint: at home").iter().any(|line| line.contains("y.log")));
    trip.away.run("kill", &["-TERM", &child.id().to_string()]);
    assert!(child.wait().unwrap().success());
    capture(&trip.away, &["--watch=0"]).is(2);
    assert!(trip.away.run("git-glue-capture", &["-h"]).contains_str("--watch[=<secs>]"));
}

#[test]
fn options_that_make_no_sense_are_told_in_words() {
    let trip = Trip::new();
    for (option, text) in [
        ("--cap=12x", "not a number of bytes"),
        ("--watch=x", "not a number of seconds"),
        ("--watch=0", "not a number of seconds, 1 or more"),
        ("--omit-larger-than=-1", "not a number of bytes"),
    ] {
        capture(&trip.away, &[option]).is(2).says(text).says_not("invalid digit");
    }
    trip.away.write("new", noise(8000));
    let run = capture(&trip.away, &["--base", "HEAD", "-o", "nowhere/it.mbox"]);
    run.is(1).says("error: cannot write nowhere/it.mbox: No such file or directory\n");
    let run = captured(&trip, &["--omit-larger-than", "1k"]);
    run.says("larger than --omit-larger-than, so not captured (7.8 KB in all): new");
    capture(&trip.away, &["--base", "HEAD", "--cap", "1k"]).is(5).says("cap of 1 KB").says("7.8 KB  new");
}

/// A terminal of its own comes from script(1), where that is there.
#[test]
fn a_terminal_gets_no_capture() {
    let trip = Trip::new();
    let Ok(run) = trip.away.command("script").args(["-qec", "git glue-capture --base HEAD -o -", "/dev/null"]).output()
    else {
        return;
    };
    Run::from(run).is(2).says("a capture is not written to a terminal");
}

/// What an agent does.
fn work(away: &Sandbox) {
    away.git(&["mv", "b.txt", "renamed by the agent.txt"]);
    away.write("bin.dat", [0, 9, 8, 255, 13, 10]);
    away.write("crlf", "one\r\ntwo\r\n");
    away.commit("[WIP] a subject\n\n---\ndiff --git a/x b/x\nFrom: Somebody <else@example.org>\n");
    away.commit("Nothing in it\n");
    away.git(&["checkout", "-q", "-b", "side"]);
    away.write("dir/side", "side\n");
    away.commit("Side\n");
    away.git(&["checkout", "-q", "main"]);
    away.write("dir/x.txt", "x\nmore\n");
    away.commit("Straight on\n");
    away.git(&["merge", "-q", "--no-ff", "-m", "A merge", "side"]);
    away.git(&["branch", "-q", "-D", "side"]);
    away.write("a.txt", "staged\n");
    away.write("gone after staging", "x\n");
    away.git(&["add", "a.txt", "gone after staging"]);
    fs::remove_file(away.path("gone after staging")).unwrap();
    away.write("a.txt", "staged\nand more, without a newline");
    away.write(b"odd \xff name\t\"q\"\n\\", b"latin-1 \xe9\n");
    away.write("-dash/nul", b"a\0b\r");
    away.write("empty", "");
    fs::remove_file(away.path("dir/y.txt")).unwrap();
    away.write("dir/y.txt/now a directory", "y\n");
    fs::remove_file(away.path("link")).unwrap();
    symlink("dir", away.path("link")).unwrap();
    fs::set_permissions(away.path("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
}

fn capture(place: &Sandbox, args: &[&str]) -> Run {
    place.command("git").arg("glue-capture").args(args).output().unwrap().into()
}

/// Captures everything since the base, and requires success.
fn captured(trip: &Trip, args: &[&str]) -> Run {
    let base = trip.base.to_string();
    let run = capture(&trip.away, &[&["--session", ID, "--base", &base], args].concat());
    run.is(0);
    run
}

fn begin(trip: &Trip, args: &[&str]) -> BString {
    begin_in(&trip.away, args)
}

fn begin_in(place: &Sandbox, args: &[&str]) -> BString {
    let run = capture(place, &[&["--begin"], args].concat());
    run.is(0).out.trim().into()
}

/// Types the command that the hint suggests into a shell.
fn again(trip: &Trip, run: &Run) -> Run {
    let (_, command) = run.err.split_once_str("goes away: ").unwrap();
    let command = ByteSlice::lines(command).next().unwrap().to_str_lossy().into_owned();
    trip.away.command("sh").args(["-c", &command]).output().unwrap().into()
}

fn store(trip: &Trip) -> Store {
    Store::at(trip.away.home().join(".glue"))
}

fn opened(trip: &Trip, id: &str) -> Mbox<File> {
    Mbox::open(File::open(store(trip).session(id).unwrap().path("runtime.mbox")).unwrap()).unwrap()
}

/// All that a capture says of the work: kinds, messages, trees, lists, diffs.
fn diffs(trip: &Trip) -> Vec<(Kind, BString, Option<BString>, BString)> {
    captured(trip, &[]);
    let mut mbox = opened(trip, ID);
    let mut all = Vec::new();
    for number in 0..mbox.entries.len() {
        let entry = mbox.entries[number].entry.clone();
        let mut diff = Vec::new();
        mbox.diff(number).unwrap().read_to_end(&mut diff).unwrap();
        all.push((entry.kind, entry.message, entry.tree, diff.into()));
    }
    assert!(!all.is_empty());
    all
}

/// Bytes that do not compress.
fn noise(count: usize) -> Vec<u8> {
    let mut state = count as u32 | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    (0..count).map(|_| next()).collect()
}
