//! Opening a capture, wherever it is: in a session, in a file, in a pipe; and checking that it is what was saved.
//!
//! What is in it is for [`mbox`](crate::mbox) to say. Here it is bytes with a length, a hash and a sidecar.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::capture_files::{NAMES, PENDING, is_truncated_name, sidecar_paths};
use super::id::tame_id;
use super::store::{open_regular, read_small};
use super::{DEFAULT_CAP_BYTES, Error, Mismatch, Session, Sidecar, Source};
use crate::mbox;

/// What is read from a pipe at most, in bytes: one that never ends must not fill the disk.
const LARGEST_PIPE: u64 = 4 << 30;

/// An open capture. Its length and hash are what its sidecar says, as far as that says anything.
#[derive(Debug)]
pub struct Capture {
    /// What to call it: the session's id; for a lone file the id its sidecar names, else the file's name; for a pipe
    /// the start of its hash. Safe to show, to paste into a shell and to name a file, whoever chose it.
    pub id: String,
    /// The mbox, at its start. A pipe has been spooled to a temporary file.
    pub file: File,
    /// Where the mbox is, unless it came through a pipe.
    pub path: Option<PathBuf>,
    /// The length of the mbox in bytes.
    pub size: u64,
    /// From the file beside it, else from the header of the mbox itself.
    pub sidecar: Option<Sidecar>,
    /// It is not whole: fit to be looked at, not to be applied. See [`Capture::whole`].
    pub truncated: bool,
    /// A later capture was tried and failed; `sidecar.older` says why.
    pub stale: bool,
    /// The session that it belongs to.
    pub session: Option<Session>,
    /// What a reader should be warned of.
    pub problems: Vec<Problem>,
    /// The hash of the mbox, where it is known by now.
    known_sha256: Option<String>,
}

/// What is odd about a capture, but no reason to refuse it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// There is a sidecar that cannot be read, so that nothing vouches for the capture.
    #[error("{} cannot be read, so the capture cannot be checked: {reason}", .path.display())]
    DamagedSidecar {
        /// The sidecar.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl Capture {
    /// Opens a capture and checks it against its sidecar. A truncated one is opened too, so that it can be shown.
    ///
    /// # Errors
    /// [`Error::NoCapture`], [`Error::NothingArrived`] for an empty pipe or file, [`Error::Corrupt`] when length or
    /// hash are not what the sidecar says.
    pub fn open(source: Source) -> Result<Capture, Error> {
        match source {
            Source::Session(session) => open_session(session),
            Source::Path(path) => open_path(&path),
            Source::Stdin => Capture::spool(io::stdin().lock(), "standard input"),
        }
    }

    /// Reads a pipe to its end, into a temporary file that nobody else sees. `name` is what to call it in errors.
    ///
    /// # Errors
    /// [`Error::NothingArrived`], more than 4 GiB arrived, or the pipe or the temporary file fails.
    pub fn spool(pipe: impl Read, name: &str) -> Result<Capture, Error> {
        Capture::spool_at_most(LARGEST_PIPE, pipe, name)
    }

    fn spool_at_most(most: u64, pipe: impl Read, name: &str) -> Result<Capture, Error> {
        let mut file = tempfile::tempfile().map_err(Error::io("create", std::env::temp_dir()))?;
        let size = io::copy(&mut pipe.take(most + 1), &mut file).map_err(Error::io("read", name))?;
        if size > most {
            let reason = format!("more than {most} bytes arrived, which is no capture");
            return Err(Error::io("read", name)(io::Error::new(io::ErrorKind::FileTooLarge, reason)));
        }
        if size == 0 {
            return Err(Error::NothingArrived { from: name.to_owned(), is_pipe: true });
        }
        let truncated = ends_truncated(&mut file, size).map_err(Error::io("read", name))?;
        let sha256 = hash(&mut file).map_err(Error::io("read", name))?;
        let capture = Capture {
            id: sha256.chars().take(12).collect(),
            file,
            path: None,
            size,
            sidecar: None,
            truncated,
            stale: false,
            session: None,
            problems: Vec::new(),
            known_sha256: Some(sha256),
        };
        capture.with_sidecar(None)
    }

    /// The same, if it is whole.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn whole(self) -> Result<Capture, Error> {
        if !self.truncated {
            return Ok(self);
        }
        let cap_bytes = self.sidecar.map_or(DEFAULT_CAP_BYTES, |sidecar| sidecar.truncation_cap_bytes);
        Err(Error::Truncated { path: self.path.unwrap_or_else(|| "-".into()), cap_bytes })
    }

    /// The SHA-256 of the mbox, lower-case hex. Reads it all and goes back to the start.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn sha256(&mut self) -> Result<String, Error> {
        if let Some(known) = &self.known_sha256 {
            return Ok(known.clone());
        }
        hash(&mut self.file).map_err(Error::io("read", self.path.clone().unwrap_or_else(|| "-".into())))
    }

    /// Completes what depends on the sidecar; without one, the mbox itself is asked.
    fn with_sidecar(mut self, sidecar: Option<Sidecar>) -> Result<Capture, Error> {
        self.sidecar = sidecar.or_else(|| in_header(&mut self.file));
        self.file.rewind().map_err(Error::io("read", self.path.clone().unwrap_or_else(|| "-".into())))?;
        if let Some(sidecar) = &self.sidecar {
            self.truncated |= sidecar.truncated;
            self.stale = sidecar.older.is_some();
            if self.session.is_none() {
                self.id = sidecar.session_id.as_deref().and_then(tame_id).unwrap_or(self.id);
            }
        }
        Ok(self)
    }
}

/// A capture may be replaced between looking at the mbox and looking at the sidecar: then look again.
fn open_session(session: Session) -> Result<Capture, Error> {
    const ATTEMPTS: usize = 4;
    let mut attempt = 1;
    loop {
        let Some(found) = session.capture_file() else {
            return Err(Error::NoCapture { id: session.id().to_owned(), set_aside: session.has_set_aside() });
        };
        match open_file(&found.path, session.id().to_owned(), Some(session.clone())) {
            Err(Error::Corrupt { .. } | Error::Io { .. }) if attempt < ATTEMPTS => attempt += 1,
            result => return result,
        }
    }
}

/// A lone file is named after itself, unless it is a session's own.
fn open_path(path: &Path) -> Result<Capture, Error> {
    let kind = match fs::metadata(path) {
        Ok(found) => found.file_type(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(Error::NoFile { path: path.to_owned() }),
        Err(e) => return Err(Error::io("read", path)(e)),
    };
    if is_pipe(kind) {
        let pipe = File::open(path).map_err(Error::io("read", path))?;
        return Capture::spool(pipe, &path.to_string_lossy());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let above = path.parent().filter(|above| NAMES.contains(&name.as_str()) && above.join("meta.json").exists());
    if let Some(above) = above {
        let session = Session::at(if above.as_os_str().is_empty() { Path::new(".") } else { above });
        return open_file(path, session.id().to_owned(), Some(session));
    }
    let stem = name.trim_end_matches(".truncated").trim_end_matches(".mbox").trim_end_matches(".patch");
    open_file(path, tame_id(stem).unwrap_or_else(|| "capture".to_owned()), None)
}

#[cfg(unix)]
fn is_pipe(kind: fs::FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&kind)
}

#[cfg(not(unix))]
fn is_pipe(_kind: fs::FileType) -> bool {
    false
}

fn open_file(path: &Path, id: String, session: Option<Session>) -> Result<Capture, Error> {
    let mut file = open_regular(path).map_err(Error::io("read", path))?;
    let size = file.metadata().map_err(Error::io("read", path))?.len();
    if size == 0 {
        return Err(Error::NothingArrived { from: path.display().to_string(), is_pipe: false });
    }
    let (sidecar, problems) = matching_sidecar(path, &mut file, size)?;
    let truncated = is_truncated_name(path) || ends_truncated(&mut file, size).map_err(Error::io("read", path))?;
    // A sidecar that names a hash has been held against the file.
    let known_sha256 =
        sidecar.as_ref().and_then(|sidecar| sidecar.sha256.as_ref()).map(|hash| hash.to_ascii_lowercase());
    let capture = Capture {
        id,
        file,
        path: Some(path.to_owned()),
        size,
        sidecar: None,
        truncated,
        stale: false,
        session,
        problems,
        known_sha256,
    };
    capture.with_sidecar(sidecar)
}

/// The sidecar that vouches for the file. One that names another hash is an error, unless the save that it belongs to
/// never came to its end.
fn matching_sidecar(path: &Path, file: &mut File, size: u64) -> Result<(Option<Sidecar>, Vec<Problem>), Error> {
    let (mut unvouched, mut problems, mut mismatch) = (None, Vec::new(), None);
    for beside in sidecar_paths(path) {
        let pending = beside.file_name().is_some_and(|name| name == PENDING);
        let parsed = match read_small(&beside) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => Err(e.to_string()),
            Ok(json) => Sidecar::parse(&json),
        };
        match parsed {
            Err(_) if pending => {}
            Err(reason) => problems.push(Problem::DamagedSidecar { path: beside, reason }),
            Ok(sidecar) if sidecar.sha256.is_none() => {
                unvouched = unvouched.or(Some(sidecar).filter(|_| !pending));
            }
            Ok(sidecar) => match check(&sidecar, file, size).map_err(Error::io("read", path))? {
                None => return Ok((Some(sidecar), problems)),
                Some(_) if pending => {}
                found => mismatch = mismatch.or(found),
            },
        }
    }
    match mismatch {
        Some(reason) => Err(Error::Corrupt { path: path.to_owned(), reason }),
        None => Ok((unvouched, problems)),
    }
}

/// Only sizes that were written together with a hash count bytes.
pub(super) fn check(sidecar: &Sidecar, file: &mut File, size: u64) -> io::Result<Option<Mismatch>> {
    let Some(expected) = &sidecar.sha256 else { return Ok(None) };
    if sidecar.size_bytes != size {
        return Ok(Some(Mismatch::Size { expected: sidecar.size_bytes, actual: size }));
    }
    let actual = hash(file)?;
    let differs = !actual.eq_ignore_ascii_case(expected);
    Ok(differs.then(|| Mismatch::Sha256 { expected: expected.clone(), actual }))
}

/// SHA-256 of the whole file, lower-case hex. Leaves it at its start.
pub(super) fn hash(file: &mut File) -> io::Result<String> {
    file.rewind()?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            n => hasher.update(&buffer[..n]),
        }
    }
    file.rewind()?;
    let mut hex = String::new();
    for byte in hasher.finalize() {
        let _ = write!(hex, "{byte:02x}");
    }
    Ok(hex)
}

/// The last line of a truncated capture is `<<< truncated: original was N bytes, cap is M >>>`.
fn ends_truncated(file: &mut File, size: u64) -> io::Result<bool> {
    const LONGEST: u64 = 200;
    file.seek(SeekFrom::Start(size.saturating_sub(LONGEST)))?;
    let mut tail = Vec::new();
    file.take(LONGEST).read_to_end(&mut tail)?;
    file.rewind()?;
    let tail = tail.trim_ascii_end();
    let last = tail.rsplit(|&b| b == b'\n').next().unwrap_or_default();
    Ok(last.starts_with(b"<<< truncated: original was ") && last.ends_with(b" >>>"))
}

/// The sidecar that the mbox carries itself.
fn in_header(file: &mut File) -> Option<Sidecar> {
    Sidecar::parse(&mbox::preamble(file).ok()?.capture?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_without_end_is_left() {
        let error = Capture::spool_at_most(1000, io::repeat(b'x'), "the pipe").unwrap_err().to_string();
        assert!(error.contains("the pipe") && error.contains("more than 1000 bytes"), "{error}");
        assert!(Capture::spool_at_most(1000, &[b'x'; 1000][..], "the pipe").is_ok());
    }
}
