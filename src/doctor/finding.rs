//! What a check comes to.

use serde::Serialize;

/// How good or bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// Worth knowing, or not checked and why.
    Note,
    /// Works, or may work, and not for everybody or not for ever.
    Warning,
    /// Keeps clients out.
    Failure,
}

/// The result of one check. Text from peers in it has been through [`crate::oauth::text::Shown`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which check it was: a word, and where there are several of a kind, what it looked at. Scripts rely on it.
    pub id: String,
    /// How good or bad it is.
    pub state: State,
    /// What was found.
    pub sentence: String,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The product that stands in between, where it can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<&'static str>,
}

impl Finding {
    fn new(id: impl Into<String>, state: State, sentence: impl Into<String>) -> Self {
        Self { id: id.into(), state, sentence: sentence.into(), hint: None, product: None }
    }

    pub(super) fn ok(id: impl Into<String>, sentence: impl Into<String>) -> Self {
        Self::new(id, State::Ok, sentence)
    }

    pub(super) fn note(id: impl Into<String>, sentence: impl Into<String>) -> Self {
        Self::new(id, State::Note, sentence)
    }

    /// A warning always says what to do.
    pub(super) fn warning(id: impl Into<String>, sentence: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(id, State::Warning, sentence).hint(hint)
    }

    /// A failure always says what to do.
    pub(super) fn failure(id: impl Into<String>, sentence: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(id, State::Failure, sentence).hint(hint)
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(super) fn by(self, product: Option<&'static str>) -> Self {
        Self { product, ..self }
    }
}
