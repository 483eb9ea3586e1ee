//! Capture: the commits of the sandbox, its dirty files and those that git does not know.

use crate::measure::{Cost, cost, installed, median, sum};
use crate::project::{Project, Repositories, run};
use crate::table;

/// The program that is measured.
pub const CAPTURE: &str = installed!("git-glue-capture");

/// Prints what was measured on one project.
pub fn bench(project: &Project, on: &Repositories) {
    let (sandbox, base) = (&on.sandbox, &on.base);
    // `git add -N` changes the index; ours does not.
    run(sandbox, "git update-index -q --refresh || true; cp -p .git/index ../index");
    let ours = || cost(sandbox, None, &[CAPTURE, "--quiet", "--cap", "1g", "--base", base, "-o", "../ours.mbox"]);
    let (mut git, mut first, mut again) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..project.runs {
        git.push(glues_commands(on));
        run(sandbox, "cp -p ../index .git/index");
        // What is kept for the next time is kept there.
        run(&on.folder, &format!("if [ -e glue ]; then mv glue gone-glue-{number}; fi; mkdir glue"));
        first.push(ours());
        again.push(ours());
    }
    let git = median(&git);
    table::row(&format!("capture, {} commits", project.commits), git, median(&first));
    table::row("capture again", git, median(&again));
}

fn glues_commands(on: &Repositories) -> Cost {
    let range = format!("{}..HEAD", on.base);
    let (one, two) = (on.folder.join("theirs.mbox"), on.folder.join("theirs.diff"));
    sum([
        cost(&on.sandbox, None, &["git", "add", "-N", "--", "."]),
        cost(&on.sandbox, Some(&one), &["git", "format-patch", "--binary", "-M", "-C", "--stdout", &range]),
        cost(&on.sandbox, Some(&two), &["git", "diff", "--binary", "-M", "-C", "HEAD"]),
    ])
}
