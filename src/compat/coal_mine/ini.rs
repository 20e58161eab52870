//! `coal-mine.ini` in the words of `punctual.yaml`: port, key, sender and mail server.

use std::collections::HashMap;

use serde_json::{Value, json};

/// The longest file, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// What stands in the file: sections and keys in lower case, as Python's ConfigParser reads them.
type Settings = HashMap<(String, String), String>;

/// The file as YAML; why not, with the line. Secrets are not in it: it names files for them, and says where they stand.
pub(super) fn to_yaml(text: &str) -> Result<String, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("it has more than {MAX_BYTES} bytes"));
    }
    let settings = read(text)?;
    let get = |section: &str, key: &str| {
        let value = settings.get(&(section.to_owned(), key.to_owned()));
        value.map(String::as_str).filter(|value| !value.is_empty())
    };
    let mut yaml = String::from("# From coal-mine.ini.\n");
    let mut add = |line: String| {
        yaml.push_str(&line);
        yaml.push('\n');
    };
    let port = port(get("wsgi", "port"), "wsgi.port")?.unwrap_or(80);
    add(format!("# Start it so that jobs find it where coal-mine was: --web.listen-address=:{port}"));
    if get("wsgi", "auth_key").is_some() {
        add("# Put `auth_key` of the section [wsgi] into a file coal-mine-auth-key beside this one (mode 0600).".to_owned());
    }
    if get("email", "password").is_some() {
        add("# Put `password` of the section [email] into a file smtp-password beside this one (mode 0600)."
            .to_owned());
    }
    add("compat:".to_owned());
    add("  coal_mine:".to_owned());
    add("    enabled: true".to_owned());
    if get("wsgi", "auth_key").is_some() {
        add("    auth_key_file: coal-mine-auth-key".to_owned());
    }
    add("smtp:".to_owned());
    add(format!("  host: {}", quoted(get("email", "host").unwrap_or("localhost"))));
    add(format!("  port: {}", self::port(get("email", "port"), "email.port")?.unwrap_or(25)));
    add("  tls: none  # as coal-mine has it; starttls or implicit if the mail server can".to_owned());
    let from = get("email", "sender").ok_or("there is no `sender` in the section [email]")?;
    add(format!("  from: {}", quoted(from)));
    if let Some(username) = get("email", "username") {
        add(format!("  username: {}", quoted(username)));
    }
    if get("email", "password").is_some() {
        add("  password_file: smtp-password".to_owned());
    }
    Ok(yaml)
}

/// JSON's texts are YAML's.
fn quoted(text: &str) -> Value {
    json!(text)
}

fn port(text: Option<&str>, what: &str) -> Result<Option<u16>, String> {
    let wrong = |_| format!("`{what}` is no port");
    text.map(|text| text.parse().map_err(wrong)).transpose()
}

fn read(text: &str) -> Result<Settings, String> {
    let mut settings = Settings::new();
    let mut section = String::new();
    for (line, number) in text.lines().zip(1..) {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with(char::is_whitespace) && !section.is_empty() && !trimmed.contains(['=', ':']) {
            return Err(format!("line {number}: a value over several lines is not understood here"));
        }
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.trim().to_owned();
            continue;
        }
        // The line itself may hold a secret: it is not shown.
        let (key, value) = trimmed
            .split_once(['=', ':'])
            .ok_or(format!("line {number}: this is neither [section] nor key = value"))?;
        if value.contains(char::is_control) {
            return Err(format!("line {number}: control characters"));
        }
        settings.insert((section.clone(), key.trim().to_lowercase()), value.trim().replace("%%", "%"));
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INI: &str = "; coal-mine\n[mongodb]\nhosts = localhost\n\n[email]\nsender: Coal Mine <coal@example.org>\n\
        host=mail.example.org\nport=2525\nusername = o'\"x\npassword = s3cret\n[wsgi]\nport = 8080\nauth_key = k3y\n";

    #[test]
    fn it_says_what_coal_mine_said_and_punctual_reads_it() {
        let yaml = to_yaml(INI).expect("it is right");
        assert!(!yaml.contains("s3cret") && !yaml.contains("k3y"), "{yaml}");
        assert!(yaml.contains("--web.listen-address=:8080"), "{yaml}");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("it is ours");
        write("coal-mine-auth-key", "k3y");
        write("smtp-password", "s3cret");
        write("main.yaml", &yaml);
        let config = crate::config::load(&folder.path().join("main.yaml"), &crate::compat::DOOR_KEYS)
            .map_err(|faults| faults.to_string());
        let config = config.expect("punctual reads it");
        let smtp = config.smtp.expect("there is a mail server");
        assert_eq!(
            (&*smtp.host, smtp.port, &*smtp.from),
            ("mail.example.org", 2525, "Coal Mine <coal@example.org>")
        );
        assert_eq!(smtp.login.expect("a login").username, "o'\"x");
        assert!(config.compat[0].auth_key.is_some());
    }

    #[test]
    fn what_is_not_understood_is_refused_without_showing_it() {
        let check = |text: &str, expected: &str| {
            let error = to_yaml(text).expect_err(text);
            assert!(error.contains(expected) && !error.contains("s3cret"), "{error}");
        };
        check("[email]\nsender = a@b\ns3cret", "line 3: this is neither");
        check("[email]\nhost = x", "there is no `sender`");
        check("[email]\nsender = a@b\n[wsgi]\nport = s3cret", "`wsgi.port` is no port");
        check(&"#".repeat(MAX_BYTES + 1), "it has more than");
    }
}
