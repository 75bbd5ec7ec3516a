//! A form that people fill in: its fields, and what was wrong with them. One template shows every such form, so that each
//! has its labels, its rules and its summary of errors.

use serde::Serialize;

/// `form.html`: the hidden token, the summary of errors, the fields. The page around it has the address and the button.
#[derive(Debug, Clone, Serialize)]
pub struct Form {
    /// The token that ties the form to this browser.
    pub csrf: String,
    /// A number that no other form has, where it may be sent once only.
    pub once: Option<String>,
    /// True when it was filled in before and not accepted.
    pub refused: bool,
    /// What was wrong with it as a whole.
    pub problem: Option<String>,
    /// In the order of the page.
    pub fields: Vec<Field>,
}

impl Form {
    /// An empty form.
    pub fn new(csrf: String, fields: Vec<Field>) -> Self {
        Self { csrf, once: None, refused: false, problem: None, fields }
    }

    /// The same, to be sent once only.
    #[must_use]
    pub fn numbered(self, once: String) -> Self {
        Self { once: Some(once), ..self }
    }

    /// The same, refused for a reason that is in no field.
    #[must_use]
    pub fn refused(self, problem: &str) -> Self {
        Self { refused: true, problem: Some(problem.to_owned()), ..self }
    }

    /// The same, refused for a reason that is in the field of that name; of the form as a whole if there is none.
    #[must_use]
    pub fn refused_in(mut self, name: &str, problem: &str) -> Self {
        let Some(field) = self.fields.iter_mut().find(|field| field.name == name) else { return self.refused(problem) };
        field.problem = Some(problem.to_owned());
        Self { refused: true, ..self }
    }
}

/// One question of a form.
#[derive(Debug, Clone, Serialize)]
pub struct Field {
    /// As it is sent, and as the page refers to it.
    pub name: &'static str,
    /// What it is for.
    pub label: &'static str,
    /// How it is answered.
    pub input: Input,
    /// What is accepted, in words.
    pub rule: Option<&'static str>,
    /// Why what was entered before was not accepted.
    pub problem: Option<String>,
    /// It may not be left empty.
    pub required: bool,
    /// The page opens with the cursor in it, unless there is an error to read first.
    pub focus: bool,
}

/// How a question is answered, and how it was before. `autocomplete` is what a password manager makes of it (WHATWG HTML
/// §4.10.18.7).
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Input {
    /// A line of text.
    Text {
        /// What was typed.
        value: String,
        /// See above.
        autocomplete: &'static str,
    },
    /// A line that is not shown, and never sent back.
    Password {
        /// See above.
        autocomplete: &'static str,
    },
    /// Several lines.
    Lines {
        /// What was typed.
        value: String,
    },
    /// One of the options.
    Choice {
        /// Those there are.
        options: Vec<ChoiceOption>,
    },
    /// A box to tick, sent as `yes`.
    Tick {
        /// It was.
        ticked: bool,
    },
}

/// Something to choose.
#[derive(Debug, Clone, Serialize)]
pub struct ChoiceOption {
    /// As it is sent.
    pub value: String,
    /// As it is read.
    pub label: String,
    /// It was.
    pub chosen: bool,
}

impl Field {
    fn new(name: &'static str, label: &'static str, input: Input) -> Self {
        Self { name, label, input, rule: None, problem: None, required: true, focus: false }
    }

    /// A line of text.
    pub fn text(name: &'static str, label: &'static str, value: &str) -> Self {
        Self::new(name, label, Input::Text { value: value.to_owned(), autocomplete: "off" })
    }

    /// The name of an account.
    pub fn username(label: &'static str, value: &str) -> Self {
        Self::new("username", label, Input::Text { value: value.to_owned(), autocomplete: "username" })
    }

    /// A password that is to be chosen.
    pub fn new_password(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Input::Password { autocomplete: "new-password" })
    }

    /// The password that somebody has.
    pub fn password(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Input::Password { autocomplete: "current-password" })
    }

    /// Several lines of text.
    pub fn lines(name: &'static str, label: &'static str, value: &str) -> Self {
        Self::new(name, label, Input::Lines { value: value.to_owned() })
    }

    /// One of some, each with its label.
    pub fn choice(name: &'static str, label: &'static str, chosen: &str, options: impl Iterator<Item = (String, String)>) -> Self {
        let option = |(value, label): (String, String)| ChoiceOption { chosen: value == chosen, value, label };
        Self::new(name, label, Input::Choice { options: options.map(option).collect() })
    }

    /// A box to tick.
    pub fn tick(name: &'static str, label: &'static str, ticked: bool) -> Self {
        Self { required: false, ..Self::new(name, label, Input::Tick { ticked }) }
    }

    /// The same with a rule below it.
    #[must_use]
    pub fn with_rule(self, rule: &'static str) -> Self {
        Self { rule: Some(rule), ..self }
    }

    /// The same, which may be left empty.
    #[must_use]
    pub fn optional(self) -> Self {
        Self { required: false, ..self }
    }

    /// The same, with the cursor in it.
    #[must_use]
    pub fn focused(self) -> Self {
        Self { focus: true, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_stands_at_its_field_or_above_them_all() {
        let form = || Form::new("csrf".into(), vec![Field::username("Name", ""), Field::new_password("password", "Password")]);
        let at_field = form().refused_in("password", "Too short.");
        assert_eq!((at_field.refused, at_field.problem.as_deref()), (true, None));
        assert_eq!(at_field.fields[1].problem.as_deref(), Some("Too short."));
        let nowhere = form().refused_in("other", "No.");
        assert_eq!((nowhere.refused, nowhere.problem.as_deref()), (true, Some("No.")));
    }
}
