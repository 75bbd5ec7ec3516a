//! The page of one's own account, and for an owner of what is configured.

use super::View;
use super::form::Form;
use super::house::Frame;
use serde::Serialize;

/// `settings.html`: one's own password, and what holds here.
#[derive(Debug, Clone, Serialize)]
pub struct SettingsPage {
    /// What every room has.
    #[serde(flatten)]
    pub frame: Frame,
    /// Changes the password (`POST /settings/password`).
    pub form: Form,
    /// How long things live, in words; for an owner.
    pub lifetimes: Vec<Setting>,
    /// Which modes are on, in words; for an owner.
    pub modes: Vec<Setting>,
    /// Everything else that is configured, by its name in the configuration; for an owner.
    pub settings: Vec<Setting>,
}

impl View for SettingsPage {
    const TEMPLATE: &'static str = "settings.html";
}

/// Something that is configured.
#[derive(Debug, Clone, Serialize)]
pub struct Setting {
    /// What it is.
    pub name: String,
    /// What it is set to.
    pub value: String,
}
