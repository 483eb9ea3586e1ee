//! The pack of preimages that a capture brings along, taken into the private directory.

use super::pack::{self, BLOB, Flaw, OFFSET_DELTA};
use super::{Error, Series};
use crate::git::Isolated;

/// What all objects may inflate to, in bytes: four times what a capture takes along.
const MOST: u64 = 64 << 20;

/// Takes the preimages in, if there are any. Refuses a pack of anything but files, or of too much.
pub fn unpack(isolated: &Isolated, series: &Series) -> Result<(), Error> {
    let Some(mut pack) = series.preimages() else { return Ok(()) };
    let input = pack;
    pack::measure(&mut pack, &[BLOB, OFFSET_DELTA], 0, MOST).map_err(|flaw| Error::Objects {
        reason: match flaw {
            Flaw::Damaged => "is damaged",
            Flaw::Foreign => "holds more than files",
            Flaw::TooLarge => "inflates to more than 64 MiB",
        },
    })?;
    Ok(isolated.git("unpack-objects").args(["-q", "--strict", "--max-input-size=33554432"]).input(input).run()?)
}
