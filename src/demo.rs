//! demo (coming)
use std::{io, path::Path};
/// starts
pub fn start(_socket: &Path) -> io::Result<()> {
    Ok(())
}
