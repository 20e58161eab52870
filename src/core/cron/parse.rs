//! Parses cron expressions into bit masks.

use super::calendar::{DayRule, LAST_OF_MONTH, Pattern};
use super::error::{CronError, Field, FieldFault};

const MAX_STEP: u32 = 9999;

/// Which days the two day fields select together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum DayFields {
    /// The days of either field, if both are restricted.
    AsInCron5,
    /// The days that match both fields.
    Both,
}

/// Parses the words of an expression: five fields or one macro.
pub(super) fn pattern(words: &[&str], days: DayFields) -> Result<Pattern, CronError> {
    match *words {
        ["@every", ref period @ ..] => Err(CronError::Every { every: every(period) }),
        [word] if word.starts_with('@') => five_fields(expand(word)?, days),
        [minute, hour, day_of_month, month, day_of_week] => {
            five_fields([minute, hour, day_of_month, month, day_of_week], days)
        }
        _ => Err(CronError::FieldCount { found: words.len() }),
    }
}

/// The key to write instead of `@every`.
fn every(period: &[&str]) -> String {
    let is_plain = |text: &str| {
        text.len() <= 9
            && text.starts_with(|c: char| c.is_ascii_digit() && c != '0')
            && matches!(text.trim_start_matches(|c: char| c.is_ascii_digit()), "s" | "m" | "h" | "d")
    };
    match *period {
        [text] if is_plain(text) => format!("every: {text}"),
        _ => "every: 5m".to_owned(),
    }
}

/// The macros of cron(5), with the fields given there.
fn expand(word: &str) -> Result<[&'static str; 5], CronError> {
    Ok(match word {
        "@yearly" | "@annually" => ["0", "0", "1", "1", "*"],
        "@monthly" => ["0", "0", "1", "*", "*"],
        "@weekly" => ["0", "0", "*", "*", "0"],
        "@daily" | "@midnight" => ["0", "0", "*", "*", "*"],
        "@hourly" => ["0", "*", "*", "*", "*"],
        "@reboot" => return Err(CronError::Reboot),
        _ => return Err(CronError::UnknownMacro { name: printable(word) }),
    })
}

fn five_fields(
    [minute, hour, day_of_month, month, day_of_week]: [&str; 5],
    day_fields: DayFields,
) -> Result<Pattern, CronError> {
    let minutes = numbers(Field::Minute, minute)?;
    let hours = numbers(Field::Hour, hour)?;
    let (days, last_day, last_weekday) = days_of_month(day_of_month)?;
    let months = numbers(Field::Month, month)?;
    let weekdays = days_of_week(day_of_week)?;
    let pattern = Pattern {
        minutes,
        hours: low_bits(hours),
        months: low_bits(months),
        days: DayRule {
            days,
            last_day,
            last_weekday,
            weekdays,
            // cron(5): "if both fields are restricted (i.e., don't start with *), the command will be run when
            // either field matches the current time".
            either: day_fields == DayFields::AsInCron5 && !is_star(day_of_month) && !is_star(day_of_week),
        },
        // cron(8): "Only jobs that run at a particular time (not specified as @hourly, nor with '*' in the hour
        // or minute specifier) are affected." Debian's cron looks at the first character of each.
        is_wildcard: is_star(minute) || is_star(hour),
    };
    if pattern.occurs() {
        return Ok(pattern);
    }
    Err(CronError::NeverOccurs {
        day_of_month: printable(day_of_month),
        month: printable(month),
        day_of_week: printable(day_of_week),
    })
}

fn is_star(field: &str) -> bool {
    field.starts_with(['*', '?'])
}

/// Parses a field of plain numbers into a mask; bit n stands for n.
fn numbers(field: Field, text: &str) -> Result<u64, CronError> {
    text.split(',').try_fold(0, |mask, part| Ok(mask | range(field, part).map_err(at(field, part))?))
}

/// Parses the third field: the mask, and whether it has `L` and `LW`.
fn days_of_month(text: &str) -> Result<(u32, bool, bool), CronError> {
    let field = Field::DayOfMonth;
    if text == "?" {
        return days_of_month("*");
    }
    let (mut days, mut last_day, mut last_weekday) = (0, false, false);
    for part in text.split(',') {
        if part.eq_ignore_ascii_case("L") {
            last_day = true;
        } else if part.eq_ignore_ascii_case("LW") {
            last_weekday = true;
        } else if part.ends_with(['W', 'w']) {
            return Err(at(field, part)(FieldFault::NearestWeekday));
        } else {
            days |= low_bits(range(field, part).map_err(at(field, part))?);
        }
    }
    Ok((days, last_day, last_weekday))
}

/// Parses the fifth field: for each weekday, starting with Sunday, bit n stands for the n-th in the month; see also
/// [`LAST_OF_MONTH`].
fn days_of_week(text: &str) -> Result<[u8; 7], CronError> {
    let field = Field::DayOfWeek;
    if text == "?" {
        return days_of_week("*");
    }
    let mut weekdays = [0; 7];
    for part in text.split(',') {
        let (mask, which) = weekday_part(part).map_err(at(field, part))?;
        for number in (0..=7).filter(|number| mask >> number & 1 == 1) {
            // cron(5): "0 or 7 is Sunday".
            weekdays[number % 7] |= which;
        }
    }
    Ok(weekdays)
}

/// Parses one entry of the fifth field: a mask of weekdays, and which of the month's they are.
fn weekday_part(part: &str) -> Result<(u64, u8), FieldFault> {
    if let Some((day, nth)) = part.split_once('#') {
        let nth = number(nth).filter(|nth| (1..=5).contains(nth)).ok_or(FieldFault::Nth)?;
        return Ok((1 << value(Field::DayOfWeek, day)?, 1 << nth));
    }
    match part.strip_suffix(['L', 'l']) {
        Some("") => Err(FieldFault::LastOfWhat),
        Some(day) => Ok((1 << value(Field::DayOfWeek, day)?, LAST_OF_MONTH)),
        None => Ok((range(Field::DayOfWeek, part)?, 0b11_1110)),
    }
}

/// Parses `*`, `n` or `n-m`, each with an optional `/step`. Names may replace numbers, as in Debian's cron.
fn range(field: Field, part: &str) -> Result<u64, FieldFault> {
    if part.is_empty() {
        return Err(FieldFault::Empty);
    }
    if part == "?" {
        return Err(FieldFault::QuestionMark);
    }
    let (range, step) = match part.split_once('/') {
        None => (part, None),
        Some((range, step)) => {
            let step = number(step).filter(|step| (1..=MAX_STEP).contains(step)).ok_or(FieldFault::Step)?;
            (range, Some(step))
        }
    };
    let (low, high) = if range == "*" {
        field.range()
    } else if let Some((low, high)) = range.split_once('-') {
        (value(field, low)?, value(field, high)?)
    } else {
        let low = value(field, range)?;
        // An extension of cron(5): `5/20` goes on to the field's end.
        (low, if step.is_some() { field.range().1 } else { low })
    };
    if low > high {
        return Err(FieldFault::Backwards(forwards(field, low, high)));
    }
    Ok((low..=high).step_by(step.unwrap_or(1) as usize).fold(0, |mask, number| mask | 1 << number))
}

fn value(field: Field, text: &str) -> Result<u32, FieldFault> {
    let (low, high) = field.range();
    let named = field.names().iter().zip(low..).find(|(name, _)| name.eq_ignore_ascii_case(text));
    named
        .map(|(_, number)| number)
        .or_else(|| number(text).filter(|number| (low..=high).contains(number)))
        .ok_or(FieldFault::Value(field))
}

/// ASCII digits only, without a sign.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// What was probably meant by a backward range such as `22-6`.
fn forwards(field: Field, low: u32, high: u32) -> String {
    let (first, last) = match field {
        Field::DayOfWeek if high == 0 => return format!("{low}-7"),
        Field::DayOfWeek => (0, 6),
        _ => field.range(),
    };
    format!("{low}-{last},{first}-{high}")
}

fn at(field: Field, part: &str) -> impl FnOnce(FieldFault) -> CronError + use<'_> {
    move |fault| CronError::Field { field, part: printable(part), fault }
}

/// Escapes a user's text for a message, so that it cannot move a terminal's cursor.
fn printable(text: &str) -> String {
    text.escape_debug().to_string()
}

/// All fields but the minute fit into 32 bits: their highest number is 31.
fn low_bits(mask: u64) -> u32 {
    u32::try_from(mask).expect("no number of this field is above 31")
}
