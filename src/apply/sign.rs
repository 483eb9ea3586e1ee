//! Signing, where `commit.gpgSign` asks for it.

use bstr::{BString, ByteSlice};

use super::Error;
use crate::git::{Commit, Isolated, Objects, Repo};
use crate::mbox::Identity;

/// Makes the commit with git, which alone knows how to sign, and checks that it made that very commit.
pub fn signed(
    repo: &Repo,
    isolated: &Isolated,
    objects: &Objects,
    commit: &Commit,
    subject: &BString,
) -> Result<String, Error> {
    let cannot = |reason: String| Error::CannotSign { subject: subject.clone(), reason };
    let author = Identity(commit.author.clone());
    let date = author.seconds().map(|seconds| format!("@{seconds} {}", author.offset()));
    let os = |bytes: &bstr::BStr| bytes.to_os_str().map(ToOwned::to_owned).map_err(|error| cannot(error.to_string()));
    let mut git = repo.git("commit-tree").arg("-S").arg(&commit.tree);
    for parent in &commit.parents {
        git = git.args(["-p", parent]);
    }
    let made = git
        .args(["-F", "-"])
        .input(commit.message.as_slice())
        .env("GIT_OBJECT_DIRECTORY", isolated.published()?.join("objects"))
        .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", &repo.objects)
        .env("GIT_AUTHOR_NAME", os(author.name())?)
        .env("GIT_AUTHOR_EMAIL", os(author.email())?)
        .env("GIT_AUTHOR_DATE", date.ok_or_else(|| cannot("its date cannot be given to git".into()))?)
        .finish()?;
    if made.code != Some(0) {
        return Err(cannot(made.stderr.trim_end().to_owned()));
    }
    let id = made.stdout.trim_end().to_str_lossy().into_owned();
    let is = objects.commit(&id)?;
    let same = (&is.author, &is.message, &is.encoding) == (&commit.author, &commit.message, &commit.encoding);
    if same { Ok(id) } else { Err(cannot("git would write its author, message or encoding otherwise".into())) }
}
