//! A file read from anywhere in it, wherever others are in it.

use std::fs::File;
use std::io;

/// Reads up to as many bytes as `buffer` has room for from `offset` on, in bytes from the start of the file; how many.
#[cfg(unix)]
pub fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

/// Reads up to as many bytes as `buffer` has room for from `offset` on, in bytes from the start of the file; how many.
#[cfg(not(unix))]
pub fn read_at(mut file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    io::Seek::seek(&mut file, io::SeekFrom::Start(offset))?;
    io::Read::read(&mut file, buffer)
}
