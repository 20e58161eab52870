//! `process_*`: what the operating system says of this process.

use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use prometheus::proto::MetricType;

use super::encode::{Encoder, SampleValue};
use super::kind::MetricKind;
use super::output::Gone;
use super::table::unit_of;

pub(super) fn write(encoder: &mut Encoder<'_>) -> Result<(), Gone> {
    for family in ProcessCollector::for_self().collect() {
        let is_counter = family.get_field_type() == MetricType::COUNTER;
        let kind = if is_counter { MetricKind::Counter } else { MetricKind::Gauge };
        encoder.family(family.name(), kind, unit_of(family.name()), family.help());
        for metric in family.get_metric() {
            let value =
                if is_counter { metric.get_counter().get_value() } else { metric.get_gauge().get_value() };
            encoder.sample(b"", b"", SampleValue::Float(value))?;
        }
    }
    Ok(())
}
