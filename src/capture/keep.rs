//! The sidecar, and where both files go.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;

use bstr::ByteSlice;
use serde_json::Value;
use tempfile::NamedTempFile;

use super::kept::Kept;
use super::session::Chosen;
use super::{
    Bootstrap, Destination, Error, Findings, Options, Outcome, Overflow, Report, Runtime, Series, Survey, Workspace,
    bundle, own, preimages, write,
};
use crate::mbox::{Kind, Preamble};
use crate::session::{BUNDLE_ENDING, Meta, Session, Sidecar, Store, now};

/// Everything that the sidecar says but for what is only known once the mbox is written.
pub(super) fn sidecar(
    workspace: &Workspace,
    options: &Options,
    session: &Chosen,
    runtime: &Runtime,
    bootstrap: &Bootstrap,
    series: &Series,
) -> Sidecar {
    let last_subject = || {
        let commit = series.steps.iter().rev().find(|step| step.entry.kind == Kind::Commit)?;
        let subject = commit.entry.message.lines().map(|line| line.trim()).find(|line| !line.is_empty())?;
        Some(subject.to_str_lossy().chars().take(80).collect::<String>())
    };
    let title = options.title.clone().or_else(|| session.meta.as_ref()?.title.clone()).or_else(last_subject);
    let mut sidecar = Sidecar {
        runtime_id: runtime.id.clone(),
        sandbox_id: runtime.sandbox_id.clone(),
        bootstrap_sha: bootstrap.commit.clone(),
        remote_url: runtime.remote_url.clone(),
        runtime_cwd: workspace.top.display().to_string(),
        format: "format-patch".into(),
        captured_at: now(),
        truncation_cap_bytes: options.cap,
        session_id: Some(session.id.clone()),
        title,
        head_tree: Some(series.head_tree.clone()),
        index_tree: Some(series.index_tree.clone()),
        worktree_tree: Some(series.worktree_tree.clone()),
        entries: Some(series.steps.len() as u64),
        object_format: Some(workspace.desk.format().name().into()),
        glue_version: Some(env!("CARGO_PKG_VERSION").into()),
        ..Sidecar::default()
    };
    let mut extra = |key: &str, value: Option<&String>| {
        if let Some(value) = value {
            sidecar.extra.insert(key.into(), Value::from(value.as_str()));
        }
    };
    extra("bootstrap_tree", Some(&bootstrap.tree));
    extra("head_sha", workspace.head.as_ref());
    extra("branch", workspace.branch.as_ref());
    if let Some((snapshot, baseline)) = &bootstrap.snapshot {
        extra("snapshot_sha", Some(snapshot));
        extra("baseline_tree", Some(&baseline.worktree_tree));
    }
    sidecar
}

/// What is captured, ready to be written.
pub(super) struct Captured<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) options: &'a Options,
    pub(super) session: &'a Chosen,
    pub(super) bootstrap: &'a Bootstrap,
    pub(super) series: &'a Series,
    pub(super) survey: &'a Survey,
}

impl Captured<'_> {
    /// Writes the capture to where the options say.
    pub(super) fn keep(
        &self,
        store: &Store,
        kept: &mut Kept,
        mut sidecar: Sidecar,
        mut findings: Findings,
    ) -> Result<Outcome, Error> {
        let objects = preimages::pack(self.workspace, self.bootstrap, self.survey, kept, &mut findings)?;
        let bundle = bundle::make(self.workspace, self.options, self.bootstrap, &mut findings)?;
        let (bundle, named) = bundle.map_or((None, None), |(file, named)| (Some(file), Some(named)));
        sidecar.bundle = named;
        sidecar.warnings = findings.into_warnings();
        let preamble = Preamble { capture: Some(sidecar.to_json()), objects };
        let is_empty = self.series.steps.is_empty() && !self.survey.is_over;
        let mut report =
            Report { session_id: self.session.id.clone(), counts: self.survey.counts, sidecar, ..Report::default() };
        match &self.options.destination {
            Destination::Store if is_empty => {
                if let Some(session) = store.session(&self.session.id) {
                    report.set_aside = session.set_aside_capture()?;
                }
            }
            Destination::Store => {
                let session = self.stored(store, &report.sidecar)?;
                let file = session.temp_file()?;
                self.write(&preamble, kept, file.as_file(), &mut report.sidecar)?;
                let bundle = bundle.filter(|_| !report.sidecar.truncated);
                report.path = Some(session.save_with_bundle(file, bundle, &report.sidecar)?);
            }
            Destination::File(path) => {
                let file = beside(path)?;
                self.write(&preamble, kept, file.as_file(), &mut report.sidecar)?;
                if let Some(bundle) = bundle.filter(|_| !report.sidecar.truncated) {
                    copy_to(&own::with_ending(path, BUNDLE_ENDING), bundle)?;
                }
                persist(file, path)?;
                let mut json = beside(path)?;
                let sidecar = own::with_ending(path, own::SIDECAR);
                json.write_all(&report.sidecar.to_json()).map_err(Error::io("write", &sidecar))?;
                persist(json, &sidecar)?;
                report.path = Some(path.clone());
            }
            Destination::Stream => {
                let mut file = tempfile::tempfile().map_err(Error::io("write to", std::env::temp_dir()))?;
                self.write(&preamble, kept, &file, &mut report.sidecar)?;
                file.rewind().map_err(Error::io("read from", std::env::temp_dir()))?;
                report.stream = Some(file);
            }
        }
        Ok(if report.sidecar.truncated {
            let overflow = Overflow::of(self.options, &self.session.id, self.survey);
            Outcome::Truncated(report, overflow)
        } else if is_empty {
            Outcome::Empty(report)
        } else {
            Outcome::Captured(report)
        })
    }

    fn write(&self, preamble: &Preamble, kept: &mut Kept, out: &File, sidecar: &mut Sidecar) -> Result<(), Error> {
        let written = write::mbox(self.workspace, self.series, self.survey, preamble, kept, self.options.cap, out)?;
        sidecar.size_bytes = written.size;
        sidecar.sha256 = Some(written.sha256);
        sidecar.truncated = written.truncated;
        sidecar.bundle = sidecar.bundle.take().filter(|_| !written.truncated);
        Ok(())
    }

    /// The session in the store, made if need be, with what is known now.
    fn stored(&self, store: &Store, sidecar: &Sidecar) -> Result<Session, Error> {
        let fill = |meta: &mut Meta| {
            meta.runtime_id = Some(sidecar.runtime_id.clone());
            meta.sandbox_id = sidecar.sandbox_id.clone().or_else(|| meta.sandbox_id.take());
            meta.runtime_remote_url = sidecar.remote_url.clone().or_else(|| meta.runtime_remote_url.take());
            let begun = self.bootstrap.snapshot.as_ref().map(|(id, _)| id).or(self.bootstrap.commit.as_ref());
            meta.runtime_bootstrap_sha = begun.cloned().or_else(|| meta.runtime_bootstrap_sha.take());
            meta.head_sha.clone_from(&self.workspace.head);
            meta.branch.clone_from(&self.workspace.branch);
            if meta.title.is_none() || self.options.title.is_some() {
                meta.title.clone_from(&sidecar.title);
                let source = if self.options.title.is_some() { "user" } else { "auto" };
                meta.title_source = meta.title.as_ref().map(|_| source.to_owned());
            }
        };
        if let Some(session) = store.session(&self.session.id) {
            // A meta.json that cannot be written must not cost the capture.
            let _ = session.update_meta(fill);
            return Ok(session);
        }
        let mut meta = Meta::new(&self.session.id, self.workspace.top.display().to_string());
        fill(&mut meta);
        Ok(store.create(&meta)?)
    }
}

/// A temporary file in the directory of `path`, so that it can be renamed to it.
fn beside(path: &Path) -> Result<NamedTempFile, Error> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    NamedTempFile::new_in(directory).map_err(Error::io("write", path))
}

fn copy_to(target: &Path, mut file: NamedTempFile) -> Result<(), Error> {
    let mut copy = beside(target)?;
    std::io::copy(file.as_file_mut(), &mut copy).map_err(Error::io("write", target))?;
    persist(copy, target)
}

fn persist(file: NamedTempFile, path: &Path) -> Result<(), Error> {
    file.as_file().sync_all().map_err(Error::io("write", path))?;
    file.persist(path).map(drop).map_err(|error| Error::io("write", path)(error.error))
}
