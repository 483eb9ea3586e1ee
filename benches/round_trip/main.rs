//! Capture and apply against the git commands that do the same job, in one run, as ratios.
//!
//! `cargo bench --bench round_trip` measures three repositories, with `-- small` (medium, large) one of them, with
//! `-- growth` how cost grows with commits and with files, with `-- all` everything. CPU time, of the program and all that it
//! starts, is what to trust on a busy machine; wall time stands beside it, and the most memory that any one of the
//! processes had. All are medians.
//!
//! - apply: `git am -q --3way --keep-cr --empty=keep` and `git glue-apply --in-place` of the same file, onto repositories
//!   that are clean in their index and share nothing with each other. Every run gets a fresh copy, and what it leaves is
//!   renamed away: a file system that has just lost thousands of files makes new ones slower, which would flatter us.
//!   (ext4 looks past each inode that was freed in the last minutes whenever it makes a file. `git am` itself frees
//!   thousands, so that its costs, and ours after it, differ by a factor of two between a disk at rest and a busy one.)
//!   Who goes first changes from round to round.
//! - apply of a capture: the same commits as a capture of ours, with what proves them, against the same `git am`.
//! - apply --check: against the same `git am`, which has no way to say what would come out; and against `git apply
//!   --check`, which says less (no trees, no merge, no proof). With --no-checkout it does not look whether index and files
//!   would be in the way.
//! - capture: the three commands by which Glue captures (`git add -N -- .`, `git format-patch --binary -M -C --stdout
//!   <base>..HEAD`, `git diff --binary -M -C HEAD`), ours the first time, and ours when it has seen the commits before. What
//!   the work began on is no root, so that ours, as git's, does not take along what the files were then.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark: it prints, and stops if it cannot go on"
)]

mod apply;
mod capture;
mod growth;
mod measure;
mod project;
mod split;
mod table;
mod text;

use project::Project;

/// Two hundred and forty files and a year of work; the 4,850 files of a product, of which a thousand are touched; and so
/// many files that reading them all is out of the question.
const PROJECTS: [Project; 3] = [
    Project {
        name: "small",
        files: 240,
        lines: 180,
        busy: 1,
        busy_lines: 180,
        mails: 369,
        commits: 369,
        touched: 3,
        runs: 5,
    },
    Project {
        name: "medium",
        files: 4_850,
        lines: 110,
        busy: 4,
        busy_lines: 600,
        mails: 300,
        commits: 300,
        touched: 6,
        runs: 3,
    },
    Project {
        name: "large",
        files: 100_000,
        lines: 25,
        busy: 1,
        busy_lines: 25,
        mails: 50,
        commits: 300,
        touched: 5,
        runs: 3,
    },
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some(measure::WORD) => return measure::run(&arguments[1..]),
        Some(split::WORD) => return split::run(&arguments[1]),
        _ => {}
    }
    measure::install();
    // cargo adds options of its own.
    let wanted: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    let all = wanted.contains(&"all");
    let folder = tempfile::Builder::new().prefix("glue-bench-").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    for project in PROJECTS.iter().filter(|project| all || wanted.is_empty() || wanted.contains(&project.name)) {
        let repositories = project.make(&folder.path().join(project.name));
        apply::bench(project, &repositories);
        capture::bench(project, &repositories);
    }
    if all || wanted.contains(&"growth") {
        growth::bench(&folder.path().join("growth"));
    }
}
