//! The manual: how doorward is built and why. Rendered and link-checked by `cargo doc`.

pub mod backups;
pub mod decisions;
pub mod dependencies;
pub mod limits;
pub mod pages;
pub mod storage;
pub mod terms;
pub mod threat_model;
