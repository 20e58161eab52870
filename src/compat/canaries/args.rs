//! A command's arguments: the query's parameters, parsed as by Python's `parse_qs`.

use std::borrow::Cow;

use super::fault::CommandFault;

/// Parameters in their order. Parameters without a value are dropped, as if they had not been given.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Args(Vec<(String, String)>);

impl Args {
    /// Parses a query.
    pub(super) fn parse(query: Option<&str>) -> Args {
        let owned = |(name, value): (Cow<str>, Cow<str>)| (name.into_owned(), value.into_owned());
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Args(pairs.filter(|(_, value)| !value.is_empty()).map(owned).collect())
    }

    /// Appends a parameter.
    pub(super) fn with(mut self, name: &str, value: &str) -> Args {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Removes all parameters of a name and returns the first value.
    pub(super) fn take_first(&mut self, name: &str) -> Option<String> {
        let first = self.0.iter().find(|(given, _)| given == name).map(|(_, value)| value.clone());
        self.0.retain(|(given, _)| given != name);
        first
    }

    /// The last value of a name. It overrides earlier ones.
    pub(super) fn last(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(given, _)| given == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The last value of a required parameter.
    pub(super) fn required(&self, name: &str) -> Result<&str, CommandFault> {
        self.last(name)
            .ok_or_else(|| CommandFault::exception("Exception", &format!("Missing argument \"{name}\"")))
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, CommandFault> {
        let Some(value) = self.last(name) else { return Ok(None) };
        match value.to_lowercase().as_str() {
            "true" | "yes" | "1" => Ok(Some(true)),
            "false" | "no" | "0" => Ok(Some(false)),
            _ => {
                let text = format!("Bad boolean value \"{value}\" for parameter \"{name}\"");
                Err(CommandFault::exception("Exception", &text))
            }
        }
    }

    /// Refuses the first parameter that is not among these.
    pub(super) fn only(&self, allowed: &[&str]) -> Result<(), CommandFault> {
        match self.0.iter().find(|(name, _)| !allowed.contains(&name.as_str())) {
            Some((name, _)) => {
                Err(CommandFault::exception("Exception", &format!("Unexpected argument \"{name}\"")))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_values_are_dropped_and_the_last_one_wins() {
        let args = Args::parse(Some("late=&name=a&name=b&email=x&name=&email=y&flag&n=1"));
        assert_eq!(args.last("late"), None);
        assert_eq!(args.last("name"), Some("b"));
        assert_eq!(args.last("flag"), None);
        assert_eq!(args.all("email"), ["x", "y"]);
        assert_eq!(Args::parse(None), Args::default());
    }

    #[test]
    fn of_several_keys_the_first_counts() {
        let mut args = Args::parse(Some("auth_key=&auth_key=a&id=x&auth_key=b"));
        assert_eq!(args.take_first("auth_key").as_deref(), Some("a"));
        assert_eq!(args, Args::parse(Some("id=x")));
        assert_eq!(args.take_first("auth_key"), None);
    }

    #[test]
    fn booleans_are_words_in_any_case() {
        let check = |value: &str, expected: Result<Option<bool>, CommandFault>| {
            assert_eq!(Args::parse(Some(&format!("late={value}"))).flag("late"), expected, "{value}");
        };
        for yes in ["true", "True", "YES", "1"] {
            check(yes, Ok(Some(true)));
        }
        for no in ["false", "False", "No", "0"] {
            check(no, Ok(Some(false)));
        }
        check("", Ok(None));
        let text = r#"Exception('Bad boolean value "2" for parameter "late"')"#;
        check("2", Err(CommandFault::bad(text)));
    }

    #[test]
    fn what_is_missing_or_not_known_is_named() {
        let args = Args::parse(Some("name=a&froodle=1&x=2"));
        assert_eq!(
            args.only(&["name"]),
            Err(CommandFault::bad(r#"Exception('Unexpected argument "froodle"')"#))
        );
        assert_eq!(args.only(&["x", "name", "froodle"]), Ok(()));
        assert_eq!(
            args.required("periodicity"),
            Err(CommandFault::bad(r#"Exception('Missing argument "periodicity"')"#))
        );
        // What a client sends is shown in Python's quotes.
        let args = Args::parse(Some("it%27s%0A=1"));
        assert_eq!(args.only(&[]), Err(CommandFault::bad(r#"Exception('Unexpected argument "it\'s\n"')"#)));
    }
}
