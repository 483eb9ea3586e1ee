//! The host's configuration, attributes, filters and hooks cannot change what lands, and none of them runs.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use bstr::ByteSlice;

use crate::apply::work;
use crate::sandbox::{Sandbox, gits};
use crate::trip::{ID, STATUS, Trip, apply_in, each_git, files, snapshot, unchanged};

/// An executable that leaves a mark in `ran` when it runs, and fails.
fn trap(place: &Sandbox, path: &str) {
    let mark = place.root().join("ran");
    place.write(path, format!("#!/bin/sh\necho {path} >> '{}'\nexit 1\n", mark.display()));
    std::fs::set_permissions(place.path(path), std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[track_caller]
fn nothing_ran(place: &Sandbox) {
    let mark = std::fs::read(place.root().join("ran")).unwrap_or_default();
    assert_eq!(mark.as_bstr(), "");
}

/// What landed is what is away, by a git that sees none of the host's configuration.
#[track_caller]
fn same_bytes(trip: &Trip) {
    unchanged(&files(&trip.away), &files(&trip.home));
    assert_eq!(trip.log(&trip.home, "HEAD"), trip.log(&trip.away, "HEAD"));
    let index = ["ls-files", "--stage", "-z"];
    assert_eq!(trip.home.git(&index), trip.away.git(&index));
}

#[test]
fn settings_of_the_host_change_nothing() {
    let settings = [
        ("diff.noprefix", "true"),
        ("diff.external", "false"),
        ("diff.renames", "false"),
        ("diff.algorithm", "minimal"),
        ("format.attach", "x"),
        ("color.ui", "always"),
        ("core.autocrlf", "true"),
        ("core.autocrlf", "input"),
        ("core.eol", "crlf"),
        ("core.safecrlf", "true"),
        ("apply.whitespace", "fix"),
        ("apply.whitespace", "error"),
        ("apply.ignoreWhitespace", "change"),
        ("am.threeWay", "false"),
        ("am.keepcr", "false"),
        ("merge.renames", "false"),
        ("merge.conflictStyle", "diff3"),
        ("i18n.commitEncoding", "ISO-8859-1"),
        ("core.quotePath", "false"),
        ("core.untrackedCache", "true"),
        ("core.splitIndex", "true"),
        ("index.version", "4"),
        ("core.sharedRepository", "group"),
        ("core.fsmonitor", "/bin/false"),
        ("core.bigFileThreshold", "1"),
        ("core.compression", "0"),
        ("core.logAllRefUpdates", "false"),
        ("core.precomposeUnicode", "true"),
        ("status.showUntrackedFiles", "no"),
        ("core.trustctime", "false"),
        ("user.name", "  <Odd>\\\"  "),
        ("core.preloadIndex", "false"),
        ("transaction.x", "y"),
    ];
    for (key, value) in settings {
        let trip = Trip::new();
        work(&trip);
        trip.away.write("white", "space at the end \n\t \n\n\n");
        trip.away.write("crlf", "one\r\ntwo\r\n");
        trip.capture();
        trip.home.git(&["config", key, value]);
        trip.home.git(&["update-index", "--refresh"]);
        let run = trip.apply(&[]);
        assert_eq!(run.code, 0, "{key}={value}: {}", run.err);
        run.says("trees match");
        same_bytes(&trip);
        trip.applied(&["--undo"]);
        assert_eq!(trip.home.git(STATUS), "", "{key}={value}");
    }
}

#[test]
fn settings_on_the_command_line_change_nothing_either() {
    let trip = Trip::new();
    work(&trip);
    trip.capture();
    let args =
        ["-c", "core.autocrlf=true", "-c", "apply.whitespace=fix", "-c", "core.hooksPath=hooks", "glue-apply", ID];
    trip.home.git(&args);
    same_bytes(&trip);
}

#[test]
fn no_hook_runs() {
    each_git(|trip| {
        work(&trip);
        trip.capture();
        let hooks = [
            "applypatch-msg",
            "pre-applypatch",
            "post-applypatch",
            "pre-commit",
            "commit-msg",
            "prepare-commit-msg",
            "post-commit",
            "post-checkout",
            "post-merge",
            "pre-rebase",
            "post-rewrite",
            "reference-transaction",
            "post-index-change",
            "pre-auto-gc",
            "fsmonitor-watchman",
        ];
        for hook in hooks {
            trap(&trip.home, &format!(".git/hooks/{hook}"));
        }
        trip.applied(&[]);
        trip.applied(&["--undo"]);
        trip.applied(&["--worktree", "../other"]);
        nothing_ran(&trip.home);
    });
}

#[test]
fn hooks_that_the_capture_brings_do_not_run() {
    let trip = Trip::new();
    for hook in ["post-checkout", "post-applypatch", "reference-transaction", "post-index-change"] {
        trap(&trip.away, &format!(".husky/{hook}"));
    }
    trip.away.commit("Hooks\n");
    trip.capture();
    trip.home.git(&["config", "core.hooksPath", ".husky"]);
    trip.applied(&[]);
    same_bytes(&trip);
    nothing_ran(&trip.home);
}

/// A filter and drivers that the host has configured, each of which leaves a mark.
fn drivers(trip: &Trip) {
    trap(&trip.home, "../trap");
    let path = trip.home.path("../trap");
    let trap = path.to_str().unwrap();
    for key in ["filter.x.smudge", "filter.x.clean", "filter.x.process", "diff.x.command", "diff.x.textconv"] {
        trip.home.git(&["config", key, trap]);
    }
    trip.home.git(&["config", "filter.x.required", "true"]);
    trip.home.git(&["config", "merge.x.driver", &format!("{trap} %O %A %B")]);
}

#[test]
fn attributes_that_the_capture_brings_select_nothing() {
    each_git(|trip| {
        drivers(&trip);
        trip.away.write(".gitattributes", "* filter=x diff=x merge=x\n");
        trip.away.write("dir/y.txt", "new\n");
        trip.away.commit("Attributes\n");
        trip.away.write("a.txt", trip.away.read("a.txt").replace("line 3\n", "line three\n"));
        trip.away.commit("A change that must be merged\n");
        trip.capture();
        trip.home.write("a.txt", trip.home.read("a.txt").replace("line 5\n", "line five\n"));
        trip.home.commit("At home\n");
        trip.applied(&[]).says("merged");
        nothing_ran(&trip.home);
        assert!(trip.home.read("a.txt").contains_str("line three\nline 4\nline five\n"));
    });
}

#[test]
fn the_way_back_runs_no_filter_that_the_capture_selected() {
    let trip = Trip::new();
    trip.away.write(".gitattributes", "* filter=x diff=x merge=x\n");
    work(&trip);
    trip.capture();
    drivers(&trip);
    trip.applied(&[]);
    // Files that look changed are where git asks a clean filter.
    for path in ["a.txt", "bin.dat", "renamed.txt"] {
        let bytes = trip.home.read(path);
        trip.home.write(path, bytes);
    }
    trip.applied(&["--undo"]);
    nothing_ran(&trip.home);
}

#[test]
fn attributes_of_the_host_select_nothing() {
    for place in [".git/info/attributes", "../attributes"] {
        let trip = Trip::new();
        work(&trip);
        trip.capture();
        drivers(&trip);
        trip.home.write(place, "* text=auto eol=crlf diff=x merge=x\nun/* filter=x\nnew/* filter=x\n");
        trip.home.git(&["config", "core.attributesFile", trip.home.path("../attributes").to_str().unwrap()]);
        trip.applied(&[]);
        nothing_ran(&trip.home);
        same_bytes(&trip);
    }
}

#[test]
fn files_that_a_filter_of_the_persons_made_come_back_as_they_were() {
    let trip = Trip::new();
    trip.away.write("a.txt", "from the sandbox\n");
    trip.away.commit("One\n");
    trip.capture();
    trip.home.git(&["config", "filter.up.smudge", "tr a-z A-Z"]);
    trip.home.git(&["config", "filter.up.clean", "tr A-Z a-z"]);
    trip.home.write(".git/info/attributes", "*.txt filter=up\n");
    for path in ["a.txt", "b.txt"] {
        std::fs::remove_file(trip.home.path(path)).unwrap();
    }
    trip.home.git(&["checkout", "-q", "--", "."]);
    assert!(trip.home.read("a.txt").starts_with(b"LINE 1\n"));
    let before = files(&trip.home);
    trip.applied(&[]);
    assert_eq!(trip.home.read("a.txt"), "from the sandbox\n");
    trip.applied(&["--undo"]);
    unchanged(&before, &files(&trip.home));
    assert_eq!(trip.home.git(STATUS), "");
}

/// A signing program that writes what gpg would, or fails.
fn signer(trip: &Trip, status: u8) {
    let script = format!(
        "#!/bin/sh\ncat >/dev/null\n[ {status} = 0 ] || {{ echo 'no secret key' >&2; exit {status}; }}\n\
         echo '[GNUPG:] SIG_CREATED ' >&2\nprintf -- '-----BEGIN PGP SIGNATURE-----\\n\\nx\\n-----END PGP SIGNATURE-----\\n'\n"
    );
    trip.home.write("../signer", script);
    let path = trip.home.path("../signer");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    trip.home.git(&["config", "gpg.program", path.to_str().unwrap()]);
    trip.home.git(&["config", "commit.gpgSign", "true"]);
}

#[test]
fn commits_are_signed_where_that_is_asked_for() {
    each_git(|trip| {
        work(&trip);
        trip.capture();
        signer(&trip, 0);
        trip.applied(&[]);
        same_bytes(&trip);
        for commit in ["HEAD", "HEAD~1"] {
            assert!(trip.home.git(&["cat-file", "commit", commit]).contains_str("gpgsig -----BEGIN PGP"));
        }
        trip.applied(&["--undo"]);
        trip.applied(&["--no-gpg-sign"]);
        assert!(!trip.home.git(&["cat-file", "commit", "HEAD"]).contains_str("gpgsig"));
    });
}

#[test]
fn a_signature_that_cannot_be_made_is_a_refusal() {
    let trip = Trip::new();
    work(&trip);
    trip.capture();
    signer(&trip, 2);
    let before = snapshot(trip.home.dir());
    trip.apply(&[]).is(1).says("`commit.gpgSign` is set").says("no secret key").says("--no-gpg-sign");
    unchanged(&before, &snapshot(trip.home.dir()));
    trip.applied(&["--no-gpg-sign"]);
}

#[test]
fn a_work_tree_without_links_or_modes() {
    for key in ["core.symlinks", "core.fileMode"] {
        let trip = Trip::new();
        trip.home.git(&["config", key, "false"]);
        std::fs::remove_file(trip.home.path("link")).unwrap();
        trip.home.git(&["checkout", "-q", "--", "link"]);
        work(&trip);
        std::fs::remove_file(trip.away.path("link")).unwrap();
        std::os::unix::fs::symlink("b.txt", trip.away.path("link")).unwrap();
        trip.capture();
        trip.applied(&[]).says("trees match");
        assert_eq!(trip.home.git(STATUS), trip.away.git(STATUS));
        trip.applied(&["--undo"]);
        assert_eq!(trip.home.git(STATUS), "");
    }
}

#[test]
fn a_sparse_checkout_stays_sparse() {
    let trip = Trip::new();
    work(&trip);
    trip.away.write("outside/file", "outside of the cone\n");
    trip.away.write("outside/more", "more\n");
    trip.away.git(&["add", "outside/more"]);
    trip.capture();
    trip.home.git(&["sparse-checkout", "set", "--cone", "new"]);
    assert!(!trip.home.path("dir").exists());
    trip.applied(&[]).says("trees match");
    assert_eq!(trip.home.git(&["rev-parse", "HEAD^{tree}"]), trip.away.git(&["rev-parse", "HEAD^{tree}"]));
    assert_eq!(trip.home.git(&["write-tree"]), trip.away.git(&["write-tree"]));
    assert_eq!(trip.home.read("outside/file"), "outside of the cone\n");
    trip.applied(&["--undo"]);
    assert_eq!(trip.home.git(STATUS), "");
    assert!(!trip.home.path("dir").exists());
}

#[test]
fn submodules_stay_as_they_are() {
    let trip = Trip::new();
    let library = trip.away.at("library");
    library.init(&[]);
    library.write("file", "one\n");
    library.commit("Library\n");
    let module = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../library", "module"];
    trip.away.git(&module);
    let base = trip.away.commit("A module\n");
    trip.home.git(&["pull", "-q"]);
    trip.home.git(&["config", "submodule.module.url", library.dir().to_str().unwrap()]);
    trip.home.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init"]);
    let trip = Trip { base, ..trip };
    work(&trip);
    trip.capture();
    trip.home.write("module/file", "dirty\n");
    let before = snapshot(&trip.home.path("module"));
    trip.applied(&[]).says("trees match");
    unchanged(&before, &snapshot(&trip.home.path("module")));
    trip.applied(&["--undo"]);
    unchanged(&before, &snapshot(&trip.home.path("module")));
}

#[test]
fn wherever_the_repository_lies() {
    for name in [&b"with space"[..], b"new\nline", b"not utf-8 \xff", b"-dash", b"quo\"te'", b"co:lon"] {
        let trip = Trip::new();
        work(&trip);
        trip.capture();
        let path = trip.home.root().join(name.to_path().unwrap());
        std::fs::rename(trip.home.dir(), &path).unwrap();
        let run = crate::trip::Run::from(
            trip.away.command("git-glue-apply").args([Path::new("--target"), &path]).arg(ID).output().unwrap(),
        );
        run.is(0);
        std::fs::rename(&path, trip.home.dir()).unwrap();
        trip.same();
    }
}

#[test]
fn from_a_folder_inside_in_a_linked_work_tree_and_a_shallow_clone() {
    for git in gits() {
        let trip = Trip::with_git(&git, &[]);
        work(&trip);
        trip.capture();
        apply_in(&trip.home.at("here/dir"), &[ID]).is(0);
        trip.same();
        trip.applied(&["--undo"]);
        trip.home.git(&["worktree", "add", "-q", "../linked", "main~0"]);
        let linked = trip.home.at("linked");
        apply_in(&linked, &[ID]).is(0);
        unchanged(&files(&trip.away), &files_of_linked(&linked));
        apply_in(&linked, &["--undo", ID]).is(0);
        let url = format!("file://{}", trip.home.dir().display());
        trip.home.git(&["clone", "-q", "--depth=1", &url, "../shallow"]);
        let shallow = trip.home.at("shallow");
        apply_in(&shallow, &[ID]).is(0).says("trees match");
        unchanged(&files(&trip.away), &files(&shallow));
    }
}

fn files_of_linked(place: &Sandbox) -> crate::trip::Snapshot {
    let mut all = snapshot(place.dir());
    all.remove(Path::new(".git"));
    all
}
