//! `list`: written in pieces, since a thousand canaries may have a million events.

use std::io::{BufWriter, Write};
use std::sync::Arc;
use std::time::Duration;

use regex::Regex;
use serde::ser::{Error as _, Serialize, SerializeSeq, Serializer};

use super::command::Command;
use super::dialect::Dialect;
use super::fault::CommandFault;
use super::reply::with_body;
use super::shown::{self, OkWith, Ranges, Standing};
use super::{json, search};
use crate::compat::door::{DoorAnswer, DoorBody};
use crate::compat::host::Host;
use crate::core::check::Alias;
use crate::store::live::Check;

/// The approximate size of a piece, in bytes.
const PIECE_BYTES: usize = 64 * 1024;
/// The time for a whole list, from the request to the last byte that the client reads.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A request for a list.
struct List {
    host: Arc<dyn Host>,
    dialect: &'static Dialect,
    verbose: bool,
    paused: Option<bool>,
    late: Option<bool>,
    search: Option<Regex>,
}

pub(super) async fn list(command: &Command<'_>) -> Result<DoorAnswer, CommandFault> {
    let Command { host, dialect, args, .. } = command;
    let [verbose, paused, late] = [args.flag("verbose")?, args.flag("paused")?, args.flag("late")?];
    let all = ["verbose", "paused", "late", "search"];
    args.only(if dialect.extras { &all } else { &all[..3] })?;
    let search = match args.last("search") {
        Some(text) => {
            let text = text.to_owned();
            Some(host.aside(command.visitor, move || search::expression(&text)).await??)
        }
        None => None,
    };
    let host = Arc::clone(host);
    let list = List { host, dialect, verbose: verbose == Some(true), paused, late, search };
    let write = move |out: &mut dyn Write| {
        let mut out = BufWriter::with_capacity(PIECE_BYTES, out);
        let answer = OkWith(list.dialect.many, &list);
        json::write(&mut out, &answer)
            .and_then(|()| out.flush())
            .inspect_err(|error| tracing::warn!(%error, "a list of canaries was not sent to its end"))
    };
    Ok(with_body(200, DoorBody::Written { write: Box::new(write), within: TIMEOUT }))
}

impl List {
    fn has(&self, check: &Check, canary: &Alias) -> bool {
        let definition = &check.definition;
        if let Some(search) = &self.search {
            let texts = [&*definition.title, &canary.slug, &canary.id];
            let emails = definition.emails.iter().map(String::as_str);
            if !texts.into_iter().chain(emails).any(|text| search.is_match(text)) {
                return false;
            }
        }
        if self.paused.is_none() && self.late.is_none() {
            return true;
        }
        let standing = Standing::of(&*self.host, self.dialect, check);
        self.paused.is_none_or(|paused| paused == standing.paused)
            && self.late.is_none_or(|late| late == standing.late)
    }
}

#[derive(serde::Serialize)]
struct Short<'a> {
    id: &'a str,
    name: &'a str,
}

impl Serialize for List {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let directory = self.host.services().live.directory();
        let mut canaries: Vec<_> =
            directory.checks.iter().filter_map(|check| self.dialect.known(check)).collect();
        // In the order of their creation.
        canaries.sort_by_key(|(check, _)| check.id);
        let mut list = serializer.serialize_seq(None)?;
        for (check, canary) in canaries.into_iter().filter(|(check, canary)| self.has(check, canary)) {
            if self.verbose {
                let look = shown::look(&*self.host, self.dialect, (check, canary), Ranges::LeftOut);
                list.serialize_element(&look.map_err(S::Error::custom)?)?;
            } else {
                list.serialize_element(&Short { id: &canary.id, name: &check.definition.title })?;
            }
        }
        list.end()
    }
}
