//! The agent's commits as they are, as a git bundle beside the mbox: what the ids of merges are made of, and whatever else a
//! mail cannot carry.

use std::io::{Read, Write};

use bstr::ByteSlice;
use tempfile::NamedTempFile;

use super::{Bootstrap, Error, Findings, Options, Workspace};
use crate::session::{Bundle, size_text};

/// Makes the bundle of all that HEAD has and the bootstrap does not, if there is anything. One over the cap is left out, and
/// that is said.
pub(super) fn make(
    workspace: &Workspace,
    options: &Options,
    bootstrap: &Bootstrap,
    findings: &mut Findings,
) -> Result<Option<(NamedTempFile, Bundle)>, Error> {
    let Some(head) = workspace.head.as_ref().filter(|_| options.bundle) else { return Ok(None) };
    let without = bootstrap.commit.iter().map(|commit| format!("^{commit}"));
    let count = workspace.desk.git_without_files("rev-list").args(["--count", head]).args(without.clone()).line()?;
    if count.as_bstr() == "0" {
        return Ok(None);
    }
    // Its only ref is called HEAD, so that `git fetch <bundle> HEAD` takes it too.
    let desk = workspace.desk.path()?;
    std::fs::write(desk.join("HEAD"), format!("{head}\n")).map_err(Error::io("write", desk.join("HEAD")))?;
    let failed = Error::io("write to", std::env::temp_dir());
    let mut file = match NamedTempFile::new() {
        Ok(file) => file,
        Err(error) => return Err(failed(error)),
    };
    let mut running =
        workspace.desk.git_without_files("bundle").args(["create", "--quiet", "-", "HEAD"]).args(without).spawn()?;
    let written = std::io::copy(&mut running.by_ref().take(options.cap + 1), &mut file).and_then(|size| {
        file.flush()?;
        Ok(size)
    });
    if written.map_err(Error::io("write", file.path()))? > options.cap {
        findings.note(
            "bundle-left-out",
            format!(
                "the bundle would be over the cap of {}, so the commits are captured without it: the ids of merges may be lost",
                size_text(options.cap)
            ),
        );
        return Ok(None);
    }
    running.done()?;
    let bundle = Bundle::of(file.as_file_mut()).map_err(Error::io("read", file.path()))?;
    Ok(Some((file, bundle)))
}
