//! What a ping's URL names: `/ping/{name}[/{action}]` or `/ping/{key}/{name}[/{action}]`.

use std::borrow::Cow;

use super::decode;
use crate::core::check::{Name, PingKind};

/// What a ping's path names. Not yet whether it exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target<'p> {
    pub(super) key: Option<Cow<'p, [u8]>>,
    pub(super) name: Cow<'p, [u8]>,
    pub(super) kind: PingKind,
    pub(super) exit_status: Option<u8>,
}

/// Why a path names nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TargetFault {
    /// Too few or too many parts.
    Shape,
    /// A `%` that is not followed by two hex digits.
    Encoding,
    /// Digits, and more than 255.
    ExitStatus,
    /// The last of three parts is no action.
    Action,
}

/// Reads what follows `/ping/`. Of two parts the second decides: names are never actions (core::check::Name), so that
/// `a/start` is a check and what it did, and `a/b` a key and a check.
pub(super) fn parse(path: &str) -> Result<Target<'_>, TargetFault> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut parts = path.split('/').map(decode::path_part);
    let mut next = || parts.next().map(|part| part.ok_or(TargetFault::Encoding)).transpose();
    let first = next()?.unwrap_or_default();
    let (second, third) = (next()?, next()?);
    if next()?.is_some() || first.is_empty() || second.as_ref().is_some_and(|second| second.is_empty()) {
        return Err(TargetFault::Shape);
    }
    let target = |key, name, (kind, exit_status)| Target { key, name, kind, exit_status };
    match (second, third) {
        (None, _) => Ok(target(None, first, (PingKind::Success, None))),
        (Some(second), None) => match action(&second) {
            Some(action) => Ok(target(None, first, action?)),
            None => Ok(target(Some(first), second, (PingKind::Success, None))),
        },
        (Some(second), Some(third)) => {
            Ok(target(Some(first), second, action(&third).ok_or(TargetFault::Action)??))
        }
    }
}

/// What a job did; `None` if it is no action at all.
fn action(part: &[u8]) -> Option<Result<(PingKind, Option<u8>), TargetFault>> {
    match part {
        b"start" => Some(Ok((PingKind::Start, None))),
        b"fail" => Some(Ok((PingKind::Fail, None))),
        b"log" => Some(Ok((PingKind::Log, None))),
        digits if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
            let number =
                digits.iter().try_fold(0_u8, |sum, digit| sum.checked_mul(10)?.checked_add(digit - b'0'));
            Some(match number {
                Some(0) => Ok((PingKind::Success, Some(0))),
                Some(status) => Ok((PingKind::Fail, Some(status))),
                None => Err(TargetFault::ExitStatus),
            })
        }
        _ => None,
    }
}

impl Target<'_> {
    /// The name, if it can be one.
    pub(super) fn name(&self) -> Option<&str> {
        std::str::from_utf8(&self.name).ok().filter(|name| name.len() <= Name::MAX_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Named<'a> = (Option<&'a str>, &'a str, PingKind, Option<u8>);

    fn check(path: &str, expected: Result<Named<'_>, TargetFault>) {
        let expected = expected.map(|(key, name, kind, exit_status)| Target {
            key: key.map(|key| key.as_bytes().into()),
            name: name.as_bytes().into(),
            kind,
            exit_status,
        });
        assert_eq!(parse(path), expected, "{path}");
    }

    #[test]
    fn a_path_names_a_check_and_what_it_did() {
        use PingKind::{Fail, Log, Start, Success};
        check("a", Ok((None, "a", Success, None)));
        check("a/", Ok((None, "a", Success, None)));
        check("a/start", Ok((None, "a", Start, None)));
        check("a/fail", Ok((None, "a", Fail, None)));
        check("a/log/", Ok((None, "a", Log, None)));
        check("key/a", Ok((Some("key"), "a", Success, None)));
        check("key/a/start", Ok((Some("key"), "a", Start, None)));
        check("start/a/log", Ok((Some("start"), "a", Log, None)));
        check("%6bey/%61/%30", Ok((Some("key"), "a", Success, Some(0))));
        check("k%2Fy/a", Ok((Some("k/y"), "a", Success, None)));
    }

    // 5.2
    #[test]
    fn an_exit_status_of_0_is_a_success_and_up_to_255_a_failure() {
        check("a/0", Ok((None, "a", PingKind::Success, Some(0))));
        check("a/1", Ok((None, "a", PingKind::Fail, Some(1))));
        check("a/0255", Ok((None, "a", PingKind::Fail, Some(255))));
        for beyond in ["a/256", "key/a/256", "a/99999999999999999999999999"] {
            check(beyond, Err(TargetFault::ExitStatus));
        }
    }

    #[test]
    fn what_names_nothing_is_a_fault() {
        for shape in ["", "/", "//", "a//", "/a", "a//b", "a/b/c/d", "key/a/start/x"] {
            check(shape, Err(TargetFault::Shape));
        }
        for encoding in ["%", "a/%g0", "key/%f"] {
            check(encoding, Err(TargetFault::Encoding));
        }
        for action in ["key/a/b", "key/a/-1", "key/a/1.5", "key/a/START"] {
            check(action, Err(TargetFault::Action));
        }
    }

    proptest::proptest! {
        /// Whatever stands in a URL is a target or a fault, and never has an empty part or two meanings.
        #[test]
        fn any_path_is_a_target_or_a_fault(path in "(/|%[0-9a-fA-F]{0,2}|start|0|256|[a-z]|\\PC){0,12}") {
            if let Ok(target) = parse(&path) {
                proptest::prop_assert!(!target.name.is_empty());
                proptest::prop_assert!(target.key.is_none_or(|key| !key.is_empty()));
            }
        }
    }
}
