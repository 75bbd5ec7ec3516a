//! The data directory, as the system shows it.

use crate::doctor::observed::SeenFiles;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What of it holds secrets, or is a way to them. The files below `store` are behind its own mode.
const GUARDED: [&str; 5] = ["", "store", "snapshots", "run", "control.sock"];

/// Looks at modes and room, and opens nothing.
pub(in crate::doctor) fn look(data: &Path) -> SeenFiles {
    let mode = |name: &&str| {
        let path = if name.is_empty() { data.to_path_buf() } else { data.join(name) };
        let mode = fs::symlink_metadata(&path).ok()?.permissions().mode();
        Some((path.display().to_string(), mode))
    };
    let free = rustix::fs::statvfs(data).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    SeenFiles { modes: GUARDED.iter().filter_map(mode).collect(), free }
}
