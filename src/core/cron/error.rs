//! Errors of cron expressions. Their texts say what would be right.

use std::fmt;

/// The longest expression that is accepted, in bytes: every minute of an hour by name takes 168.
pub const MAX_LEN: usize = 256;

/// Why an expression is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// Longer than [`MAX_LEN`] bytes.
    #[error("a cron expression has at most {MAX_LEN} bytes, this one has {len}")]
    TooLong { len: usize },
    /// There are not five fields.
    #[error(
        "a cron expression has 5 fields (minute, hour, day of month, month, day of week), this one has {found}{}",
        if *found > 5 { ": it takes no seconds, years, zones or commands" } else { "" }
    )]
    FieldCount { found: usize },
    /// `@reboot`, which has no time that is known in advance.
    #[error(
        "`@reboot` says no time, so nothing could be late: give the times or an interval that you expect"
    )]
    Reboot,
    /// `@every 5m`, which other schedulers know.
    #[error("`@every` counts from the last run, which no clock shows: write `{}`", .every)]
    Every {
        /// The key to write instead.
        every: String,
    },
    /// A word with `@` that is not one of the macros.
    #[error("`{name}` is not known: use @yearly, @annually, @monthly, @weekly, @daily, @midnight or @hourly")]
    UnknownMacro { name: String },
    /// One of the fields is wrong.
    #[error("{field}: `{part}` {fault}")]
    Field {
        field: Field,
        /// The entry of the field's list that is wrong.
        part: String,
        fault: FieldFault,
    },
    /// No such date exists, such as 30 February.
    #[error(
        "never occurs: no year has a day `{day_of_month}` in month `{month}` with day of week `{day_of_week}`"
    )]
    NeverOccurs { day_of_month: String, month: String, day_of_week: String },
}

/// What is wrong with an entry of a field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldFault {
    /// Two commas in a row, or a comma at an end.
    #[error("has an empty entry: remove the extra comma")]
    Empty,
    /// Neither a number of the field nor one of its names.
    #[error("must be {}", .0.values())]
    Value(Field),
    /// The range ends before it starts.
    #[error("runs backwards: write `{0}`")]
    Backwards(String),
    /// The step is not a number, is zero, or is larger than any field.
    #[error("must have a step from 1 to 9999 after the `/`")]
    Step,
    /// `n#m` with an m that no month has.
    #[error("must have a number from 1 to 5 after the `#`: a month has no sixth week")]
    Nth,
    /// The weekday nearest to a day, an extension of other schedulers.
    #[error("is not known: of the days with `W` only `LW` is, the last day from Monday to Friday")]
    NearestWeekday,
    /// A lone `L` as day of the week, which schedulers interpret differently.
    #[error("needs a weekday before the `L`: `5L` is the last Friday of the month")]
    LastOfWhat,
    /// `?` that is not alone in a day field.
    #[error("is only known alone, as day of month or day of week: use `*`")]
    QuestionMark,
}

/// The five fields, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// 0–59.
    Minute,
    /// 0–23.
    Hour,
    /// 1–31.
    DayOfMonth,
    /// 1–12 or JAN–DEC.
    Month,
    /// 0–7 or SUN–SAT; 0 and 7 are Sunday.
    DayOfWeek,
}

impl Field {
    /// The lowest and the highest number. Sunday is 0 and 7, as in cron(5).
    pub(super) const fn range(self) -> (u32, u32) {
        match self {
            Field::Minute => (0, 59),
            Field::Hour => (0, 23),
            Field::DayOfMonth => (1, 31),
            Field::Month => (1, 12),
            Field::DayOfWeek => (0, 7),
        }
    }

    /// The names of the numbers, starting with the lowest.
    pub(super) const fn names(self) -> &'static [&'static str] {
        match self {
            Field::Minute | Field::Hour | Field::DayOfMonth => &[],
            Field::Month => {
                &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
            }
            Field::DayOfWeek => &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
        }
    }

    fn values(self) -> String {
        let (low, high) = self.range();
        match self.names() {
            [first, .., last] => format!("a number from {low} to {high} or a name from {first} to {last}"),
            _ if self == Field::DayOfMonth => format!("a number from {low} to {high}, L or LW"),
            _ => format!("a number from {low} to {high}"),
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Field::Minute => "minute",
            Field::Hour => "hour",
            Field::DayOfMonth => "day of month",
            Field::Month => "month",
            Field::DayOfWeek => "day of week",
        })
    }
}
