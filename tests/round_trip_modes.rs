//! Round trips of what things are: executable or not, link, file or directory, and from one to the other.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::round_trip::{Story, some_files};
use crate::sandbox::Sandbox;

fn chmod(repo: &Sandbox, path: &str, mode: u32) {
    fs::set_permissions(repo.path(path), fs::Permissions::from_mode(mode)).unwrap();
}

fn link(repo: &Sandbox, path: &str, target: &[u8]) {
    let path = repo.path(path);
    let _ = fs::remove_file(&path);
    symlink(OsStr::from_bytes(target), path).unwrap();
}

/// The same work committed, staged, and neither.
fn in_every_state(begin: impl Fn(&Sandbox), work: impl Fn(&Sandbox)) {
    for story in Story::each(&begin) {
        work(&story.away);
        story.away.commit("Work\n");
        story.comes_home();
    }
    for (number, story) in Story::each(&begin).enumerate() {
        work(&story.away);
        if number == 0 {
            story.away.git(&["add", "-A"]);
        }
        story.comes_home();
    }
}

#[test]
fn executable_and_not() {
    in_every_state(
        |repo| {
            some_files(repo);
            repo.write("tool", "#!/bin/sh\nexit 0\n");
            repo.write("both", "x\n");
            repo.write("empty", "");
            chmod(repo, "tool", 0o755);
            chmod(repo, "both", 0o755);
        },
        |away| {
            chmod(away, "run.sh", 0o755);
            chmod(away, "tool", 0o644);
            chmod(away, "empty", 0o755);
            chmod(away, "binary", 0o755);
            away.write("both", "y\n");
            chmod(away, "both", 0o644);
            away.write("a.txt", "changed\n");
            chmod(away, "a.txt", 0o755);
            away.write("new tool", "#!/bin/sh\n");
            chmod(away, "new tool", 0o755);
            fs::rename(away.path("b.txt"), away.path("moved")).unwrap();
            chmod(away, "moved", 0o755);
        },
    );
}

#[test]
fn links_to_everything_and_nothing() {
    in_every_state(
        |repo| {
            some_files(repo);
            link(repo, "old", b"dir");
            link(repo, "gone", b"nowhere");
        },
        |away| {
            link(away, "to file", b"a.txt");
            link(away, "to directory", b"dir");
            link(away, "dangling", b"no/where");
            link(away, "odd", b"caf\xe9 \n\t\"x\"");
            link(away, "absolute", b"/nonexistent/absolute");
            link(away, "up", b"../outside");
            link(away, "self", b"self");
            link(away, "long", &[b'x'; 900]);
            link(away, "cr", b"x\r");
            link(away, "old", b"dir/x.txt");
            link(away, "link", b"b.txt");
            fs::remove_file(away.path("gone")).unwrap();
            fs::rename(away.path("dir/x.txt"), away.path("dir/z.txt")).unwrap();
        },
    );
}

#[test]
fn files_become_links_and_links_become_files() {
    in_every_state(
        |repo| {
            some_files(repo);
            repo.write("same", "dir/x.txt");
            link(repo, "also same", b"dir/y.txt");
        },
        |away| {
            link(away, "a.txt", b"b.txt");
            link(away, "binary", b"a.txt");
            link(away, "same", b"dir/x.txt");
            for path in ["link", "also same"] {
                fs::remove_file(away.path(path)).unwrap();
            }
            away.write("link", "a file now\n");
            away.write("also same", "dir/y.txt");
            chmod(away, "also same", 0o755);
        },
    );
}

#[test]
fn files_become_directories_and_directories_become_files() {
    in_every_state(
        |repo| {
            some_files(repo);
            repo.write("deep/er/est", "x\n");
            link(repo, "was link", b"dir");
        },
        |away| {
            for path in ["b.txt", "was link", "run.sh"] {
                fs::remove_file(away.path(path)).unwrap();
            }
            away.write("b.txt/inside", "b\n");
            away.write("run.sh/a/b/c", "new\n");
            away.write("was link/x.txt", "x\n");
            fs::remove_dir_all(away.path("dir")).unwrap();
            away.write("dir", "x\n");
            fs::remove_dir_all(away.path("deep")).unwrap();
            link(away, "deep", b"a.txt");
        },
    );
}

#[test]
fn there_and_back_again() {
    for story in Story::each(some_files) {
        let away = &story.away;
        let turn = |path: &str| {
            let _ = fs::remove_file(away.path(path));
            let _ = fs::remove_dir_all(away.path(path));
        };
        for (number, path) in ["b.txt", "dir", "link"].iter().enumerate() {
            turn(path);
            away.write(format!("{path}/in"), "directory\n");
            away.commit(format!("{number} directory\n"));
            turn(path);
            link(away, path, b"a.txt");
            away.commit(format!("{number} link\n"));
            turn(path);
            away.write(path, "file\n");
            away.commit(format!("{number} file\n"));
        }
        turn("dir");
        away.write("dir/x.txt", "x\n");
        away.write("dir/y.txt", "y\ny\n");
        away.git(&["add", "-A"]);
        turn("b.txt");
        link(away, "b.txt", b"dir");
        story.comes_home();
    }
}

#[test]
fn a_directory_becomes_a_link_to_where_its_files_went() {
    in_every_state(some_files, |away| {
        fs::rename(away.path("dir"), away.path("moved")).unwrap();
        link(away, "dir", b"moved");
        away.write("moved/new.txt", "new\n");
    });
}
