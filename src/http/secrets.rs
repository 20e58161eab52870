//! All that is a secret of the configuration, to know it where a name should stand (23.12).

use super::decode;
use super::hash::Hash;
use crate::config::{Config, SHORT_SECRET_BYTES};
use crate::core::check::Name;
use crate::notify::parts_of_url;

/// Keys, tokens, passwords, and what receivers are reached with.
#[derive(Debug, Default)]
pub struct Secrets(Vec<Hash>);

impl Secrets {
    /// Those of this configuration.
    pub fn of(config: &Config) -> Secrets {
        let hashes_of_people = config.people.iter().map(|person| &person.hash);
        let texts = config.secrets.iter().chain(hashes_of_people).map(|secret| secret.expose());
        Secrets(texts.flat_map(forms).map(|form| Hash::of(form.as_bytes())).collect())
    }

    /// Whether this is one of them. All are compared, without an early end.
    pub(super) fn has(&self, shown: &[u8]) -> bool {
        let hash = Hash::of(shown);
        self.0.iter().fold(false, |found, one| found | one.equals(&hash))
    }
}

/// As it stands in the file, as it would be kept as a name, and what of a URL is long enough to be a secret by itself: `hooks` is none.
fn forms(text: &str) -> Vec<String> {
    let mut forms = parts_of_url(text);
    forms.retain(|part| part.len() >= SHORT_SECRET_BYTES);
    forms.push(text.to_owned());
    let kept: Vec<String> =
        forms.iter().map(|form| decode::shown(form.as_bytes(), Name::MAX_BYTES)).collect();
    forms.extend(kept);
    forms.sort_unstable();
    forms.dedup();
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_s_long_parts_are_secrets_and_its_words_are_none() {
        let url = "https://me:a-password-of-a-proxy@hooks.example.org/services/T0/s3cret%2Fof-a-channel";
        let forms = forms(url);
        for secret in [url, "a-password-of-a-proxy", "s3cret/of-a-channel", "s3cret%2Fof-a-channel"] {
            assert!(forms.iter().any(|form| form == secret), "{secret}: {forms:?}");
        }
        assert!(!forms.iter().any(|form| ["services", "T0", "me", ""].contains(&form.as_str())), "{forms:?}");
    }

    #[test]
    fn of_a_long_secret_what_would_be_kept_of_it_is_one() {
        let long = "x".repeat(1000);
        assert_eq!(forms(&long), ["x".repeat(Name::MAX_BYTES), long]);
    }
}
