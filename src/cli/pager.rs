//! Long results through git's pager, by git's rules: only on a terminal, GIT_PAGER before `core.pager` before PAGER, and
//! none inside another.

use std::process::{Command, Stdio};

use super::{Exit, Failure, Ui};

/// Sends what is printed from now on through the user's pager, if one is wanted.
pub(super) fn start(ui: &mut Ui) -> Result<(), Failure> {
    // git has started one already and goes on to a terminal.
    if std::env::var_os("GIT_PAGER_IN_USE").is_some_and(|value| value != "0" && value != "false") {
        ui.escape();
        return Ok(());
    }
    let Some(command) = ui.out_is_terminal().then(command).flatten() else { return Ok(()) };
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(&command).stdin(Stdio::piped()).env("GIT_PAGER_IN_USE", "true");
    for (name, value) in [("LESS", "FRX"), ("LV", "-c")] {
        if std::env::var_os(name).is_none() {
            shell.env(name, value);
        }
    }
    let failed = |e| Failure::new(Exit::Failed, "pager", format!("cannot run the pager `{command}`: {e}"));
    ui.page(shell.spawn().map_err(failed)?);
    Ok(())
}

/// What git would run; `None` for no pager, which users spell as `cat` or as nothing.
fn command() -> Option<String> {
    let chosen = std::env::var("GIT_PAGER").ok().unwrap_or_else(|| {
        let here = std::path::Path::new(".");
        let asked = crate::git::Command::new("var", here).env_remove("GIT_PAGER").arg("GIT_PAGER").line();
        asked.map_or_else(|_| "less".into(), |pager| pager.to_string())
    });
    Some(chosen).filter(|pager| !matches!(pager.trim(), "" | "cat"))
}
