//! Writes samples. A large scrape has millions, so this uses no formatting machinery and allocates nothing per sample.

use std::io::Write;

use super::histogram::Histogram;
use super::kind::MetricKind;
use super::negotiate::Format;
use super::output::{ChunkWriter, Gone};

/// A sample's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum SampleValue {
    /// There is no sample.
    Absent,
    Whole(u64),
    /// Milliseconds, written as seconds.
    Millis(i64),
    /// Microseconds, written as seconds.
    Micros(u64),
    Float(f64),
}

impl SampleValue {
    #[inline]
    pub(super) fn flag(on: bool) -> SampleValue {
        SampleValue::Whole(u64::from(on))
    }
}

/// Writes families one after the other.
pub(super) struct Encoder<'a> {
    format: Format,
    output: ChunkWriter<'a>,
    /// The family's name as its samples have it.
    name: Vec<u8>,
}

impl<'a> Encoder<'a> {
    pub(super) fn new(format: Format, output: ChunkWriter<'a>) -> Encoder<'a> {
        Encoder { format, output, name: Vec::new() }
    }

    /// Begins a family. Its samples must follow before the next family begins.
    pub(super) fn family(&mut self, name: &str, kind: MetricKind, unit: Option<&str>, help: &str) {
        let (family, kind) = match self.format {
            Format::Text => kind.in_text(name),
            Format::OpenMetrics => kind.in_openmetrics(name),
        };
        let text = self.output.text();
        let parts = [("HELP", help), ("TYPE", kind)];
        let unit = unit.filter(|_| self.format == Format::OpenMetrics).map(|unit| ("UNIT", unit));
        for (what, value) in parts.into_iter().chain(unit) {
            for part in ["# ", what, " ", family, " ", value, "\n"] {
                text.extend_from_slice(part.as_bytes());
            }
        }
        self.name.clear();
        self.name.extend_from_slice(name.as_bytes());
    }

    /// Writes `name{labels,more="…"} value`. The labels are escaped already; both may be empty.
    #[inline]
    pub(super) fn sample(&mut self, labels: &[u8], more: &[u8], value: SampleValue) -> Result<(), Gone> {
        if value == SampleValue::Absent {
            return Ok(());
        }
        let text = self.output.text();
        text.extend_from_slice(&self.name);
        push_labels(text, labels, more);
        push_value(text, value);
        text.push(b'\n');
        self.output.flush_full()
    }

    /// Writes a histogram without labels.
    pub(super) fn histogram(&mut self, histogram: &Histogram) -> Result<(), Gone> {
        let text = self.output.text();
        let mut count = 0;
        for (bound, at_most) in histogram.cumulative() {
            text.extend_from_slice(&self.name);
            text.extend_from_slice(b"_bucket{le=\"");
            push_bound(text, bound);
            text.extend_from_slice(b"\"} ");
            push_whole(text, at_most);
            text.push(b'\n');
            count = at_most;
        }
        for (suffix, value) in
            [("_sum ", SampleValue::Micros(histogram.sum_us())), ("_count ", SampleValue::Whole(count))]
        {
            text.extend_from_slice(&self.name);
            text.extend_from_slice(suffix.as_bytes());
            push_value(text, value);
            text.push(b'\n');
        }
        self.output.flush_full()
    }

    /// Writes the end and sends what remains.
    pub(super) fn finish(mut self) -> Result<(), Gone> {
        if self.format == Format::OpenMetrics {
            self.output.text().extend_from_slice(b"# EOF\n");
        }
        self.output.finish()
    }
}

/// Appends `name="value",`. An empty value means the same as no label, so it appends nothing.
pub(super) fn push_label(text: &mut Vec<u8>, name: &str, value: &str) {
    if value.is_empty() {
        return;
    }
    text.extend_from_slice(name.as_bytes());
    text.extend_from_slice(b"=\"");
    let mut rest = value.as_bytes();
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\\' | b'"' | b'\n')) {
        text.extend_from_slice(&rest[..at]);
        text.extend_from_slice(match rest[at] {
            b'\\' => b"\\\\",
            b'"' => b"\\\"",
            _ => b"\\n",
        });
        rest = &rest[at + 1..];
    }
    text.extend_from_slice(rest);
    text.extend_from_slice(b"\",");
}

#[inline]
fn push_labels(text: &mut Vec<u8>, labels: &[u8], more: &[u8]) {
    if labels.is_empty() && more.is_empty() {
        text.push(b' ');
        return;
    }
    text.push(b'{');
    text.extend_from_slice(labels);
    if !labels.is_empty() && !more.is_empty() {
        text.push(b',');
    }
    text.extend_from_slice(more);
    text.extend_from_slice(b"} ");
}

#[inline]
fn push_value(text: &mut Vec<u8>, value: SampleValue) {
    match value {
        SampleValue::Absent => {}
        SampleValue::Whole(whole) => push_whole(text, whole),
        SampleValue::Millis(millis) => {
            if millis < 0 {
                text.push(b'-');
            }
            push_fraction(text, millis.unsigned_abs(), 1000);
        }
        SampleValue::Micros(micros) => push_fraction(text, micros, 1_000_000),
        SampleValue::Float(float) => push_float(text, float),
    }
}

fn push_whole(text: &mut Vec<u8>, mut whole: u64) {
    if whole < 10 {
        text.push(b'0' + whole as u8);
        return;
    }
    let mut digits = [0; 20];
    let mut start = digits.len();
    while whole > 0 {
        start -= 1;
        digits[start] = b'0' + (whole % 10) as u8;
        whole /= 10;
    }
    text.extend_from_slice(&digits[start..]);
}

/// `count / parts` with as many decimals as it needs. `parts` must be a power of ten.
fn push_fraction(text: &mut Vec<u8>, count: u64, parts: u64) {
    push_whole(text, count / parts);
    let mut rest = count % parts;
    if rest == 0 {
        return;
    }
    text.push(b'.');
    let mut place = parts / 10;
    while rest > 0 {
        text.push(b'0' + (rest / place) as u8);
        rest %= place;
        place /= 10;
    }
}

/// Both formats spell non-finite numbers `+Inf`, `-Inf` and `NaN`.
fn push_float(text: &mut Vec<u8>, float: f64) {
    let special = match float {
        f64::INFINITY => "+Inf",
        f64::NEG_INFINITY => "-Inf",
        float if float.is_nan() => "NaN",
        _ => return write!(text, "{float}").expect("writing to memory does not fail"),
    };
    text.extend_from_slice(special.as_bytes());
}

/// Writes a bucket's bound as both formats and Prometheus 3 write it: `0.5`, `1.0`, `+Inf`.
fn push_bound(text: &mut Vec<u8>, bound: f64) {
    push_float(text, bound);
    if bound.is_finite() && bound.fract() == 0.0 {
        text.extend_from_slice(b".0");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_value(value: SampleValue, expected: &str) {
        let mut text = Vec::new();
        push_value(&mut text, value);
        assert_eq!(String::from_utf8(text).unwrap(), expected, "{value:?}");
    }

    #[test]
    fn numbers_are_written_in_full_and_without_needless_digits() {
        check_value(SampleValue::flag(true), "1");
        check_value(SampleValue::flag(false), "0");
        check_value(SampleValue::Whole(10), "10");
        check_value(SampleValue::Whole(u64::MAX), "18446744073709551615");
        check_value(SampleValue::Millis(0), "0");
        check_value(SampleValue::Millis(1), "0.001");
        check_value(SampleValue::Millis(1_774_656_000_250), "1774656000.25");
        check_value(SampleValue::Millis(1_774_656_000_000), "1774656000");
        check_value(SampleValue::Millis(-1500), "-1.5");
        check_value(SampleValue::Millis(i64::MIN), "-9223372036854775.808");
        check_value(SampleValue::Micros(1_000_001), "1.000001");
        check_value(SampleValue::Float(0.25), "0.25");
        check_value(SampleValue::Float(f64::INFINITY), "+Inf");
        check_value(SampleValue::Float(f64::NEG_INFINITY), "-Inf");
        check_value(SampleValue::Float(f64::NAN), "NaN");
        check_value(SampleValue::Float(1e21), "1000000000000000000000");
    }

    #[test]
    fn labels_are_escaped_and_empty_ones_left_out() {
        let check = |value: &str, expected: &str| {
            let mut text = Vec::new();
            push_label(&mut text, "title", value);
            assert_eq!(String::from_utf8(text).unwrap(), expected, "{value:?}");
        };
        check("Nightly backup", "title=\"Nightly backup\",");
        check("a\"b\\c\nd", "title=\"a\\\"b\\\\c\\nd\",");
        check("größer ✓", "title=\"größer ✓\",");
        check("", "");
    }

    #[test]
    fn bounds_are_floats() {
        let check = |bound: f64, expected: &str| {
            let mut text = Vec::new();
            push_bound(&mut text, bound);
            assert_eq!(String::from_utf8(text).unwrap(), expected);
        };
        check(0.005, "0.005");
        check(1.0, "1.0");
        check(86_400.0, "86400.0");
        check(f64::INFINITY, "+Inf");
    }
}
