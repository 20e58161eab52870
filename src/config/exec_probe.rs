//! `exec` of an assertion: a command of this machine (17.15).

use super::http_probe::has_secret_word;
use crate::core::probe::ExecProbe;
use crate::notify::exec::{NOT_ALLOWED, limits, line};
use crate::yaml::fault::{Log, quote};
use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;

pub(super) fn exec_probe(fields: &Fields<'_>, log: &mut Log) -> Option<ExecProbe> {
    let line = line(fields, log);
    if let Some(option) = secret_option(&line) {
        let place = log.show(fields.at_value("command"));
        log.warn(format!(
            "{place}: whoever reads the check or the list of processes sees what {} of its `command` is",
            quote(option)
        ));
    }
    Some(ExecProbe {
        timeout: fields.duration(log, "timeout").unwrap_or(ExecProbe::DEFAULT_TIMEOUT),
        limits: limits(fields, log),
        names_records: fields.one_of(log, "records") == Some("jsonl"),
        line: fields.has("command").then(|| line.into_iter().map(Into::into).collect())?,
    })
}

/// An option whose value, in the same argument or the next one, looks as if nobody should read it.
fn secret_option<'a>(line: &[&'a str]) -> Option<&'a str> {
    let mut options = line.iter().skip(1).enumerate().filter(|(_, text)| text.starts_with("--"));
    let (_, found) = options.find(|(at, text)| {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        let has_value = !value.is_empty() || line.get(at + 2).is_some_and(|next| !next.starts_with('-'));
        has_value && has_secret_word(name) && !["file", "path"].iter().any(|end| name.ends_with(end))
    })?;
    Some(found.split('=').next().unwrap_or_default())
}

/// 17.11: no command is run but where the server's administrator allows it.
pub(super) fn check(check: &Fields<'_>, loader: &mut Loader) {
    let asserted = check.get("assert").and_then(|node| node.member("exec"));
    if let Some(node) = asserted.filter(|_| !loader.allows_exec) {
        loader.log.fault(node.at, NOT_ALLOWED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_in_a_command_is_found() {
        let found = |line: &str| secret_option(&line.split(' ').collect::<Vec<_>>()).map(str::to_owned);
        assert_eq!(found("/a --password=x").as_deref(), Some("--password"));
        assert_eq!(found("/a -v --api-key x").as_deref(), Some("--api-key"));
        for line in ["/a --password-file=x", "/a --password", "/a --token -v", "/a x", "/token=a --host b"] {
            assert_eq!(found(line), None, "{line}");
        }
    }
}
