//! What each operation takes and answers. The OpenAPI document is made of it, and the tests hold every answer against that.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::query::DEFAULT_LIMIT;
use super::shape;
use crate::store::history::MAX_PAGE;

/// What an operation takes and answers.
#[derive(Debug)]
pub(in crate::http) struct Contract {
    /// Its name in code that programs make of the document; unique.
    pub(in crate::http) id: &'static str,
    /// One line for people.
    pub(in crate::http) summary: &'static str,
    /// The parameters of its query; others are refused.
    pub(in crate::http) query: Vec<Parameter>,
    /// The shape of its body, which may be left out unless it is needed.
    pub(in crate::http) body: Option<AskedBody>,
    /// What it answers when all is well.
    pub(in crate::http) answers: (StatusCode, Content),
    /// What it shows or changes has versions: `ETag`, `If-Match`, `If-None-Match` (16.3f).
    pub(in crate::http) has_versions: bool,
    /// The statuses of its own problems, beside those that every operation has.
    pub(in crate::http) problems: &'static [u16],
}

/// A parameter of a query.
#[derive(Debug)]
pub(in crate::http) struct Parameter {
    pub(in crate::http) name: &'static str,
    pub(in crate::http) shape: Value,
    pub(in crate::http) meaning: &'static str,
}

/// What a body may be.
#[derive(Debug)]
pub(in crate::http) struct AskedBody {
    pub(in crate::http) kind: &'static str,
    pub(in crate::http) shape: Value,
    pub(in crate::http) is_needed: bool,
}

/// What an answer holds.
#[derive(Debug)]
pub(in crate::http) enum Content {
    /// JSON of this shape.
    Json(Value),
    /// Bytes that somebody sent.
    Bytes,
    Nothing,
}

impl Contract {
    /// An operation that takes nothing but its path, and answers JSON of this shape.
    pub(super) fn new(id: &'static str, summary: &'static str, answer: Value) -> Contract {
        let answers = (StatusCode::OK, Content::Json(answer));
        Contract { id, summary, query: Vec::new(), body: None, answers, has_versions: false, problems: &[] }
    }

    /// One that answers nothing (204).
    pub(super) fn of_nothing(id: &'static str, summary: &'static str) -> Contract {
        Contract {
            answers: (StatusCode::NO_CONTENT, Content::Nothing),
            ..Contract::new(id, summary, Value::Null)
        }
    }

    /// It makes something (201).
    pub(super) fn makes(mut self) -> Contract {
        self.answers.0 = StatusCode::CREATED;
        self
    }

    /// With a parameter.
    pub(super) fn takes(mut self, name: &'static str, shape: Value, meaning: &'static str) -> Contract {
        self.query.push(Parameter { name, shape, meaning });
        self
    }

    /// With `limit` and `cursor`.
    pub(super) fn paged(self) -> Contract {
        self.takes("limit", limit(), "The most items of the page.").takes(
            "cursor",
            shape::text(),
            "The `next_cursor` of the page before.",
        )
    }

    /// With a parameter that may be there several times.
    pub(super) fn takes_labels(self) -> Contract {
        let label = json!({"type": "string", "pattern": "^[^=]*="});
        self.takes("label", shape::list(label), "A name and a value, as in `team=dba`; all of them must fit.")
    }

    /// With a body of JSON that may be left out.
    pub(super) fn may_say(self, shape: Value) -> Contract {
        Contract { body: Some(AskedBody { kind: "application/json", shape, is_needed: false }), ..self }
    }

    /// With a body of JSON.
    pub(super) fn must_say(self, shape: Value) -> Contract {
        Contract { body: Some(AskedBody { kind: "application/json", shape, is_needed: true }), ..self }
    }

    /// With a text of this kind.
    pub(super) fn must_send(self, kind: &'static str) -> Contract {
        Contract { body: Some(AskedBody { kind, shape: shape::text(), is_needed: true }), ..self }
    }

    /// Of something with versions.
    pub(super) fn has_versions(self) -> Contract {
        Contract { has_versions: true, ..self }
    }

    /// It may be refused with these statuses, too.
    pub(super) fn refuses(self, problems: &'static [u16]) -> Contract {
        Contract { problems, ..self }
    }
}

/// How many items a page may have.
pub(super) fn limit() -> Value {
    json!({"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": DEFAULT_LIMIT})
}

/// The document itself.
pub(super) fn of_document() -> Contract {
    Contract::new("openApi", "This document", json!({"type": "object"}))
}
