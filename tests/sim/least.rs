//! How often in a hundred worlds each thing must happen at least, for the properties that speak of it to hold anything: less
//! than half of how often it does. What is rarer in all worlds stands in the tables of `exhaustive.rs` (runs that overlap).

/// Of worlds of everything.
pub(crate) const MORTAL: &[(&str, u64)] = &[
    ("flips", 4000),
    ("cause blind", 300),
    ("cause failed", 1200),
    ("cause missing", 300),
    ("cause never_seen", 40),
    ("cause not_started", 100),
    ("cause overrun", 200),
    ("cause too_few", 30),
    ("cause too_many", 300),
    ("cause too_short", 15),
    ("cause unprobed", 15),
    ("cause violated", 200),
    ("blind, and then known", 60),
    ("deadlines seen, periods", 8),
    ("deadlines seen, times", 15),
    ("deadlines lost", 30),
    ("jobs that try again in time", 25),
    ("held dependency", 4000),
    ("held dependency recovering", 1000),
    ("held muted", 1000),
    ("held paused", 4000),
    ("held quiet", 6000),
    ("alert sent", 2000),
    ("alert cancelled merged", 20),
    ("alert cancelled recovered_before_due", 400),
    ("alert cancelled recovered_while_held", 200),
    ("alert cancelled superseded", 15),
    ("alert cancelled too_short", 100),
    ("alert parked refused", 50),
    ("episode sent", 120),
    ("flapping sent", 10),
    ("recovery sent", 1200),
    ("reminder sent", 700),
    ("reminder cancelled superseded", 15),
    ("told after all", 40),
    ("attempts after the first", 2000),
    ("attempts at checks' own addresses", 400),
    ("messages of several", 200),
    ("messages split", 6),
    ("left behind for what was worse", 100),
    ("pings pruned", 2000),
    ("checks forgotten", 10),
    ("deaths", 800),
    ("fault at reopening", 500),
    ("fault at the beginning", 150),
    ("fault in mid-transaction", 60),
    ("fault before the commit", 300),
    ("fault after the commit", 300),
    ("looks as of before", 40_000),
    ("seen late", 200_000),
    ("alerts that fired", 20_000),
];

/// Of crowds.
pub(crate) const CROWDS: &[(&str, u64)] = &[
    ("incidents", 30_000),
    ("alert sent", 40_000),
    ("recovery sent", 30_000),
    ("messages of hundreds", 200),
    ("left behind for what was worse", 10_000),
];

/// Of one world with two thousand.
pub(crate) const CROWDS_OF_THOUSANDS: &[(&str, u64)] = &[
    ("incidents", 1_500),
    ("alert sent", 1_000),
    ("recovery sent", 1_000),
    ("messages of hundreds", 5),
    ("left behind for what was worse", 5_000),
];

/// Of worlds in which only we are away.
pub(crate) const ABSENCES: &[(&str, u64)] = &[
    ("deadlines seen, periods", 300),
    ("deadlines seen, times", 400),
    ("deadlines moved, periods", 300),
    ("deadlines moved, times", 200),
    ("deadlines lost", 50),
    ("jobs that try again in time", 300),
    ("blind, and then known", 60),
    ("checks refused more often in a row than is remembered", 12),
];

/// Of worlds in which only receivers are away.
pub(crate) const OUTAGES: &[(&str, u64)] = &[("alert parked gave_up", 100), ("told after all", 250)];

/// Of worlds in which people say of incidents what they think of them.
pub(crate) const PEOPLE: &[(&str, u64)] = &[
    ("alert cancelled acknowledged", 25),
    ("alert cancelled wont_fix", 60),
    ("reopened", 70),
    ("acknowledged for a time that is over", 10),
];

/// Of worlds in which people acknowledge for a short time, and reopen.
pub(crate) const ANSWERS: &[(&str, u64)] = &[
    ("acknowledged for a time that is over", 60),
    ("waits beside an acknowledgement that ends", 20),
    ("told beside an acknowledgement, and not again", 20),
    ("under way as its incident is open again", 200),
];
