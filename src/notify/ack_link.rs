//! Links in messages, by which people acknowledge what a message told (22.5).

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::render::base;
use crate::core::outbox::{Message, MessageId};
use crate::core::secret::Secret;
use crate::core::time::{Span, Time};

/// What such a link is good for: the incidents of one message, for a while. It is the same at each attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AckLink {
    /// The message's key, which no other message of any start has.
    key: String,
    /// Until when it is good, in whole seconds.
    pub until: Time,
}

impl AckLink {
    /// So long after its message was made it is good.
    pub const LASTS: Span = Span::mins(7 * 24 * 60);
    /// A longer token is none of ours, in bytes.
    const MAX_BYTES: usize = 256;

    /// That of a message.
    pub fn of(message: &Message) -> AckLink {
        let until = message.created_at + AckLink::LASTS;
        AckLink { key: message.key.clone(), until: Time::from_secs(until.as_ms().div_euclid(1000)) }
    }

    /// The link of a token; `None`: we have not signed it.
    pub fn read(secret: &Secret, token: &str) -> Option<AckLink> {
        if token.len() > AckLink::MAX_BYTES {
            return None;
        }
        let mut parts = token.split('.');
        let (key, until, mac) = (parts.next()?, parts.next()?, parts.next()?);
        let link = AckLink { key: key.to_owned(), until: Time::from_secs(until.parse().ok()?) };
        let given = BASE64_URL_SAFE_NO_PAD.decode(mac).ok()?;
        link.mac(secret).verify_slice(&given).ok()?;
        // One token, one text: nothing follows, and the number is written in one way.
        (token == link.token(secret)).then_some(link)
    }

    /// As it stands in the link.
    pub fn token(&self, secret: &Secret) -> String {
        let mac = BASE64_URL_SAFE_NO_PAD.encode(self.mac(secret).finalize().into_bytes());
        format!("{}.{}.{mac}", self.key, self.secs())
    }

    /// The whole link.
    pub fn url(&self, secret: &Secret, external_url: &str) -> String {
        format!("{}/ack/{}", base(external_url), self.token(secret))
    }

    /// Whose it is: the key of the message.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The number of the message, with which its key ends.
    pub fn message(&self) -> Option<MessageId> {
        self.key.rsplit('-').next()?.parse().ok().map(MessageId)
    }

    fn secs(&self) -> i64 {
        self.until.as_ms().div_euclid(1000)
    }

    fn mac(&self, secret: &Secret) -> Hmac<Sha256> {
        secret.signs("acknowledge").chain_update(self.secs().to_be_bytes()).chain_update(self.key.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::route::ReceiverName;

    fn message(key: &str, created_at: i64) -> Message {
        Message {
            id: MessageId(12),
            receiver: ReceiverName::from("ops"),
            key: key.to_owned(),
            members: Vec::new(),
            created_at: Time::from_ms(created_at),
            attempts: 1,
            attempts_here: 1,
            retry_at: None,
            origin: None,
        }
    }

    /// 22.5
    #[test]
    fn a_link_is_the_same_at_each_attempt_and_good_for_a_week() {
        let secret = Secret::new("of the database");
        let first = message("5eed-12", 1_800_000_000_123);
        let link = AckLink::of(&first);
        let again = AckLink::of(&Message { attempts: 9, retry_at: Some(Time::from_secs(1)), ..first });
        assert_eq!(link.token(&secret), again.token(&secret));
        assert_eq!(link.until, Time::from_secs(1_800_000_000 + 7 * 86_400));
        assert_eq!(AckLink::read(&secret, &link.token(&secret)), Some(link.clone()));
        assert_eq!((link.message(), link.key()), (Some(MessageId(12)), "5eed-12"));
        let url = link.url(&secret, "https://example.org/punctual/");
        assert!(url.starts_with("https://example.org/punctual/ack/5eed-12.1800604800."), "{url}");
    }

    /// 22.5
    #[test]
    fn no_token_but_ours_is_one() {
        let secret = Secret::new("of the database");
        let token = AckLink::of(&message("5eed-12", 1_800_000_000_000)).token(&secret);
        let parts: Vec<&str> = token.split('.').collect();
        let (key, until, mac) = (parts[0], parts[1], parts[2]);
        for forged in [
            "",
            "..",
            &format!("5eed-13.{until}.{mac}"),
            &format!("{key}.1900000000.{mac}"),
            &format!("{key}.+{until}.{mac}"),
            &format!("{key}.0{until}.{mac}"),
            &format!("{key}.{until}."),
            &format!("{key}.{until}.{}", &mac[1..]),
            &format!("{token}."),
            &format!("{token}.x"),
            &token.to_uppercase(),
            &"a".repeat(5000),
        ] {
            assert_eq!(AckLink::read(&secret, forged), None, "{forged}");
        }
        assert_eq!(AckLink::read(&Secret::new("of another"), &token), None);
    }
}
