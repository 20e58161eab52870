//! `alerting`: the Alertmanagers that get every alert.

use super::address;
use super::http_config::{http_config, http_url};
use crate::core::receiver::Alertmanager;
use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;

/// Reads `alerting.alertmanagers`.
pub(super) fn alertmanagers(loader: &mut Loader, main: &Fields<'_>) -> Vec<Alertmanager> {
    let Some(fields) = main.map(&mut loader.log, "alerting") else { return Vec::new() };
    let mut alertmanagers = Vec::new();
    for item in loader.limited(&fields, "alertmanagers") {
        let url = item.text(&mut loader.log, "url");
        let http = http_config(loader, &item);
        let Some(url) = url.filter(|url| http_url(loader, "url", item.at_value("url"), url, true)) else {
            continue;
        };
        if let Some(problem) = address::problem_of_base(url) {
            loader.log.fault(item.at_value("url"), format!("`url` {problem}"));
        }
        alertmanagers.push(Alertmanager { url: url.trim_end_matches('/').to_owned(), http });
    }
    alertmanagers
}
