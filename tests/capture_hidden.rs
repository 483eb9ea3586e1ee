//! Work that git was told not to see, or cannot see: it comes along, or is told of, and nothing makes a capture wait.

use bstr::ByteSlice;

use crate::sandbox::Sandbox;
use crate::trip::{Run, Trip, each_git};

fn begun(story: impl Fn(&Trip)) {
    each_git(|trip| {
        trip.away.git(&["glue-capture", "--begin"]);
        story(&trip);
    });
}

/// Captures into `../c.mbox`, in at most ten seconds; what was said, and the mbox. By the program's own name: `git` looks
/// at the repository, and so may wait at a pipe, before it starts the program.
fn capture(away: &Sandbox) -> (Run, String) {
    let mut command = away.command("timeout");
    let output = command.args(["10", "git-glue-capture", "-o", "../c.mbox"]).output().unwrap();
    let run = Run { code: output.status.code().unwrap(), out: output.stdout.into(), err: output.stderr.into() };
    let mbox = std::fs::read(away.path("../c.mbox")).unwrap_or_default();
    (run, mbox.to_str_lossy().into_owned())
}

#[test]
fn files_where_a_submodule_should_be_are_told_of() {
    begun(|trip| {
        let away = &trip.away;
        let head = away.git(&["rev-parse", "HEAD"]).to_string();
        away.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},sub")]);
        away.git(&["commit", "-q", "-m", "Submodule"]);
        away.write("sub/deep/work.txt", "WORK\n");
        away.write("a.txt", "changed\n");
        let (run, mbox) = capture(away);
        run.is(0).says("submodule").says("sub (1 file, 5 bytes)");
        assert!(mbox.contains("+changed"));
        away.write("sub/.git", "gitdir: ../.git\n");
        capture(away).0.is(0).says("sub (1 file, 5 bytes)");
        away.write("sub/.git", "gitdir: nowhere\n");
        capture(away).0.is(0).says("sub (1 file, 5 bytes)");
    });
}

#[test]
fn a_directory_made_a_submodule_in_the_index_alone_is_told_of() {
    begun(|trip| {
        let away = &trip.away;
        let head = away.git(&["rev-parse", "HEAD"]).to_string();
        away.git(&["rm", "-q", "-r", "--cached", "dir"]);
        away.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},dir")]);
        away.write("dir/new.txt", "NEW\n");
        capture(away).0.is(0).says("dir (3 files, 8 bytes)");
    });
}

#[test]
fn a_deletion_is_not_hidden_by_a_bit_of_the_index() {
    begun(|trip| {
        let away = &trip.away;
        away.git(&["update-index", "--skip-worktree", "a.txt"]);
        std::fs::remove_file(away.path("a.txt")).unwrap();
        let (run, mbox) = capture(away);
        run.is(0);
        assert!(mbox.contains("deleted file mode 100644"), "{mbox}");
    });
}

#[test]
fn a_sparse_checkout_is_no_deletion() {
    begun(|trip| {
        let away = &trip.away;
        away.git(&["sparse-checkout", "set", "--no-cone", "/a.txt"]);
        away.write("a.txt", "changed\n");
        let (run, mbox) = capture(away);
        run.is(0).says("files are not checked out here");
        assert!(mbox.contains("+changed") && !mbox.contains("deleted file"), "{mbox}");
    });
}

#[test]
fn no_pipe_makes_a_capture_wait() {
    let places = [".gitignore", ".gitattributes", "dir/.gitignore", "dir/.gitattributes", "new/deep/.gitignore"];
    let own = ["HEAD", "index", "packed-refs", "shallow", "sharedindex.aaaa", "info/exclude", "config", "refs/heads/p"];
    let own = own.iter().map(|name| format!(".git/{name}"));
    begun(|trip| {
        let away = &trip.away;
        away.write("a.txt", "changed\n");
        for place in places.iter().map(|place| (*place).to_owned()).chain(own.clone()) {
            let (pipe, kept) = (away.path(&place), away.path("../kept"));
            std::fs::create_dir_all(pipe.parent().unwrap()).unwrap();
            let was = std::fs::rename(&pipe, &kept).is_ok();
            away.run("mkfifo", &[&pipe]);
            let (run, _) = capture(away);
            assert_eq!(run.code, 4, "{place}: {}", run.err);
            run.says("gitFailed").says(place.rsplit('/').next().unwrap()).says("pipe");
            std::fs::remove_file(&pipe).unwrap();
            if was {
                std::fs::rename(&kept, &pipe).unwrap();
            }
        }
        capture(away).0.is(0);
        away.run("mkfifo", &["plain"]);
        capture(away).0.is(0).says("plain");
    });
}

#[test]
fn no_pipe_in_a_repository_inside_makes_a_capture_wait() {
    begun(|trip| {
        let away = &trip.away;
        away.write("a.txt", "changed\n");
        away.at("away/inner").git(&["init", "-q"]);
        away.write("inner/file", "inner\n");
        std::fs::remove_file(away.path("inner/.git/HEAD")).unwrap();
        away.run("mkfifo", &["inner/.git/HEAD"]);
        capture(away).0.is(4).says("inner/.git/HEAD");
    });
}
