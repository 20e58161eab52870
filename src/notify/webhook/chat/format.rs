//! What is known of a chat.

use std::fmt;

use reqwest::Url;
use serde_json::Value;

use crate::core::secret::Secret;
use crate::notify::render::Text;

/// A chat's own format.
pub struct ChatFormat {
    /// As files name it.
    pub(crate) name: &'static str,
    /// How many checks with the longest names, titles and reasons fit within the limits of the chat's readers. A test
    /// holds each number.
    pub(crate) max_members: usize,
    /// Whether the URL is all that is needed to write there.
    pub(crate) url_is_secret: bool,
    pub(crate) post: Post,
}

/// Where is posted, and what.
pub(crate) enum Post {
    /// To the URL as it is.
    ToUrl(fn(&Text) -> Value),
    /// To the URL without its last part, which is the topic.
    ToTopic(fn(&Text, &str) -> Value),
}

impl ChatFormat {
    /// What is wrong with a URL, behind its key.
    pub(crate) fn problem_of(&self, url: &str) -> Option<String> {
        let ChatFormat { name, post, .. } = self;
        (matches!(post, Post::ToTopic(_)) && !is_topic(url)).then(|| {
            format!(
                "of {name} ends with the topic, and with nothing behind it, as in https://{name}.example.org/topic"
            )
        })
    }

    /// Where to post, and the topic; "" without topics.
    pub(crate) fn address(&self, url: &Secret) -> (Secret, String) {
        let split = url.expose().trim_end_matches('/').rsplit_once('/');
        match (&self.post, split) {
            (Post::ToTopic(_), Some((root, topic))) if !root.ends_with('/') => {
                (Secret::new(format!("{root}/")), topic.to_owned())
            }
            _ => (url.clone(), String::new()),
        }
    }

    pub(crate) fn write(&self, text: &Text, topic: &str) -> Value {
        match self.post {
            Post::ToUrl(write) => write(text),
            Post::ToTopic(write) => write(text, topic),
        }
    }
}

impl fmt::Debug for ChatFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for ChatFormat {
    fn eq(&self, other: &ChatFormat) -> bool {
        self.name == other.name
    }
}

impl Eq for ChatFormat {}

/// Whether a URL ends with a topic. We send the settings in the body, so the URL must have none.
fn is_topic(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let topic = url.path().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (1..=64).contains(&topic.len())
        && topic.bytes().all(is_word)
        && url.query().is_none()
        && url.fragment().is_none()
}
