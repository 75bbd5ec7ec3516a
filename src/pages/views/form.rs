//! A form that people fill in: its fields, and what was wrong with them. One template shows every such form, so that each
//! has its labels, its rules and its summary of errors.

use serde::Serialize;

/// `form.html`: the hidden token, the summary of errors, the fields. The page around it has the address and the button.
#[derive(Debug, Clone, Serialize)]
pub struct Form {
    /// The token that ties the form to this browser.
    pub csrf: String,
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
        Self { csrf, refused: false, problem: None, fields }
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

/// One line of text in a form.
#[derive(Debug, Clone, Serialize)]
pub struct Field {
    /// As it is sent, and as the page refers to it.
    pub name: &'static str,
    /// What it is for.
    pub label: &'static str,
    /// How it is typed.
    pub kind: FieldKind,
    /// WHATWG HTML §4.10.18.7: what a password manager makes of it.
    pub autocomplete: &'static str,
    /// What is accepted, in words.
    pub rule: Option<&'static str>,
    /// What was typed before. Never a password.
    pub value: String,
    /// Why that was not accepted.
    pub problem: Option<String>,
    /// It may not be left empty.
    pub required: bool,
    /// The page opens with the cursor in it, unless there is an error to read first.
    pub focus: bool,
}

/// How a field is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// To be seen.
    Text,
    /// Not to be seen.
    Password,
    /// Several lines.
    Lines,
}

impl Field {
    /// A line of text that must be given.
    pub fn text(name: &'static str, label: &'static str) -> Self {
        Self {
            name,
            label,
            kind: FieldKind::Text,
            autocomplete: "off",
            rule: None,
            value: String::new(),
            problem: None,
            required: true,
            focus: false,
        }
    }

    /// The name of an account.
    pub fn username(label: &'static str) -> Self {
        Self { autocomplete: "username", ..Self::text("username", label) }
    }

    /// A password that is to be chosen.
    pub fn new_password(name: &'static str, label: &'static str) -> Self {
        Self { kind: FieldKind::Password, autocomplete: "new-password", ..Self::text(name, label) }
    }

    /// The same with a rule below it.
    #[must_use]
    pub fn with_rule(self, rule: &'static str) -> Self {
        Self { rule: Some(rule), ..self }
    }

    /// The same with what was typed before.
    #[must_use]
    pub fn with_value(self, value: &str) -> Self {
        Self { value: value.to_owned(), ..self }
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
        let form = || Form::new("csrf".into(), vec![Field::username("Name"), Field::new_password("password", "Password")]);
        let at_field = form().refused_in("password", "Too short.");
        assert_eq!((at_field.refused, at_field.problem.as_deref()), (true, None));
        assert_eq!(at_field.fields[1].problem.as_deref(), Some("Too short."));
        let nowhere = form().refused_in("other", "No.");
        assert_eq!((nowhere.refused, nowhere.problem.as_deref()), (true, Some("No.")));
    }
}
