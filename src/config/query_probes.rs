//! `promql` and `sql` of an assertion: queries of our own, and whom they ask (17.13, 17.14).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::core::probe::{PromqlProbe, SqlProbe};
use crate::probe::{Database, Prometheus, database, prometheus};
use crate::yaml::fault::{At, Log, guess, quote};
use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;

/// The most columns or labels of a key.
const MAX_KEYS: usize = 8;
/// The longest name of one, in bytes.
const MAX_KEY_BYTES: usize = 128;

pub(super) fn promql_probe(fields: &Fields<'_>, log: &mut Log) -> Option<PromqlProbe> {
    let (prometheus, query) = (fields.text(log, "prometheus"), fields.text(log, "query"));
    Some(PromqlProbe {
        key: keys(fields, log),
        title: fields.text(log, "title").map(Arc::from).unwrap_or_default(),
        timeout: fields.duration(log, "timeout").unwrap_or(PromqlProbe::DEFAULT_TIMEOUT),
        prometheus: prometheus?.into(),
        query: query?.into(),
    })
}

pub(super) fn sql_probe(fields: &Fields<'_>, log: &mut Log) -> Option<SqlProbe> {
    let (database, query) = (fields.text(log, "database"), fields.text(log, "query"));
    let wants_some = fields.one_of(log, "want") == Some("some");
    for key in ["key", "title"].into_iter().filter(|key| wants_some && fields.has(key)) {
        let message = format!("`{key}` says nothing with `want: some`: no row violates");
        log.fault(fields.at_key(key), message);
    }
    Some(SqlProbe {
        key: keys(fields, log),
        title: fields.text(log, "title").map(Arc::from).unwrap_or_default(),
        wants_some,
        timeout: fields.duration(log, "timeout").unwrap_or(SqlProbe::DEFAULT_TIMEOUT),
        database: database?.into(),
        query: query?.into(),
    })
}

fn keys(fields: &Fields<'_>, log: &mut Log) -> Arc<[Arc<str>]> {
    let texts = fields.texts(log, "key");
    if texts.len() > MAX_KEYS || texts.iter().any(|(_, name)| name.len() > MAX_KEY_BYTES) {
        let message = format!("`key` has at most {MAX_KEYS} names, of at most {MAX_KEY_BYTES} bytes each");
        log.fault(fields.at_value("key"), message);
    }
    texts.into_iter().map(|(_, name)| Arc::from(name)).collect()
}

/// What may be asked: `prometheuses` and `databases` of the main file, with their places.
#[derive(Default)]
pub(super) struct Askable {
    prometheuses: BTreeMap<Arc<str>, At>,
    databases: BTreeMap<Arc<str>, At>,
}

impl Askable {
    /// Reads both.
    pub(super) fn read(
        &mut self,
        loader: &mut Loader,
        main: &Fields<'_>,
    ) -> (Vec<Prometheus>, Vec<Database>) {
        let items = loader.limited(main, "prometheuses");
        items.iter().for_each(|item| declare(&mut self.prometheuses, item, &mut loader.log));
        let prometheuses = items.iter().filter_map(|item| prometheus::read(loader, item)).collect();
        let items = loader.limited(main, "databases");
        items.iter().for_each(|item| declare(&mut self.databases, item, &mut loader.log));
        let databases = items.iter().filter_map(|item| database::read(loader, item)).collect();
        (prometheuses, databases)
    }

    /// Whether what a check asks is there; if it is not, that is a fault.
    pub(super) fn check(&self, check: &Fields<'_>, log: &mut Log) {
        let asks = [
            ("promql", "prometheus", "prometheuses", &self.prometheuses),
            ("sql", "database", "databases", &self.databases),
        ];
        let assert = check.get("assert").or_else(|| check.get("detect"));
        for (way, key, list, known) in asks {
            let asked = assert.and_then(|node| node.member(way)).and_then(|node| node.member(key));
            if let Some(asked) =
                asked.filter(|asked| !asked.text().is_empty() && !known.contains_key(asked.text()))
            {
                let hint = guess(asked.text(), known.keys().map(|name| &**name));
                log.fault(
                    asked.at,
                    format!("`{key}` names {}, which is none of `{list}`{hint}", quote(asked.text())),
                );
            }
        }
    }
}

fn declare(known: &mut BTreeMap<Arc<str>, At>, item: &Fields<'_>, log: &mut Log) {
    let Some(name) = item.get("name").map(|node| node.text()).filter(|name| !name.is_empty()) else { return };
    let at = item.at_value("name");
    if let Some(first) = known.insert(name.into(), at) {
        let first = log.show(first);
        log.fault(at, format!("the name {} is taken at {first}", quote(name)));
    }
}
