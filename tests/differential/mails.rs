//! Series of mails: `git am --3way --keep-cr --empty=keep` says what must come out.

use std::fs;
use std::path::PathBuf;

use bstr::{BString, ByteSlice};

use crate::host::Host;
use crate::ort;
use crate::ours::{self, Verdict};
use crate::series::{Series, drift};
use crate::state::{State, index, without_labels};
use crate::work::Case;
use crate::world::Tree;

/// How `git am` went.
#[derive(PartialEq, Eq)]
pub enum Judgement {
    Clean,
    /// Stopped at that mail, counted from 1; the words that it said.
    Stopped(usize, String),
}

impl Judgement {
    /// The mail, counted from 1, at which it stopped.
    pub fn stop(&self) -> Option<usize> {
        match self {
            Judgement::Clean => None,
            Judgement::Stopped(mail, _) => Some(*mail),
        }
    }
}

impl std::fmt::Display for Judgement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Judgement::Clean => f.write_str("clean"),
            Judgement::Stopped(mail, words) => write!(f, "stopped at {mail}\n{words}"),
        }
    }
}

/// One case.
pub fn run(case: &mut Case) {
    let made = make(case);
    let before = State::of(&made.ours);
    let judgement = am(&made.theirs, &made.mbox);
    let verdict = ours::apply(&made.ours.dir, &made.mbox);
    let about = format!("git: {judgement}\nours: {}", verdict.short());
    match (&judgement, &verdict) {
        // The whole capture is read before anything is done with it; git reads mail by mail.
        (Judgement::Stopped(_, words), Verdict::Refused(_)) if is_damage(words) => {
            case.saw("damaged");
            unchanged(&before, &made.ours, &about);
        }
        (_, Verdict::Refused(why)) if made.short_of_context && why.contains("the content that it names") => {
            case.saw("placed elsewhere by git than in the sandbox");
            unchanged(&before, &made.ours, &about);
        }
        (Judgement::Stopped(mail, words), _) if lacks_preimages(words) && got_further(&verdict, *mail) => {
            further(case, made, *mail, &verdict, &about);
        }
        (Judgement::Stopped(mail, words), Verdict::Stopped(entry, report))
            if mail == entry && !report.stop.as_ref().unwrap().rejects.is_empty() =>
        {
            rejected(case, &made, words, &about);
        }
        _ => compare(case, &made, &judgement, &verdict, &about),
    }
}

/// Holds what came out against `git am`, and where it differs against `git am` of other versions.
fn compare(case: &Case, made: &Made, judgement: &Judgement, verdict: &Verdict, about: &str) {
    let Made { theirs, ours, .. } = made;
    let text = difference(theirs, ours);
    if judgement.stop() == verdict.stop() && text.is_empty() {
        case.saw(if verdict.stop().is_some() { "conflicts" } else { "lands" });
        // Where a file makes place for a submodule, git does not always make its folder.
        if !index(theirs).iter().any(|line| line.starts_with("\"160000")) {
            assert_eq!(ours.git(&["status", "--porcelain"]), theirs.git(&["status", "--porcelain"]), "status\n{about}");
        }
        return;
    }
    // Without a merge there are no two ways.
    let merges = matches!(verdict, Verdict::Stopped(..))
        || matches!(verdict, Verdict::Clean(Some(report)) if report.commits.iter().any(|commit| commit.merged));
    assert!(merges, "{text}{about}");
    let (other, _) = Host::with_history(case.folder.join("ort"), &made.history);
    if made.knows_all {
        for tree in &made.series.trees {
            other.objects.tree(tree);
        }
    }
    let newer = ort::am(&other, &made.mbox);
    let about = format!("{about}\ngit am from 2.50 on: {newer}\n");
    assert_eq!(newer.stop(), verdict.stop(), "other verdicts\n{about}");
    let trees = |host: &Host| host.git(&["log", "--format=%T"]);
    assert_eq!(trees(&other), trees(ours), "{about}");
    let text =
        State { head: State::of(ours).head, ..state(&other) }.differs(&state(ours), ("git from 2.50 on", "ours"));
    assert!(text.is_empty(), "{text}{about}");
    case.saw(if verdict.stop().is_some() { "conflicts as with git 2.50" } else { "lands as with git 2.50" });
}

/// Two equal repositories and the mails for them.
struct Made {
    series: Series,
    history: Vec<Tree>,
    theirs: Host,
    ours: Host,
    mbox: PathBuf,
    /// Whether the diffs have fewer than three lines around each change, so that places can be mistaken.
    short_of_context: bool,
    /// Whether git has all preimages, also those of commits that it does not have.
    knows_all: bool,
}

fn make(case: &mut Case) -> Made {
    let random = &mut case.random;
    let commits = random.usize(1..5);
    let series = Series::new(random, commits);
    let (mails, short_of_context) = series.mails(random, &case.folder);
    let mbox = case.folder.join("series.mbox");
    fs::write(&mbox, mails).unwrap();
    let (here, _) = drift(random, &series);
    // Where the bootstrap is not in the history, preimages are missing; where the work is, none ever is.
    let mut history = match random.u8(..8) {
        0 => vec![],
        1 => vec![series.bootstrap.clone(), series.end().clone()],
        _ => vec![series.bootstrap.clone()],
    };
    history.push(here);
    let (theirs, _) = Host::with_history(case.folder.join("theirs"), &history);
    let (ours, _) = Host::with_history(case.folder.join("ours"), &history);
    Made { series, history, theirs, ours, mbox, short_of_context, knows_all: false }
}

/// Runs `git am`.
pub fn am(host: &Host, mbox: &std::path::Path) -> Judgement {
    let mbox = mbox.to_str().unwrap();
    let output = host.try_git(&["am", "--3way", "--keep-cr", "--empty=keep", mbox], b"");
    if output.status.success() {
        return Judgement::Clean;
    }
    let next = host.file("rebase-apply/next");
    let words = [output.stdout.to_str_lossy(), output.stderr.to_str_lossy()].concat();
    let words = words.lines().filter(|line| !line.starts_with("hint:")).map(|line| format!("    {line}\n")).collect();
    Judgement::Stopped(next.trim().to_str_lossy().parse().unwrap_or(0), words)
}

/// Whether ours did more with that mail than to find that it does not fit.
fn got_further(verdict: &Verdict, mail: usize) -> bool {
    match verdict {
        Verdict::Stopped(entry, report) => {
            *entry > mail || *entry == mail && report.stop.as_ref().unwrap().rejects.is_empty()
        }
        Verdict::Clean(_) => true,
        Verdict::Refused(_) => false,
    }
}

/// Ours got further than git did, because it still knew a preimage. A git that has them all is the judge.
fn further(case: &Case, made: Made, mail: usize, verdict: &Verdict, about: &str) {
    let (knowing, _) = Host::with_history(case.folder.join("knowing"), &made.history);
    for tree in &made.series.trees {
        knowing.objects.tree(tree);
    }
    let judgement = am(&knowing, &made.mbox);
    let about = format!("{about}\na git that knows all preimages: {judgement}");
    match (&judgement, verdict) {
        // Ours lacks one too, but a later one.
        (_, Verdict::Stopped(entry, report)) if *entry > mail && !report.stop.as_ref().unwrap().rejects.is_empty() => {
            case.saw("stopped later than git, which forgot preimages");
        }
        _ => {
            case.saw("got further than git, which forgot preimages");
            let made = Made { theirs: knowing, knows_all: true, ..made };
            compare(case, &made, &judgement, verdict, &about);
        }
    }
}

/// Whether git had nothing to merge with.
pub fn lacks_preimages(words: &str) -> bool {
    words.contains("lacks necessary blobs") || words.contains("is lacking or useless")
}

/// What git says of a diff that is none.
pub fn is_damage(words: &str) -> bool {
    ["corrupt patch", "unrecognized input", "git diff header lacks", "patch with only garbage"]
        .iter()
        .any(|damage| words.contains(damage))
}

fn unchanged(before: &State, ours: &Host, about: &str) {
    let text = before.differs(&State::of(ours), ("before", "after"));
    assert!(text.is_empty(), "refused, and yet changed\n{text}{about}");
}

fn state(host: &Host) -> State {
    let state = State::of(host);
    State { files: without_labels(&state.files), ..state }
}

fn difference(theirs: &Host, ours: &Host) -> String {
    state(theirs).differs(&state(ours), ("git", "ours"))
}

/// Both stopped at a mail that there are no preimages for. git leaves nothing of it behind; ours what fits, staged, and the
/// rest as `.rej`.
fn rejected(case: &Case, made: &Made, words: &str, about: &str) {
    let Made { theirs, ours, .. } = made;
    assert_eq!(State::of(theirs).head, State::of(ours).head, "HEAD\n{about}");
    if !is_plain(&theirs.file("rebase-apply/patch")) {
        return case.saw("has rejects, of more than changes of lines");
    }
    case.saw("has rejects");
    let rejected = theirs.try_git(&["apply", "--reject", "--whitespace=nowarn", ".git/rebase-apply/patch"], b"");
    theirs.git(&["add", "--all", "--", ".", ":!*.rej"]);
    let (git, mut glue) = (state(theirs), state(ours));
    // Of a file that is not here, or is something else, git rejects the hunks without a file that tells of it.
    let is_missing = |path: &BString| {
        let file = path.strip_suffix(b".rej").unwrap_or(path).to_vec();
        [": No such file", ": wrong type"]
            .iter()
            .any(|why| rejected.stderr.contains_str([&file, why.as_bytes()].concat()))
    };
    glue.files.retain(|path, _| git.files.contains_key(path) || !is_missing(path));
    let text = git.differs(&glue, ("git", "ours"));
    assert!(text.is_empty(), "{text}{about}\n{words}{}", rejected.stderr.as_bstr());
}

/// Whether a diff does nothing but change lines of files that stay where they are. Of the rest, `git apply --reject` does
/// what can be done by halves (a copy whose hunks do not fit is made all the same); ours leaves such a file alone.
fn is_plain(patch: &[u8]) -> bool {
    let more = ["rename from ", "copy from ", "new file ", "deleted file ", "new mode ", "GIT binary "];
    let is_no_file =
        |line: &[u8]| line.starts_with(b"index ") && (line.ends_with(b" 120000") || line.ends_with(b" 160000"));
    !patch.lines().any(|line| is_no_file(line) || more.iter().any(|start| line.starts_with(start.as_bytes())))
}
