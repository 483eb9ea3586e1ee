//! How a repository wants its object files written: how compressed, how safely, for whom.
//!
//! The rules are git's: git-config(1), `core.fsync`, `core.fsyncMethod`, `core.compression`, `core.sharedRepository`.

use std::path::Path;

use bstr::ByteSlice;
use gix::zlib::Compression;

use super::Error;
use super::config::{Config, Durable};

/// What the configuration says of object files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settings {
    /// For loose objects.
    pub loose_compression: Compression,
    /// For packs. Where nothing is configured it is the fastest: `git gc` compresses anew.
    pub pack_compression: Compression,
    /// Whether loose objects must be on the disk before anything names them.
    pub sync_loose: bool,
    /// Whether packs must.
    pub sync_pack: bool,
    /// Whether the indices of packs must.
    pub sync_pack_index: bool,
    /// Who may read and write them.
    pub sharing: Sharing,
}

/// `core.sharedRepository`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sharing {
    /// Whoever the umask lets.
    Umask,
    /// These permissions in addition.
    AtLeast(u32),
    /// Exactly these permissions.
    Exactly(u32),
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            loose_compression: Compression::BEST_SPEED,
            pack_compression: Compression::BEST_SPEED,
            sync_loose: false,
            sync_pack: true,
            sync_pack_index: true,
            sharing: Sharing::Umask,
        }
    }
}

impl Settings {
    /// What the configuration says.
    pub(super) fn of(config: &Config) -> Settings {
        let default = Settings::default();
        let compression = |key| config.integer(key).and_then(level);
        let all = compression("core.compression");
        Settings {
            loose_compression: compression("core.looseCompression").or(all).unwrap_or(default.loose_compression),
            pack_compression: compression("pack.compression").or(all).unwrap_or(default.pack_compression),
            sync_loose: config.syncs(Durable::LooseObject),
            sync_pack: config.syncs(Durable::Pack),
            sync_pack_index: config.syncs(Durable::PackMetadata),
            sharing: Sharing::of(config),
        }
    }
}

impl Sharing {
    fn of(config: &Config) -> Sharing {
        const KEY: &str = "core.sharedRepository";
        let text = config.string(KEY).unwrap_or_default().to_str_lossy();
        match text.as_ref() {
            "umask" => Sharing::Umask,
            "group" => Sharing::AtLeast(0o660),
            "all" | "world" | "everybody" => Sharing::AtLeast(0o664),
            _ => match u32::from_str_radix(&text, 8) {
                Ok(0) => Sharing::Umask,
                Ok(1) => Sharing::AtLeast(0o660),
                Ok(2) => Sharing::AtLeast(0o664),
                Ok(mode) => Sharing::Exactly(mode & 0o666),
                Err(_) if config.boolean(KEY) == Some(true) => Sharing::AtLeast(0o660),
                Err(_) => Sharing::Umask,
            },
        }
    }

    /// The permissions of a file or directory that was made with these.
    fn adjusted(self, mode: u32, is_dir: bool) -> u32 {
        let (Sharing::AtLeast(wanted) | Sharing::Exactly(wanted)) = self else { return mode };
        // What nobody may write stays so; who may read a directory may look into it.
        let wanted = if mode & 0o200 == 0 { wanted & !0o222 } else { wanted };
        let wanted = if mode & 0o100 != 0 { wanted | (wanted & 0o444) >> 2 } else { wanted };
        let mode = if matches!(self, Sharing::Exactly(_)) { mode & !0o777 | wanted } else { mode | wanted };
        // New files in it belong to its group.
        if is_dir { mode | 0o2000 } else { mode }
    }

    /// Gives a file or directory of the repository, just made, the permissions that it should have.
    #[cfg(unix)]
    pub(super) fn adjust(self, path: &Path) -> Result<(), Error> {
        use std::os::unix::fs::PermissionsExt;
        if self == Sharing::Umask {
            return Ok(());
        }
        let failed = || Error::io("cannot set the permissions of", path);
        let metadata = path.metadata().map_err(failed())?;
        let is = metadata.permissions().mode();
        let wanted = self.adjusted(is, metadata.is_dir());
        if wanted == is {
            return Ok(());
        }
        std::fs::set_permissions(path, PermissionsExt::from_mode(wanted & 0o7777)).map_err(failed())
    }

    /// Permissions are not known here.
    #[cfg(not(unix))]
    pub(super) fn adjust(self, _: &Path) -> Result<(), Error> {
        Ok(())
    }
}

/// A level of compression, 0 to 9; -1 is zlib's own choice.
fn level(level: i64) -> Option<Compression> {
    match level {
        -1 => Some(Compression::DEFAULT),
        level => Compression::new(i32::try_from(level).ok()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(entries: &[(&str, &str)]) -> Settings {
        let listed: String = entries.iter().map(|(key, value)| format!("{key}\n{value}\0")).collect();
        Settings::of(&Config::listed(listed.as_bytes()))
    }

    #[test]
    fn without_a_configuration_it_is_as_without_settings() {
        assert_eq!(settings(&[]), Settings::default());
    }

    #[test]
    fn the_more_special_compression_counts() {
        let levels = |entries: &[(&str, &str)]| {
            let settings = settings(entries);
            (settings.loose_compression.level(), settings.pack_compression.level())
        };
        assert_eq!(levels(&[("core.compression", "9")]), (9, 9));
        assert_eq!(levels(&[("core.compression", "9"), ("pack.compression", "0")]), (9, 0));
        assert_eq!(levels(&[("core.loosecompression", "-1"), ("pack.compression", "11")]), (6, 1));
    }

    #[test]
    fn a_shared_repository_is_shared() {
        let adjusted =
            |value: &str, mode, is_dir| settings(&[("core.sharedrepository", value)]).sharing.adjusted(mode, is_dir);
        assert_eq!(adjusted("umask", 0o100_444, false), 0o100_444);
        assert_eq!(adjusted("group", 0o100_400, false), 0o100_440);
        assert_eq!(adjusted("true", 0o040_700, true), 0o042_770);
        assert_eq!(adjusted("all", 0o040_700, true), 0o042_775);
        assert_eq!(adjusted("0640", 0o100_444, false), 0o100_440);
        assert_eq!(adjusted("0640", 0o040_755, true), 0o042_750);
    }
}
