//! Apply: the whole series, one mail, what would happen, and what each step of it takes. Every round measures git and then
//! ours, so that a machine that is busy for a while is so for both.

use std::fs;
use std::path::{Path, PathBuf};

use crate::measure::{Cost, cost, installed, median};
use crate::project::{Project, Repositories, output, run};
use crate::{split, table};

/// The program that is measured.
pub const APPLY: &str = installed!("git-glue-apply");

/// One mail after the other, each measured.
const SINGLE: usize = 21;

/// How often each round looks ahead: that changes nothing, and takes so little that a single look says little.
const CHECKS: usize = 5;

/// What one round measures, of each round.
#[derive(Default)]
struct Rounds {
    am: Vec<Cost>,
    apply: Vec<Cost>,
    git_check: Vec<Cost>,
    check: Vec<Cost>,
    captured: Vec<Cost>,
    captured_check: Vec<Cost>,
    dry: Vec<Cost>,
    unseen: Vec<Cost>,
    refs: Vec<Cost>,
}

/// Prints what was measured on one project.
pub fn bench(project: &Project, on: &Repositories) {
    println!("\n{} files, {} mails that change {} of them; load {}", project.files, project.mails, changed(on), load());
    table::head();
    let mut rounds = Rounds::default();
    (0..project.runs).for_each(|number| round(&mut rounds, on, number));
    let (am, apply, check) = (median(&rounds.am), median(&rounds.apply), median(&rounds.check));
    let many = |what: &str| format!("{what}, {} mails", project.mails);
    table::row(&many("apply"), am, apply);
    table::row(&many("apply --check"), am, check);
    table::row("    against git apply --check", median(&rounds.git_check), check);
    table::row("apply --check --no-checkout", am, median(&rounds.dry));
    table::row("apply, a capture of the same", am, median(&rounds.captured));
    table::row("apply --check, the capture", am, median(&rounds.captured_check));
    one_mail(project, on);
    split::print(on, [median(&rounds.dry), median(&rounds.refs), median(&rounds.unseen), apply]);
}

fn round(rounds: &mut Rounds, on: &Repositories, number: usize) {
    let (series, captured) = (on.series.to_str().unwrap(), on.captured.to_str().unwrap());
    let (theirs, ours) = (on.copy(&format!("am-{number}")), on.copy(&format!("glue-{number}")));
    let exact = on.copy(&format!("captured-{number}"));
    let unseen = on.copy_without_files(&format!("unseen-{number}"));
    let without_checkout = |options: &[&str]| {
        cost(&unseen, None, &[&[APPLY, "--quiet", "--no-checkout", "--branch", "new", series], options].concat())
    };
    let (git, glue) = by_turns(number, || am(&theirs, series), || apply(&ours, series));
    rounds.am.push(git);
    rounds.apply.push(glue);
    for _ in 0..CHECKS {
        rounds.git_check.push(cost(&on.host, None, &["git", "apply", "--check", "--whitespace=nowarn", series]));
        rounds.check.push(check(&on.host, series));
    }
    rounds.captured.push(apply(&exact, captured));
    rounds.captured_check.extend((0..CHECKS).map(|_| check(&on.host, captured)));
    rounds.dry.push(without_checkout(&["--check"]));
    rounds.unseen.push(without_checkout(&[]));
    // Once more, where the objects are: what is left is to move the ref.
    run(&unseen, "git for-each-ref --format='delete %(refname)' refs/heads/new refs/glue | git update-ref --stdin");
    rounds.refs.push(without_checkout(&[]));
    same(&theirs, &ours);
    same(&theirs, &exact);
    [theirs, ours, exact, unseen].iter().for_each(|copy| away(copy));
}

/// Both, git first in every other round.
fn by_turns<T>(number: usize, git: impl FnOnce() -> Cost, ours: impl FnOnce() -> T) -> (Cost, T) {
    if number.is_multiple_of(2) {
        let git = git();
        return (git, ours());
    }
    let ours = ours();
    (git(), ours)
}

fn am(copy: &Path, series: &str) -> Cost {
    cost(copy, None, &["git", "am", "-q", "--3way", "--keep-cr", "--empty=keep", series])
}

fn apply(copy: &Path, series: &str) -> Cost {
    cost(copy, None, &[APPLY, "--quiet", "--in-place", series])
}

fn check(copy: &Path, series: &str) -> Cost {
    cost(copy, None, &[APPLY, "--quiet", "--check", series])
}

/// The first mails of the series, each for itself.
fn one_mail(project: &Project, on: &Repositories) {
    let count = SINGLE.min(project.mails);
    let single = on.folder.join("single");
    fs::create_dir(&single).unwrap();
    run(&on.sandbox, &format!("git format-patch -q -N -o ../single {}..main~{}", on.base, project.commits - count));
    let mut mails: Vec<PathBuf> = fs::read_dir(&single).unwrap().map(|file| file.unwrap().path()).collect();
    mails.sort();
    let (theirs, ours) = (on.copy("am-single"), on.copy("glue-single"));
    let mut rounds = Rounds::default();
    for (number, mail) in mails.iter().map(|mail| mail.to_str().unwrap()).enumerate() {
        let (git, (check, apply)) = by_turns(number, || am(&theirs, mail), || (check(&ours, mail), apply(&ours, mail)));
        rounds.am.push(git);
        rounds.check.push(check);
        rounds.apply.push(apply);
    }
    same(&theirs, &ours);
    away(&theirs);
    away(&ours);
    let git = median(&rounds.am);
    table::row("apply, one mail", git, median(&rounds.apply));
    table::row("apply --check, one mail", git, median(&rounds.check));
}

/// Out of the way, but not deleted.
fn away(copy: &Path) {
    let gone = format!("gone-{}", copy.file_name().unwrap().to_str().unwrap());
    fs::rename(copy, copy.with_file_name(gone)).unwrap();
}

fn same(theirs: &Path, ours: &Path) {
    let of = |repo: &Path| output(repo, "git rev-parse HEAD^{tree} && git status --porcelain | head");
    assert_eq!(of(theirs), of(ours), "git am and apply did not come to the same");
}

fn changed(on: &Repositories) -> String {
    output(&on.host, &format!("grep -a '^diff --git ' {} | sort -u | wc -l", on.series.display()))
}

/// How busy the machine is: the load averages, where the system tells them.
fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}
