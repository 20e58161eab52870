//! A mail to some addresses: what the files say.

use super::address::check_address;
use crate::notify::webhook::template_problem;
use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;
use crate::yaml::section::Kind::{Lines, Text, Texts};
use crate::yaml::section::Need::{Optional, Required};
use crate::yaml::section::{Section, key};

pub(crate) static EMAIL: Section = Section {
    id: "email",
    title: "`email`",
    keys: &[
        key("to", Texts, Required, "Addresses: `a@b` or `Name <a@b>`."),
        key("subject", Text(200), Optional, "The subject; a recovery's begins with `[RECOVERED]`, and that of records of which some are over with `[EASED]`."),
        key("text", Lines(65_536), Optional, "Template of the text."),
        key("html", Lines(65_536), Optional, "Template of the HTML. With `text` and without it: text alone."),
        key("reply_to", Text(320), Optional, "Whom an answer goes to: `a@b` or `Name <a@b>`."),
    ],
};

/// Mail to these addresses. What is `None` we write as ever.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Email {
    /// At least one; each as written: `a@b` or `Name <a@b>`.
    pub to: Vec<String>,
    pub subject: Option<String>,
    /// A template, which has already been parsed once.
    pub text: Option<String>,
    /// Likewise.
    pub html: Option<String>,
    /// An address as those of `to`.
    pub reply_to: Option<String>,
}

impl Email {
    pub fn has_template(&self) -> bool {
        self.text.is_some() || self.html.is_some()
    }
}

/// The addresses, and what is said in place of our words. A mail needs a mail server.
pub(crate) fn read(loader: &mut Loader, item: &Fields<'_>, main: &Fields<'_>) -> Option<Email> {
    if !main.has("smtp") {
        loader.log.fault(item.at_key("email"), "mail needs the section `smtp`, which is missing");
    }
    let log = &mut loader.log;
    let fields = item.map(log, "email")?;
    let to = fields.texts(log, "to");
    to.iter().for_each(|(at, text)| check_address(*at, text, log));
    if to.is_empty() && fields.has("to") {
        log.fault(fields.at_value("to"), "`to` needs at least one address");
    }
    let reply_to = fields.text(log, "reply_to");
    if let Some(reply_to) = reply_to {
        check_address(fields.at_value("reply_to"), reply_to, log);
    }
    let mut template = |key: &str| {
        let source = fields.text(log, key);
        if let Some(problem) = source.and_then(template_problem) {
            log.fault(fields.at_value(key), problem);
        }
        source.map(str::to_owned)
    };
    let (text, html) = (template("text"), template("html"));
    Some(Email {
        to: to.into_iter().map(|(_, text)| text.to_owned()).collect(),
        subject: fields.text(log, "subject").map(str::to_owned),
        text,
        html,
        reply_to: reply_to.map(str::to_owned),
    })
}
