//! `alerting`: the Alertmanagers that get every alert.

use crate::notify::alertmanager::{self, Alertmanager};
use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;

/// Reads `alerting.alertmanagers`.
pub(super) fn alertmanagers(loader: &mut Loader, main: &Fields<'_>) -> Vec<Alertmanager> {
    let Some(fields) = main.map(&mut loader.log, "alerting") else { return Vec::new() };
    let items = loader.limited(&fields, "alertmanagers");
    items.iter().filter_map(|item| alertmanager::read(loader, item)).collect()
}
