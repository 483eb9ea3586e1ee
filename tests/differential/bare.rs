//! One diff and nothing around it: it lands as uncommitted work, where `git apply` would put it. When that says no, `git am
//! --3way` of the same diff in a mail says what a merge makes of it.

use std::fs;

use bstr::ByteSlice;

use crate::host::Host;
use crate::mails::{Judgement, am, is_damage, lacks_preimages};
use crate::ort;
use crate::ours::{self, Verdict};
use crate::series::{Series, drift};
use crate::state::{State, files, without_labels};
use crate::work::Case;
use crate::world::{Item, Tree};

/// One case.
pub fn run(case: &mut Case) {
    let mut series = Series::new(&mut case.random, 1);
    // Without an index git takes a submodule for a folder like any other.
    without_gitlinks(&mut series.bootstrap);
    series.trees.iter_mut().for_each(without_gitlinks);
    let (diff, short_of_context) = series.diff(&mut case.random, &case.folder);
    let (mut here, _) = drift(&mut case.random, &series);
    without_gitlinks(&mut here);
    if diff.is_empty() {
        return case.saw("nothing changed");
    }
    let history = [series.bootstrap, here];
    let host = |name: &str| Host::with_history(case.folder.join(name), &history).0;
    let (theirs, ours) = (host("theirs"), host("ours"));
    let file = case.folder.join("bare.diff");
    fs::write(&file, &diff).unwrap();
    let before = State::of(&ours);
    let output = theirs.try_git(&["apply", "--whitespace=nowarn", file.to_str().unwrap()], b"");
    let verdict = ours::apply(&ours.dir, &file);
    let about = format!("git apply: {}\nours: {}", output.stderr.as_bstr(), verdict.short());
    if short_of_context && matches!(&verdict, Verdict::Refused(why) if why.contains("the content that it names")) {
        return case.saw("placed elsewhere by git than in the sandbox");
    }
    // Without an index, git takes a folder for a submodule, and moves it away as far as it can.
    if output.stderr.contains_str("unable to rmdir") && verdict.stop().is_some() {
        return case.saw("git moves a folder");
    }
    if output.status.success() {
        case.saw("applies");
        assert!(matches!(verdict, Verdict::Clean(_)), "other verdicts\n{about}");
        let text = State::of(&theirs).differs(&State::of(&ours), ("git", "ours"));
        assert!(text.is_empty(), "{text}{about}");
        return;
    }
    if let Verdict::Refused(_) = verdict {
        case.saw("damaged");
        assert!(is_damage(&output.stderr.to_str_lossy()), "refused\n{about}");
        let text = before.differs(&State::of(&ours), ("before", "after"));
        assert!(text.is_empty(), "refused, and yet changed\n{text}{about}");
        return;
    }
    let mail = case.folder.join("mail.mbox");
    fs::write(&mail, in_a_mail(&diff)).unwrap();
    let mut found = about;
    for name in ["merging", "ort"] {
        let merging = host(name);
        let judgement = if name == "ort" { ort::am(&merging, &mail) } else { am(&merging, &mail) };
        match agrees(&judgement, &verdict, &merging, &ours) {
            Ok(what) => return case.saw(what),
            Err(text) => found += &format!("\n{name}: {text}"),
        }
    }
    panic!("{found}");
}

/// Whether `git am` made the same of it; what that was, or what differs.
fn agrees(judgement: &Judgement, verdict: &Verdict, merging: &Host, ours: &Host) -> Result<&'static str, String> {
    let what = match (judgement, verdict) {
        (Judgement::Clean, Verdict::Clean(_)) => "merges",
        (Judgement::Stopped(_, words), Verdict::Stopped(_, report)) => {
            let rejects = &report.stop.as_ref().unwrap().rejects;
            let cannot_merge = lacks_preimages(words) || words.contains("hand edit");
            match (cannot_merge, rejects.is_empty()) {
                (true, false) => return Ok("has rejects"),
                (false, true) => "conflicts",
                _ => return Err(format!("{judgement}")),
            }
        }
        _ => return Err(format!("{judgement}")),
    };
    let text = difference(merging, ours);
    if text.is_empty() { Ok(what) } else { Err(format!("{judgement}\n{text}")) }
}

fn without_gitlinks(tree: &mut Tree) {
    tree.retain(|_, item| !matches!(item, Item::Gitlink(_)));
}

fn in_a_mail(diff: &[u8]) -> Vec<u8> {
    let head =
        "From: Ann <ann@example.org>\nDate: Thu, 1 Jan 2026 00:00:00 +0000\nSubject: [PATCH] no-message\n\n---\n\n";
    [head.as_bytes(), diff, b"-- \n2.47\n\n"].concat()
}

/// What differs in the files alone: git has committed them, or staged what is in conflict.
fn difference(theirs: &Host, ours: &Host) -> String {
    let state =
        |host: &Host| State { head: String::new(), index: Vec::new(), files: without_labels(&files(&host.dir)) };
    state(theirs).differs(&state(ours), ("git", "ours"))
}
