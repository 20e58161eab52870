//! The form of a check (22.11): a field for each of the common keys, one of YAML for all others, and what is wrong beside the
//! field that it is about.

use maud::{Markup, html};

use super::super::edit::{NotMade, RefusedCheck};
use super::super::viewer::Viewer;
use super::said::who;
use crate::config::{CheckForm, FORM, FieldKind, FieldProblem, FormField, REST, keys_of_rest};

/// Lines that fields show of what has several.
const FEW: usize = 3;
const MANY: usize = 8;

/// What the form shows.
pub(super) struct FormShown<'p> {
    pub(super) form: &'p CheckForm,
    pub(super) faults: &'p [FieldProblem],
    /// Where it is sent to.
    pub(super) action: &'p str,
    /// Of a check that is there: which version of it this is.
    pub(super) version: Option<&'p str>,
    /// What its button says.
    pub(super) button: &'p str,
}

/// What is wrong, for a form that was refused so.
pub(super) fn faults_of(refused: Option<&RefusedCheck>) -> &[FieldProblem] {
    match refused.map(|refused| &refused.why) {
        Some(NotMade::Faults(faults)) => faults,
        _ => &[],
    }
}

/// All that is wrong, each with the way to its field.
pub(super) fn all_faults(faults: &[FieldProblem]) -> Markup {
    html! {
        @if !faults.is_empty() {
            div.banner.bad role="alert" {
                strong { "Nothing was done. " (if faults.len() == 1 { "This is not right:" } else { "These are not right:" }) }
                ul { @for fault in faults { li {
                    @match &fault.field {
                        Some(field) => { a href={ "#" (id(field)) } { (label(field)) } ": " }
                        None => {}
                    }
                    bdi { (fault.message) }
                } } }
            }
        }
    }
}

pub(super) fn check_form(viewer: &Viewer, shown: &FormShown<'_>) -> Markup {
    html! {
        form.check method="post" action=(shown.action) {
            input type="hidden" name="form" value=(viewer.form());
            @if let Some(version) = shown.version { input type="hidden" name="version" value=(version); }
            @for group in FORM.iter() {
                fieldset {
                    legend { (group.title) }
                    @for field in &group.fields { (one_field(field, shown)) }
                }
            }
            fieldset {
                legend { "All other keys" }
                (rest(shown))
            }
            (who(viewer))
            p { button type="submit" name="do" value="save" { (shown.button) } }
        }
    }
}

/// What all kinds of fields have.
struct Control<'p> {
    name: &'p str,
    value: &'p str,
    faults: Vec<&'p FieldProblem>,
}

impl<'p> Control<'p> {
    fn of(shown: &FormShown<'p>, name: &'p str) -> Control<'p> {
        let faults = shown.faults.iter().filter(|fault| fault.field.as_deref() == Some(name)).collect();
        Control { name, value: shown.form.value(name), faults }
    }

    fn is_invalid(&self) -> Option<&'static str> {
        (!self.faults.is_empty()).then_some("true")
    }

    fn described_by(&self) -> String {
        let id = id(self.name);
        if self.faults.is_empty() { format!("{id}-hint") } else { format!("{id}-hint {id}-fault") }
    }

    fn line(&self, field: &FormField) -> Markup {
        let max_bytes = match field.kind {
            FieldKind::Line(max_bytes) => Some(max_bytes),
            _ => None,
        };
        let is_number = field.kind == FieldKind::Whole;
        html! {
            input id=(id(self.name)) name=(self.name) value=(self.value) maxlength=[max_bytes] placeholder=[example(field)]
                inputmode=[is_number.then_some("numeric")] autocomplete="off"
                aria-invalid=[self.is_invalid()] aria-describedby=(self.described_by());
        }
    }

    fn lines(&self, rows: usize, max_bytes: Option<usize>) -> Markup {
        let is_code = max_bytes.is_none();
        html! {
            textarea id=(id(self.name)) name=(self.name) rows=(rows) maxlength=[max_bytes] spellcheck=[is_code.then_some("false")]
                aria-invalid=[self.is_invalid()] aria-describedby=(self.described_by()) {
                // The first end of a line after the tag is none of the text.
                "\n" (self.value)
            }
        }
    }

    fn choice(&self, words: &[&str]) -> Markup {
        html! {
            select id=(id(self.name)) name=(self.name) aria-invalid=[self.is_invalid()] aria-describedby=(self.described_by()) {
                option value="" {}
                @for word in words { option value=(word) selected[*word == self.value] { (word) } }
            }
        }
    }

    fn beside(&self) -> Markup {
        html! {
            @if !self.faults.is_empty() {
                div.fault id={ (id(self.name)) "-fault" } { @for fault in &self.faults { p { bdi { (fault.message) } } } }
            }
        }
    }
}

fn one_field<'p>(field: &'p FormField, shown: &FormShown<'p>) -> Markup {
    let control = Control::of(shown, &field.name);
    html! {
        div.field {
            label for=(id(&field.name)) { (label(&field.name)) }
            @match field.kind {
                FieldKind::Lines(max_bytes) => (control.lines(FEW, Some(max_bytes))),
                FieldKind::Labels => (control.lines(FEW, None)),
                FieldKind::OneOf(words) => (control.choice(words)),
                FieldKind::Line(_) | FieldKind::Duration | FieldKind::Whole => (control.line(field)),
            }
            p.hint id={ (id(&field.name)) "-hint" } {
                (in_code(field.doc))
                @if field.kind == FieldKind::Labels { " One on each line, as " code { "team: dba" } "." }
            }
            (control.beside())
        }
    }
}

fn rest(shown: &FormShown<'_>) -> Markup {
    let control = Control::of(shown, REST);
    html! {
        div.field {
            label for=(id(REST)) { (label(REST)) }
            (control.lines(MANY, None))
            p.hint id={ (id(REST)) "-hint" } { "As in a file, a key on each line. Keys with a field above go there or here, not to both." }
            (control.beside())
            details data-key="keys" {
                summary { "Which keys there are" }
                dl { @for (key, doc) in keys_of_rest() { dt { code { (key) } } dd { (in_code(doc)) } } }
            }
        }
    }
}

fn example(field: &FormField) -> Option<&'static str> {
    match field.kind {
        FieldKind::Duration => Some(field.default.unwrap_or("1h30m")),
        _ => field.default,
    }
}

fn id(field: &str) -> String {
    format!("f-{}", field.replace('.', "-"))
}

/// `expect.at_least` is "Expect: at least".
pub(super) fn label(field: &str) -> String {
    if field == REST {
        return "YAML".to_owned();
    }
    let words = field.replace('_', " ").replace('.', ": ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What stands in backquotes is code.
fn in_code(text: &str) -> Markup {
    html! {
        @for (number, part) in text.split('`').enumerate() {
            @if number % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_called_by_its_key_and_its_hint_shows_code() {
        assert_eq!(label("expect.at_least"), "Expect: at least");
        assert_eq!(label("runbook_url"), "Runbook url");
        assert_eq!(label(REST), "YAML");
        assert_eq!(in_code("With `cron`, not else.").into_string(), "With <code>cron</code>, not else.");
    }
}
