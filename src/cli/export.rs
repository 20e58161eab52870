//! `punctual export`: the checks that were made through the API, as YAML for a file that takes them over.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Client, Url};
use serde_json::Value;

use super::Failure;

/// So long the server may take for a page.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Which server.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Where the server listens
    #[arg(long, env = "PUNCTUAL_URL", value_name = "URL", default_value = "http://127.0.0.1:19099")]
    server: Url,
    /// A file with a token that may read, where the server asks for one
    #[arg(long, env = "PUNCTUAL_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// Writes the YAML. A file that declares a check takes it over, with its history.
pub(super) async fn run(args: &Args, out: &mut dyn Write) -> Result<(), Failure> {
    let client = Client::builder().timeout(TIMEOUT).build()?;
    let token = args.token_file.as_ref().map(std::fs::read_to_string).transpose()?;
    let mut checks = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = page(&client, args, token.as_deref(), &cursor).await?;
        let Some(list) = page["checks"].as_array() else {
            return Err(Failure("punctual: the answer is no list of checks: is this punctual?".to_owned()));
        };
        checks.extend(list.iter().map(|check| check["definition"].to_string()));
        match page["next_cursor"].as_str() {
            Some(next) if *next > *cursor => next.clone_into(&mut cursor),
            _ => break,
        }
    }
    if checks.is_empty() {
        writeln!(out, "checks: []")?;
        return Ok(());
    }
    writeln!(out, "checks:")?;
    for check in checks {
        writeln!(out, "  - {check}")?;
    }
    Ok(())
}

async fn page(client: &Client, args: &Args, token: Option<&str>, cursor: &str) -> Result<Value, Failure> {
    let base = args.server.as_str().trim_end_matches('/');
    let mut url = Url::parse(&format!("{base}/api/v1/checks"))?;
    url.query_pairs_mut().extend_pairs([("source", "api"), ("limit", "100"), ("cursor", cursor)]);
    let mut request = client.get(url);
    if let Some(token) = token {
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.trim()))?;
        bearer.set_sensitive(true);
        request = request.header(AUTHORIZATION, bearer);
    }
    let answer = request.send().await?;
    let status = answer.status();
    let body = answer.bytes().await?;
    let json: Value = serde_json::from_slice(&body).unwrap_or_default();
    if !status.is_success() {
        let why = json["detail"].as_str().unwrap_or("the server did not say why");
        return Err(Failure(format!("punctual: {status}: {}", why.escape_debug())));
    }
    Ok(json)
}
