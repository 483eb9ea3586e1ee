//! The pack of preimages that a capture brings along: looked into when one is missing, taken in as far as it is needed.

use std::collections::HashMap;
use std::sync::OnceLock;

use bstr::ByteSlice;

use super::Error;
use super::pack::{self, Flaw};
use crate::git::{Kind, ObjectId, Objects};

/// What all objects may inflate to, in bytes: four times what a capture takes along.
const MOST: u64 = 64 << 20;

/// The files that a capture brings along because the host may lack them. A pack of anything else, or of too much, is refused when
/// it is first needed.
#[derive(Debug, Default)]
pub struct Preimages {
    pack: Option<Vec<u8>>,
    files: OnceLock<Result<HashMap<ObjectId, Vec<u8>>, &'static str>>,
}

impl Preimages {
    /// Those in a pack, if there is one. It is not looked at yet.
    pub fn of(pack: Option<Vec<u8>>) -> Preimages {
        Preimages { pack, files: OnceLock::new() }
    }

    /// Adds the file that these hex digits name, or begin to, unless it is there already or did not come along.
    pub fn provide(&self, objects: &Objects, hex: &[u8]) -> Result<(), Error> {
        let Ok(id) = ObjectId::from_hex(hex) else {
            // What is named by a part of its id may be any of them.
            let is_there = objects.find_blob(hex.as_bstr())?.is_some();
            return if is_there { Ok(()) } else { self.provide_all(objects) };
        };
        if self.pack.is_none() || objects.contains(&id) {
            return Ok(());
        }
        match self.files(objects)?.get(&id) {
            Some(bytes) => Ok(objects.add_as(id, Kind::Blob, bytes.clone(), None)?),
            None => Ok(()),
        }
    }

    /// Adds all of them.
    pub fn provide_all(&self, objects: &Objects) -> Result<(), Error> {
        if self.pack.is_none() {
            return Ok(());
        }
        for (id, bytes) in self.files(objects)? {
            objects.add_as(*id, Kind::Blob, bytes.clone(), None)?;
        }
        Ok(())
    }

    fn files(&self, objects: &Objects) -> Result<&HashMap<ObjectId, Vec<u8>>, Error> {
        let files = self.files.get_or_init(|| {
            let files = pack::files(self.pack.as_deref().unwrap_or_default(), MOST).map_err(reason)?;
            let named = files.into_iter().map(|bytes| Ok((objects.id_of(Kind::Blob, &bytes)?, bytes)));
            named.collect::<Result<_, crate::git::Error>>().map_err(|_| reason(Flaw::Damaged))
        });
        files.as_ref().map_err(|reason| Error::Objects { reason })
    }
}

fn reason(flaw: Flaw) -> &'static str {
    match flaw {
        Flaw::Damaged => "is damaged",
        Flaw::Foreign => "holds more than files",
        Flaw::TooLarge => "inflates to more than 64 MiB",
    }
}
