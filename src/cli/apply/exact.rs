//! What a refusal means that is about the sandbox's own commits: the one it began with, and those it made.

use crate::apply::Refusal;
use crate::cli::{Exit, Failure};

/// What a refusal means for the user.
pub(super) fn failure(refusal: &Refusal, id: &str) -> Failure {
    let make = |kind: &'static str| Failure::new(Exit::Failed, kind, refusal.to_string());
    match refusal {
        Refusal::NoBootstrap => {
            make("no-bootstrap").hint(format!("captures of git-glue name it; as any other series: git glue-apply {id}"))
        }
        Refusal::Unborn => make("no-bootstrap").hint(format!("with ids of its own: git glue-apply {id}")),
        Refusal::Bundle { .. } => make("corrupt-bundle")
            .hint(format!("do not trust it; the work itself is in the capture: git glue-apply {id}")),
        Refusal::NoSuchBootstrap { shallow: true, .. } | Refusal::NoPrerequisite { shallow: true, .. } => {
            make("no-such-bootstrap").hint("this repository is shallow: git fetch --unshallow")
        }
        Refusal::NoPrerequisite { .. } => {
            make("no-such-bootstrap").hint(format!("git fetch may bring it; with other ids: git glue-apply {id}"))
        }
        Refusal::NoSuchBootstrap { .. } => make("no-such-bootstrap")
            .hint("git fetch may bring it; else name the repository that the sandbox was made from: --target <dir>"),
        Refusal::NotAncestor { bootstrap } => make("not-an-ancestor")
            .hint(format!("git branch --all --contains {bootstrap} shows where it is; switch to such a branch first")),
        Refusal::NoFastForward { .. } => {
            make("no-fast-forward").hint(format!("on a branch of its own, to be merged: git glue-apply --exact {id}"))
        }
        Refusal::NotCarried { .. } => make("not-exact").hint(
            "capture again with this version and without --exclude or --omit-larger-than; or apply without --exact",
        ),
        Refusal::NoSuchParent { .. } => make("no-such-parent")
            .hint("git fetch may bring it; else capture again with --bundle; or apply without --exact"),
        Refusal::OtherIds { .. } => make("other-ids").hint(format!(
            "git glue-apply --undo {id}, then apply again; or: git glue-apply --exact --branch <name> {id}"
        )),
    }
}
