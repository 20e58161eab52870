//! Cron expressions and zones, parsed once for all checks that share them.

use std::collections::HashMap;

use thin_vec::ThinVec;

use crate::core::cron::Cron;
use crate::core::schedule::{Occurrences, Quiet};
use crate::core::time::{Span, Time};
use crate::core::zone::{Zone, est_like_warning};
use crate::yaml::fault::{At, Log, quote};
use crate::yaml::fields::Fields;
use crate::zones::parse_timezone;

/// Occurrences are sampled from 2023-12-31T00:00:00Z on, just before a leap day and changes of clocks: messages about a
/// file must not depend on the current day.
const SAMPLE_BEGIN_SECS: i64 = 1_703_980_800;
/// The number of occurrences among which the shortest gap is searched.
const SAMPLE: usize = 32;
/// The most quiet times of a check.
const MAX_QUIET: usize = 16;
/// A gap longer than this is rare.
const RARE: Span = Span::mins(367 * 24 * 60);

/// What is known of an expression in a zone.
#[derive(Clone, Debug)]
pub(super) struct KnownExpression {
    pub(super) cron: Cron,
    /// The shortest time between two occurrences of the sample.
    pub(super) shortest_gap: Span,
    /// The longest gap, if it is more than a year.
    pub(super) rare: Option<Span>,
}

/// All expressions and zones that were read so far.
#[derive(Debug, Default)]
pub(super) struct Times {
    crons: HashMap<Zone, HashMap<String, Result<KnownExpression, String>>>,
    zones: HashMap<String, Result<Zone, String>>,
    /// Zones with misleading names, each with its first place and the number of checks that use it.
    pub(super) misleading_zones: HashMap<Zone, (At, usize)>,
}

impl Times {
    /// Reads `timezone`, and remembers misleading zones.
    pub(super) fn zone(&mut self, fields: &Fields<'_>, log: &mut Log) -> Option<Zone> {
        let text = fields.text(log, "timezone")?;
        let at = fields.at_value("timezone");
        if !self.zones.contains_key(text) {
            let zone = parse_timezone(text).map_err(|error| error.to_string());
            self.zones.insert(text.to_owned(), zone);
        }
        match &self.zones[text] {
            Ok(zone) => {
                if est_like_warning(*zone).is_some() {
                    self.misleading_zones.entry(*zone).or_insert((at, 0)).1 += 1;
                }
                Some(*zone)
            }
            Err(reason) => {
                log.fault(at, reason.clone());
                None
            }
        }
    }

    /// Reads `cron` in this zone.
    pub(super) fn cron(
        &mut self,
        fields: &Fields<'_>,
        zone: Zone,
        log: &mut Log,
    ) -> Option<&KnownExpression> {
        let text = fields.text(log, "cron")?;
        // In the form that the expression itself keeps, so that `known` finds it.
        let text = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        let crons = self.crons.entry(zone).or_default();
        match crons.entry(text).or_insert_with_key(|text| read(text, zone)) {
            Ok(known) => Some(known),
            Err(reason) => {
                log.fault(fields.at_value("cron"), reason.clone());
                None
            }
        }
    }

    /// What is known of an expression that has been read.
    pub(super) fn known(&self, cron: &str, zone: Zone) -> Option<&KnownExpression> {
        self.crons.get(&zone)?.get(cron)?.as_ref().ok()
    }

    /// Whether some occurrence comes within `span` after the one before it. Looks further than
    /// [`KnownExpression::shortest_gap`]: over a year, which includes changes of clocks, or 1,000 occurrences.
    pub(super) fn some_gap_is_within(at: &Occurrences, span: Span) -> bool {
        let end = Time::from_secs(SAMPLE_BEGIN_SECS) + RARE;
        gaps(at).take(1000).take_while(|(from, _)| *from < end).any(|(_, gap)| gap <= span)
    }
}

fn read(text: &str, zone: Zone) -> Result<KnownExpression, String> {
    let cron = Cron::parse(text).map_err(|error| format!("the cron expression {}: {error}", quote(text)))?;
    let at = Occurrences { cron, zone };
    let sample: Vec<Span> = gaps(&at).take(SAMPLE).map(|(_, gap)| gap).collect();
    Ok(KnownExpression {
        shortest_gap: sample.iter().min().copied().unwrap_or(Span::MAX),
        rare: sample.iter().max().copied().filter(|gap| *gap > RARE),
        cron: at.cron,
    })
}

/// The occurrences of the sample, each with the gap to the next.
fn gaps(at: &Occurrences) -> impl Iterator<Item = (Time, Span)> {
    let mut last = at.next_after(Time::from_secs(SAMPLE_BEGIN_SECS));
    std::iter::from_fn(move || {
        let from = last?;
        let next = at.next_after(from)?;
        last = Some(next);
        Some((from, next - from))
    })
}

/// Reads `quiet`.
pub(super) fn quiet(fields: &Fields<'_>, zone: Zone, times: &mut Times, log: &mut Log) -> ThinVec<Quiet> {
    let sections = fields.sections(log, "quiet");
    if sections.len() > MAX_QUIET {
        log.fault(fields.at_value("quiet"), format!("a check has at most {MAX_QUIET} quiet times"));
    }
    let mut quiet = ThinVec::with_capacity(sections.len());
    for section in sections {
        let zone = times.zone(&section, log).unwrap_or(zone);
        let cron = times.cron(&section, zone, log).map(|known| known.cron.clone());
        if let (Some(cron), Some(lasts)) = (cron, section.duration(log, "for")) {
            quiet.push(Quiet { at: Occurrences { cron, zone }, lasts });
        }
    }
    quiet
}
