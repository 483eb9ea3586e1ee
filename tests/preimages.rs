//! The pack of preimages in a capture: git takes it, it holds what the agent changed and did not make, and no more.

use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor;

use bstr::{BString, ByteSlice};
use git_glue::mbox::Mbox;

use crate::sandbox::{Sandbox, gits};

/// Files of many sizes, some of them much alike.
fn based(away: &Sandbox) -> BString {
    let long: String = (0..4000).map(|number| format!("line {}\n", number * number)).collect();
    for number in 0..12 {
        away.write(format!("dir/long{number}"), format!("{number}\n{}", &long[..number * 1000 + 300]));
        away.write(format!("dir/short{number}"), format!("{number}\n"));
    }
    away.write("same", "0\n");
    away.write("empty", "");
    away.write(
        "image",
        (0..70_000_u32).flat_map(|number| number.wrapping_mul(number).to_le_bytes()).collect::<Vec<u8>>(),
    );
    away.commit("Base");
    fs::create_dir_all(away.home().join(".glue")).unwrap();
    away.git(&["rev-parse", "HEAD"])
}

fn work(away: &Sandbox) {
    for path in ["dir/long0", "dir/long5", "dir/long11", "dir/short3", "same", "empty", "image"] {
        for word in ["changed\n", "changed again\n"] {
            away.write(path, [away.read(path).as_slice(), word.as_bytes()].concat());
            away.commit(format!("Change {path}"));
        }
    }
    away.git(&["rm", "-q", "dir/long7"]);
    away.write("new", "new\n");
}

/// The pack of a capture, which is the same the next time, and what was said about it.
fn captured(away: &Sandbox, base: &BString) -> (Option<Vec<u8>>, Vec<String>) {
    let args = ["glue-capture", "-q", "--cap", "1g", "--base", &base.to_string(), "-o", "../c.mbox"];
    let packs = [0, 1].map(|_| {
        away.git(&args);
        let preamble = Mbox::open(Cursor::new(fs::read(away.path("../c.mbox")).unwrap())).unwrap().preamble;
        let sidecar: serde_json::Value = serde_json::from_slice(&preamble.capture.unwrap()).unwrap();
        let warnings = sidecar["warnings"].as_array().cloned().unwrap_or_default();
        (preamble.objects, warnings.iter().map(|warning| warning["message"].to_string()).collect::<Vec<_>>())
    });
    assert_eq!(packs[0], packs[1]);
    packs[1].clone()
}

/// The ids in a pack, as git finds them once it has checked it.
fn objects(pack: &[u8], away: &Sandbox, options: &[&str]) -> BTreeSet<String> {
    for (name, args) in
        [("indexed", &["index-pack", "--strict", "--stdin"][..]), ("unpacked", &["unpack-objects", "-q", "--strict"])]
    {
        let other = away.at(&format!("{name}-{}", fs::read_dir(away.root()).unwrap().count()));
        other.init(options);
        other.git_with(args, pack);
        other.git(&["fsck", "--strict"]);
        let listed = other.git(&["cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)"]);
        let ids = listed.lines().map(|line| line.strip_prefix(b"blob ").unwrap().to_str().unwrap().to_owned());
        if name == "unpacked" {
            return ids.collect();
        }
    }
    BTreeSet::new()
}

#[test]
fn git_takes_the_pack_wherever_its_objects_came_from() {
    let ways: [&[&str]; 4] = [
        &["status"],
        &["repack", "-qadf", "--window=0"],
        &["repack", "-qadf", "--window=50", "--depth=50"],
        &["-c", "core.compression=0", "repack", "-qadF"],
    ];
    for git in gits() {
        for options in [&[][..], &["--object-format=sha256"]] {
            for way in ways {
                let away = Sandbox::with_git(&git).at("away");
                away.init(options);
                let base = based(&away);
                work(&away);
                away.git(way);
                let (pack, warnings) = captured(&away, &base);
                assert!(warnings.is_empty(), "{warnings:?}");
                let names =
                    ["dir/long0", "dir/long5", "dir/long7", "dir/long11", "dir/short3", "same", "empty", "image"];
                let wanted = names.map(|name| away.git(&["rev-parse", &format!("{base}:{name}")]).to_string());
                assert_eq!(
                    objects(&pack.unwrap(), &away, options),
                    BTreeSet::from(wanted),
                    "{git:?} {options:?} {way:?}"
                );
            }
        }
    }
}

#[test]
fn a_pack_that_grows_is_the_same_as_one_made_anew() {
    let away = Sandbox::new();
    let base = based(&away);
    work(&away);
    let (first, _) = captured(&away, &base);
    away.write("dir/long2", "changed\n");
    away.write("dir/short1", "changed\n");
    let (more, _) = captured(&away, &base);
    away.git(&["checkout", "-q", "dir/long2"]);
    let (less, _) = captured(&away, &base);
    assert!(first != more && more != less);
    fs::remove_dir_all(away.home().join(".glue/cache")).unwrap();
    assert_eq!(captured(&away, &base).0, less);
    away.write("dir/long2", "changed\n");
    fs::remove_dir_all(away.home().join(".glue/cache")).unwrap();
    assert_eq!(captured(&away, &base).0, more);
    assert_eq!(objects(&more.unwrap(), &away, &[]).len(), 10);
}

#[test]
fn what_is_too_much_stays_behind_and_is_told_of_each_time() {
    let away = Sandbox::new();
    away.write("large", "a line of many.\n".repeat((1 << 20) + 1));
    let base = based(&away);
    work(&away);
    let (all, _) = captured(&away, &base);
    away.write("large", "short\n");
    let (pack, warnings) = captured(&away, &base);
    assert!(warnings[0].contains("too large to go along") && warnings[0].contains(": large\""), "{warnings:?}");
    assert_eq!(pack, all);
    // With nothing else there is no pack.
    away.git(&["reset", "-q", "--hard", &base.to_string()]);
    away.write("large", "short\n");
    let (pack, warnings) = captured(&away, &base);
    assert_eq!((pack, warnings.len()), (None, 1));
}

#[test]
fn of_uncommitted_files_only_those_that_the_agent_went_on_with_travel() {
    let away = Sandbox::new();
    based(&away);
    away.commit("A commit that the host has");
    away.write("dir/long1", "dirty\n");
    away.write("dir/long2", "dirty, and left alone\n");
    // As a file of the commit.
    away.write("dir/long3", "1\n");
    away.git(&["glue-capture", "-q", "--begin", "--session", "s"]);
    let snapshot = away.git(&["for-each-ref", "--format=%(objectname)", "refs/glue"]);
    let dirty = away.git(&["hash-object", "dir/long1"]).to_string();
    for path in ["dir/long1", "dir/long3", "dir/long4"] {
        away.write(path, "the agent's\n");
    }
    let (pack, _) = captured(&away, &snapshot);
    assert_eq!(objects(&pack.unwrap(), &away, &[]), BTreeSet::from([dirty]));
}
