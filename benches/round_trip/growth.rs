//! How cost grows: with the commits of a series, and with the files of the repository.

use std::path::Path;

use crate::apply::APPLY;
use crate::measure::cost;
use crate::project::{Project, output, run};
use crate::table::number;

/// So many files are not written out: a million small ones fill a disk, and make every later file slower.
const MOST_WRITTEN: usize = 100_000;

/// Prints both tables. Each row is one run.
pub fn bench(folder: &Path) {
    println!("\n{:<34} {:>13} {:>13} {:>13} {:>13}", "", "check", "no checkout", "work tree", "most memory");
    for mails in [10, 100, 1_000, 10_000] {
        row(folder, 1_000, mails);
    }
    for files in [1_000, 10_000, 100_000, 1_000_000] {
        for mails in [1, 50] {
            row(folder, files, mails);
        }
    }
}

fn row(folder: &Path, files: usize, mails: usize) {
    let project = Project {
        name: "growth",
        files,
        lines: 10,
        busy: 1,
        busy_lines: 10,
        mails,
        commits: mails,
        touched: 3,
        runs: 1,
    };
    let name = format!("{files}-{mails}");
    let (host, series) = project.make_series(&folder.join(&name), files <= MOST_WRITTEN);
    let apply = |options: &[&str]| cost(&host, None, &[&[APPLY, "--quiet"], options, &[series.as_str()]].concat());
    let check = apply(&["--check", "--no-checkout", "--branch", "new"]);
    let unseen = apply(&["--no-checkout", "--branch", "new"]);
    let mut memory = check.memory.max(unseen.memory);
    let mut all = "-".to_owned();
    if files <= MOST_WRITTEN {
        run(&host, "git for-each-ref --format='delete %(refname)' refs/heads/new refs/glue | git update-ref --stdin");
        let cost = apply(&["--in-place"]);
        assert!(output(&host, "git status --porcelain").is_empty());
        memory = memory.max(cost.memory);
        all = format!("{} ms", number(cost.cpu));
    }
    let what = format!("{files} files, {mails} mails");
    let (check, unseen) = (number(check.cpu) + " ms", number(unseen.cpu) + " ms");
    println!("{what:<34} {check:>13} {unseen:>13} {all:>13} {:>10.0} MB", memory / 1024.0);
    run(folder, &format!("rm -rf {name}"));
}
