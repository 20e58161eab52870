//! What stands in one file: one pass over its bytes, whatever is sought (24.3).

use super::sought::{PlaceKind, Sought};
use crate::core::check::Name;
use crate::core::reference::Ref;

/// What stands in a line of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) what: Meant,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meant {
    /// This one of the checks that are sought.
    Check(usize, PlaceKind),
    /// A ping URL with a name that no check has.
    Dangling(String),
}

/// So far a command goes on after its name, and a URL before its path, in bytes.
const MAX_LINE_BYTES: usize = 1024;
/// The most words of a command that are looked at.
const MAX_WORDS: usize = 32;

/// All that stands in a text, in its order.
pub(super) fn find(text: &[u8], sought: &Sought) -> Vec<Finding> {
    let mut reader = Reader { text, sought, found: Vec::new(), line: 1, counted_to: 0 };
    let mut at = 0;
    while at < text.len() {
        if KINDS[usize::from(text[at])] == OTHER {
            at += 1;
            continue;
        }
        let run = at;
        loop {
            let word = at;
            while at < text.len() && KINDS[usize::from(text[at])] == WORD {
                at += 1;
            }
            reader.word(word, at);
            if at == text.len() || KINDS[usize::from(text[at])] != HYPHEN {
                break;
            }
            at += 1;
        }
        reader.run(run, at);
    }
    reader.found
}

const OTHER: u8 = 0;
const WORD: u8 = 1;
const HYPHEN: u8 = 2;

/// What each byte is to a word. Letters beyond ASCII end none: no word that is sought has any.
const KINDS: [u8; 256] = {
    let mut kinds = [OTHER; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            kinds[byte as usize] = WORD;
        }
        byte += 1;
    }
    kinds[b'-' as usize] = HYPHEN;
    kinds
};

struct Reader<'t> {
    text: &'t [u8],
    sought: &'t Sought,
    found: Vec<Finding>,
    /// The line of `counted_to`.
    line: usize,
    counted_to: usize,
}

impl<'t> Reader<'t> {
    /// A word without hyphens.
    fn word(&mut self, from: usize, to: usize) {
        match &self.text[from..to] {
            b"ping" => self.ping_url(from, to),
            b"punctual" => self.command(from, to),
            word if word.len() == Ref::LEN => {
                if let Some(check) = self.sought.by_ref(word) {
                    self.add(from, Meant::Check(check, PlaceKind::Ref));
                }
            }
            _ => {}
        }
    }

    /// Words and the hyphens between them.
    fn run(&mut self, from: usize, to: usize) {
        if let Some(check) = self.sought.by_id(&self.text[from..to]) {
            self.add(from, Meant::Check(check, PlaceKind::Id));
        }
    }

    fn add(&mut self, at: usize, what: Meant) {
        let between = &self.text[self.counted_to..at];
        self.line += between.iter().filter(|byte| **byte == b'\n').count();
        self.counted_to = at;
        self.found.push(Finding { line: self.line, what });
    }

    /// `/ping/NAME`
    fn ping_url(&mut self, from: usize, to: usize) {
        let text = self.text;
        if from == 0 || text[from - 1] != b'/' || text.get(to) != Some(&b'/') {
            return;
        }
        let name = &text[to + 1..];
        let len = name.iter().take(Name::MAX_BYTES + 1).take_while(|b| KINDS[usize::from(**b)] != OTHER);
        let len = len.count();
        let (name, rest) = name.split_at(len);
        if is_only_a_part(rest) {
            return;
        }
        if let Some((kind, check)) = self.sought.by_name(name) {
            self.add(from, Meant::Check(check, kind));
        } else if let Some(name) = std::str::from_utf8(name).ok().and_then(|name| Name::parse(name).ok())
            && is_url(&text[..from - 1])
        {
            self.add(from, Meant::Dangling(name.to_string()));
        }
    }

    /// `punctual ping NAME`, `punctual exec OPTIONS NAME -- …`, `"punctual", "report", "NAME"`
    fn command(&mut self, from: usize, to: usize) {
        if from > 0 && matches!(self.text[from - 1], b'-' | b'.') {
            return;
        }
        let rest = &self.text[to..self.text.len().min(to + MAX_LINE_BYTES)];
        let end = rest.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(rest.len());
        let is_between = |b: &u8| matches!(b, b' ' | b'\t' | b'"' | b'\'' | b',');
        if !rest[..end].first().is_some_and(is_between) {
            return;
        }
        let mut words = rest[..end].split(is_between).filter(|word| !word.is_empty()).peekable();
        words.next_if(|word| *word == b"checks");
        if !matches!(words.next(), Some(b"ping" | b"exec" | b"report")) {
            return;
        }
        let before_the_job = words.take(MAX_WORDS).take_while(|word| *word != b"--");
        let bare = |word: &'t [u8]| {
            let end = word.iter().rposition(|b| !matches!(b, b';' | b')' | b'`' | b']'));
            &word[..end.map_or(0, |end| end + 1)]
        };
        let found = before_the_job.map(bare).find_map(|word| self.sought.by_name(word));
        if let Some((kind, check)) = found {
            self.add(from, Meant::Check(check, kind));
        }
    }
}

/// Whether what stands before the rest is a part of a name that a program completes, or of a file's name.
fn is_only_a_part(rest: &[u8]) -> bool {
    match rest {
        [b'$' | b'{' | b'}' | b'<' | b'%' | b'*' | b'[' | b'\\', ..] => true,
        [b'.', next, ..] => next.is_ascii_alphanumeric(),
        [byte, ..] => !byte.is_ascii(),
        [] => false,
    }
}

/// Whether what ends here is the beginning of a URL, as it stands or in a variable: `lib/ping/server` is none, and
/// `router.get("/ping/health")` is another program's.
fn is_url(before: &[u8]) -> bool {
    let is_end_of_value =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'}' | b')' | b'%');
    let before = match before {
        [value @ .., b'"' | b'\''] if value.last().is_some_and(is_end_of_value) => value,
        value => value,
    };
    let is_edge = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`');
    let nearby = &before[before.len().saturating_sub(MAX_LINE_BYTES)..];
    let begin = nearby.iter().rposition(is_edge).map_or(0, |edge| edge + 1);
    let token = &nearby[begin..];
    let is_value = token.last().is_some_and(|byte| is_end_of_value(byte) || *byte == b']' || *byte == b'>');
    let has_scheme = token.windows(3).any(|part| part == b"://");
    has_scheme || is_value && token.iter().any(|byte| matches!(byte, b'$' | b'{' | b'%'))
}

#[cfg(test)]
mod tests {
    use super::super::sought::SoughtCheck;
    use super::*;

    /// What a text has of three checks, as `LINE KIND NAME`.
    fn check(text: &str, expected: &[&str]) {
        let known = |name: &str, reference: &str, id: Option<&str>| SoughtCheck {
            name: name.to_owned(),
            reference: Some(reference.to_owned()),
            former_names: vec![format!("old-{name}")],
            id: id.map(str::to_owned),
        };
        let sought = Sought::new(vec![
            known("backup", "x7kq2a", None),
            known("queue", "aakfdp", Some("qwertzui")),
            known("etl", "Ab1cD9", Some("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")),
        ]);
        let say = |Finding { line, what }: &Finding| match what {
            Meant::Check(check, kind) => format!("{line} {} {}", kind.as_str(), sought.checks[*check].name),
            Meant::Dangling(name) => format!("{line} dangling {name}"),
        };
        let found: Vec<String> = find(text.as_bytes(), &sought).iter().map(say).collect();
        assert_eq!(found, expected, "{text}");
    }

    /// 24.3
    #[test]
    fn refs_are_found_as_whole_words() {
        check("# x7kq2a: the backup\n\n// (aakfdp)", &["1 ref backup", "3 ref queue"]);
        check("backup-x7kq2a x7kq2a.", &["1 ref backup", "1 ref backup"]);
        check("x7kq2ab ax7kq2a _x7kq2a x7kq2a1 X7KQ2A", &[]);
        check("Ab1cD9 ab1cd9", &["1 ref etl"]);
        check("x7kq2a", &["1 ref backup"]);
    }

    /// 24.3
    #[test]
    fn names_are_found_in_ping_urls() {
        check("curl -fsS http://127.0.0.1:19099/ping/backup/$?", &["1 name backup"]);
        check("a\r\nGET \"/ping/queue?rid=1\"", &["2 name queue"]);
        check("https://p.example.org/punctual/ping/old-etl/start", &["1 former_name etl"]);
        check("/ping/backup-2 backup queue", &[]);
        check("/ping/f81d4fae-7dec-11d0-a765-00a0c91e6bf6", &["1 id etl"]);
    }

    /// 24.3
    #[test]
    fn a_ping_url_whose_name_no_check_has_dangles() {
        for url in ["http://h/ping/", "https://h/p/ping/", "$URL/ping/", "${URL}/ping/", "\"$URL\"/ping/"] {
            check(&format!("curl {url}bakup\n"), &["1 dangling bakup"]);
        }
        check("get http://h/ping/bakup. Then", &["1 dangling bakup"]);
        for other in ["NAME", "$NAME", "{name}", "<name>", "backup-$HOST", "start", "17", "a.html", "täglich"]
        {
            check(&format!("http://h/ping/{other}"), &[]);
        }
        for path in ["lib/ping/server", "get('/ping/health')", "$r->get('/ping/health')", "a.org/ping/v2"] {
            check(path, &[]);
        }
    }

    /// 24.3
    #[test]
    fn names_are_found_in_commands() {
        check("0 2 * * * root punctual exec backup -- restic backup", &["1 name backup"]);
        check("/usr/bin/punctual ping --timeout 5s 'queue'; true", &["1 name queue"]);
        check("CMD [\"punctual\", \"report\", \"etl\"]", &["1 name etl"]);
        check("`punctual checks ping old-backup`", &["1 former_name backup"]);
        check("punctual ping failed\npunctual ping\nbackup", &[]);
        check("punctual exec -- backup", &[]);
        check("punctual checks show backup; my-punctual ping backup; punctually ping backup", &[]);
    }

    /// 24.3
    #[test]
    fn ids_of_other_systems_are_found_as_whole_words() {
        check("/coal-mine/v1/canary/trigger?id=qwertzui&m=1", &["1 id queue"]);
        check("qwertzuio a-qwertzui", &[]);
    }

    #[test]
    fn any_bytes_are_read_to_their_end() {
        for text in
            ["", "-", "--", "ping", "/ping/", "http:///ping/", "punctual", "punctual ping", "/ping/a\u{0}"]
        {
            check(text, &[]);
        }
        check(&format!("http://h/ping/{}", "a".repeat(1000)), &[]);
        assert_eq!(find(&[0xff; 100], &Sought::default()), []);
    }
}
