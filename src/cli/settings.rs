//! The flags of `serve`, and what they mean: nothing behind this file sees a flag as it was written.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::BoolishValueParser;
use reqwest::Url;

use super::flags::StorageFolder;
use super::log::{LogFormat, LogLevel};
use crate::config::{ConfigFiles, parse_duration};
use crate::http::RoutePrefix;
use crate::notify::problem_of_host;

/// As they were written.
#[derive(Args, Clone, Debug)]
pub(super) struct Flags {
    /// The configuration.
    #[arg(
        long = "config.file",
        env = "PUNCTUAL_CONFIG_FILE",
        value_name = "FILE",
        default_value = "punctual.yaml"
    )]
    config_file: PathBuf,

    /// Read the configuration again when its files change, looked at this often, once they have stayed the same for 5s; 0s: only when told to.
    #[arg(
        long = "config.auto-reload-interval",
        env = "PUNCTUAL_CONFIG_AUTO_RELOAD_INTERVAL",
        value_name = "DURATION",
        default_value = "0s"
    )]
    auto_reload_interval: String,

    /// Take a configuration that removes more than half of the checks.
    #[arg(long = "config.allow-mass-removal", env = "PUNCTUAL_CONFIG_ALLOW_MASS_REMOVAL", value_parser = BoolishValueParser::new())]
    allow_mass_removal: bool,

    /// Run commands that the configuration names; without it, one in a file is a fault.
    #[arg(long = "config.allow-exec", env = "PUNCTUAL_CONFIG_ALLOW_EXEC", value_parser = BoolishValueParser::new())]
    allow_exec: bool,

    /// Judge and show everything, and let nothing leave: no message, no mail, no push to Alertmanager. For a restored copy.
    /// The next start without it tells what is still bad, and nothing else of the time before.
    #[arg(long = "no-deliveries", env = "PUNCTUAL_NO_DELIVERIES", value_parser = BoolishValueParser::new())]
    no_deliveries: bool,

    /// Where to listen; may be given several times (in the environment: with commas). Not used where systemd hands over sockets.
    #[arg(
        long = "web.listen-address",
        env = "PUNCTUAL_WEB_LISTEN_ADDRESS",
        value_name = "ADDRESS:PORT",
        value_delimiter = ',',
        default_value = "127.0.0.1:19099"
    )]
    listen_addresses: Vec<String>,

    /// Where people and jobs find this server; by default made from the first address it listens at.
    #[arg(long = "web.external-url", env = "PUNCTUAL_WEB_EXTERNAL_URL", value_name = "URL")]
    external_url: Option<String>,

    /// Serve everything below this path, for a proxy that passes it on. Where a proxy takes the path off, only --web.external-url
    /// has it.
    #[arg(
        long = "web.route-prefix",
        env = "PUNCTUAL_WEB_ROUTE_PREFIX",
        value_name = "PATH",
        default_value = "/"
    )]
    route_prefix: String,

    /// TLS, headers, people and a rate limit, in the format of Prometheus' exporters.
    #[arg(long = "web.config.file", env = "PUNCTUAL_WEB_CONFIG_FILE", value_name = "FILE")]
    web_config_file: Option<PathBuf>,

    /// Let whoever reaches the port have the configuration read again, by a POST to /-/reload.
    #[arg(long = "web.enable-lifecycle", env = "PUNCTUAL_WEB_ENABLE_LIFECYCLE", value_parser = BoolishValueParser::new())]
    enable_lifecycle: bool,

    #[command(flatten)]
    storage: StorageFolder,

    /// The least that is logged.
    #[arg(long = "log.level", env = "PUNCTUAL_LOG_LEVEL", value_name = "LEVEL", default_value = "info")]
    log_level: LogLevel,

    /// How it is logged.
    #[arg(long = "log.format", env = "PUNCTUAL_LOG_FORMAT", value_name = "FORMAT", default_value = "logfmt")]
    log_format: LogFormat,
}

/// What the flags mean.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) files: ConfigFiles,
    /// `None`: only when told to.
    pub(super) auto_reload_interval: Option<Duration>,
    pub(super) allow_mass_removal: bool,
    /// Nothing leaves.
    pub(super) no_deliveries: bool,
    pub(super) listen_addresses: Vec<SocketAddr>,
    /// Without a slash at its end.
    pub(super) external_url: String,
    /// Nobody said that: it is made from the first address that we listen at.
    pub(super) is_url_made: bool,
    pub(super) route_prefix: RoutePrefix,
    pub(super) lifecycle: bool,
    pub(super) storage_path: PathBuf,
    pub(super) log_level: LogLevel,
    pub(super) log_format: LogFormat,
}

/// A flag that means nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("--{flag}={value}: {reason}")]
pub(super) struct FlagError {
    flag: &'static str,
    value: String,
    reason: String,
}

impl Flags {
    pub(super) fn validate(self) -> Result<Settings, FlagError> {
        let interval = &self.auto_reload_interval;
        let interval_ms = match interval.as_str() {
            "0" | "0s" => 0,
            text => parse_duration(text)
                .map_err(|error| fault("config.auto-reload-interval", text, &error))?
                .as_ms(),
        };
        if (1..1000).contains(&interval_ms) {
            return Err(fault("config.auto-reload-interval", interval, &"at least 1s, or 0s for never"));
        }
        let interval = Duration::from_millis(interval_ms.unsigned_abs());
        let addresses: Vec<SocketAddr> =
            self.listen_addresses.iter().map(|text| address(text)).collect::<Result<_, _>>()?;
        for (i, address) in addresses.iter().enumerate() {
            // Port 0 is another one each time.
            if address.port() != 0 && addresses[..i].contains(address) {
                return Err(fault("web.listen-address", &address.to_string(), &"it is given twice"));
            }
        }
        let route_prefix = RoutePrefix::parse(&self.route_prefix)
            .map_err(|reason| fault("web.route-prefix", &self.route_prefix, &reason))?;
        let external_url = match &self.external_url {
            Some(text) => external_url(text)?,
            None => format!("{}{}", url_of(addresses[0]), route_prefix.as_str()),
        };
        Ok(Settings {
            files: ConfigFiles {
                main: self.config_file,
                web: self.web_config_file.filter(|file| !file.as_os_str().is_empty()),
                allow_exec: self.allow_exec,
            },
            auto_reload_interval: Some(interval).filter(|interval| !interval.is_zero()),
            allow_mass_removal: self.allow_mass_removal,
            no_deliveries: self.no_deliveries,
            listen_addresses: addresses,
            external_url,
            is_url_made: self.external_url.is_none(),
            route_prefix,
            lifecycle: self.enable_lifecycle,
            storage_path: self.storage.storage_path,
            log_level: self.log_level,
            log_format: self.log_format,
        })
    }
}

impl Settings {
    /// Port 0 has become some port, or systemd has handed over other addresses: where people find the pages by default is
    /// there.
    pub(super) fn know_addresses(&mut self, bound: &[SocketAddr], has_tls: bool) {
        if !self.is_url_made {
            return;
        }
        if let Some(first) = bound.first() {
            self.external_url = format!("{}{}", url_of(*first), self.route_prefix.as_str());
        }
        if has_tls {
            self.external_url = self.external_url.replacen("http:", "https:", 1);
        }
    }
}

fn fault(flag: &'static str, value: &str, reason: &dyn std::fmt::Display) -> FlagError {
    FlagError { flag, value: value.to_owned(), reason: reason.to_string() }
}

/// `127.0.0.1:19099`, `[::1]:19099`, `localhost:19099`; `:19099` is every address, as Prometheus has it.
fn address(text: &str) -> Result<SocketAddr, FlagError> {
    let full = match text.strip_prefix(':') {
        Some(port) => format!("[::]:{port}"),
        None => text.replacen("localhost:", "127.0.0.1:", 1),
    };
    let bad = |reason: &str| fault("web.listen-address", text, &reason);
    let address: SocketAddr =
        full.parse().map_err(|_| bad("give an address and a port, as in 127.0.0.1:19099"))?;
    match problem_of_host(&address.ip().to_string()) {
        Some(problem) => Err(bad(&format!("this {problem}"))),
        None => Ok(address),
    }
}

fn external_url(text: &str) -> Result<String, FlagError> {
    let bad = |reason: &str| fault("web.external-url", text, &reason);
    let url = Url::parse(text).map_err(|error| bad(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad("it must begin with http:// or https://"));
    }
    let host = url.host_str().unwrap_or_default();
    if let Some(problem) = problem_of_host(host) {
        return Err(bad(&format!("it names a host that {problem}")));
    }
    let is_unspecified = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_unspecified());
    if is_unspecified || url.port() == Some(0) {
        return Err(bad("people and jobs cannot go there: name a host and a port that they can reach"));
    }
    if url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err(bad("no user, query or fragment belongs into it"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Who listens everywhere is found at its own name; from elsewhere only by it.
fn url_of(address: SocketAddr) -> String {
    let port = address.port();
    if !address.ip().is_unspecified() {
        return format!("http://{address}");
    }
    let system = rustix::system::uname();
    let name = system.nodename().to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    match name.trim() {
        name if !name.is_empty() && name.chars().all(plain) => format!("http://{name}:{port}"),
        _ => format!("http://{}:{port}", IpAddr::V4(Ipv4Addr::LOCALHOST)),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        flags: Flags,
    }

    fn settings(arguments: &[&str]) -> Result<Settings, String> {
        let line =
            Line::try_parse_from([&["punctual"], arguments].concat()).map_err(|error| error.to_string())?;
        line.flags.validate().map_err(|error| error.to_string())
    }

    #[test]
    fn flags_become_settings() {
        let defaults = settings(&[]).unwrap();
        assert_eq!(defaults.listen_addresses, ["127.0.0.1:19099".parse().unwrap()]);
        assert_eq!(defaults.external_url, "http://127.0.0.1:19099");
        assert_eq!(defaults.auto_reload_interval, None);
        let given = settings(&[
            "--web.listen-address=:80",
            "--web.listen-address=[::1]:81",
            "--web.external-url=https://Example.org/punctual/",
            "--config.auto-reload-interval=1m30s",
        ]);
        let given = given.unwrap();
        assert_eq!(given.listen_addresses, ["[::]:80".parse().unwrap(), "[::1]:81".parse().unwrap()]);
        assert_eq!(given.external_url, "https://example.org/punctual");
        assert_eq!(given.auto_reload_interval, Some(Duration::from_secs(90)));
    }

    #[test]
    fn a_flag_that_means_nothing_is_refused_with_its_name() {
        for bad in [
            "--web.listen-address=80",
            "--web.listen-address=example.org:80",
            "--web.external-url=example.org",
            "--web.external-url=ftp://example.org",
            "--web.external-url=http://a:b@example.org",
            "--web.external-url=http://example.org/?a=b",
            "--web.external-url=http://example.org/#checks",
            "--web.external-url=http://0.0.0.0:19099",
            "--web.external-url=http://[::]:19099",
            "--web.external-url=http://example.org:0",
            "--web.external-url=http://224.0.0.1",
            "--web.external-url=http://a..example.org",
            "--web.external-url=https://",
            "--web.route-prefix=/a//b",
            "--web.route-prefix=/a?b",
            "--web.listen-address=",
            "--web.listen-address=127.0.0.1",
            "--web.listen-address=127.0.0.1:70000",
            "--web.listen-address=::1:80",
            "--web.listen-address=http://127.0.0.1:80",
            "--web.listen-address=224.0.0.1:80",
            "--web.listen-address=255.255.255.255:80",
            "--web.listen-address=[ff02::1]:80",
            "--web.listen-address=127.0.0.1:80,127.0.0.1:80",
            "--config.auto-reload-interval=5",
            "--config.auto-reload-interval=10ms",
            "--log.level=loud",
        ] {
            let name = bad.split('=').next().unwrap();
            let error = settings(&[bad]).unwrap_err();
            assert!(error.contains(name), "{bad}: {error}");
        }
    }

    #[test]
    fn ping_urls_have_the_address_that_is_listened_at() {
        let url = |asked: &str, given: &[&str], has_tls: bool| {
            let flags = [&["--web.listen-address", asked][..], given].concat();
            let mut settings = settings(&flags).unwrap();
            settings.know_addresses(&["127.0.0.1:4711".parse().unwrap()], has_tls);
            settings.external_url
        };
        assert_eq!(url("127.0.0.1:0", &[], false), "http://127.0.0.1:4711");
        assert_eq!(url("127.0.0.1:80", &[], true), "https://127.0.0.1:4711");
        assert_eq!(url("127.0.0.1:0", &["--web.route-prefix=/below/"], false), "http://127.0.0.1:4711/below");
        assert_eq!(url("127.0.0.1:0", &["--web.external-url", "http://x.example"], true), "http://x.example");
    }
}
