//! A part of the checks: `?shard=2/4`.

use std::fmt;

/// A part of the checks, such as the second of four. A check stays in its part while its name and the number of parts
/// stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 1 to `count`.
    number: u32,
    count: u32,
}

/// The text is not a shard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("shard: `2/4` is the second of four parts; at most {} parts", Shard::MAX_COUNT)]
pub struct BadShard;

impl Shard {
    pub const MAX_COUNT: u32 = 1024;
    pub const WHOLE: Shard = Shard { number: 1, count: 1 };

    /// Parses `number/count`; numbers count from 1.
    pub fn parse(text: &str) -> Result<Shard, BadShard> {
        let (number, count) = text.split_once('/').ok_or(BadShard)?;
        let read = |digits: &str| {
            let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            if plain { digits.parse::<u32>().ok() } else { None }
        };
        let (number, count) = read(number).zip(read(count)).ok_or(BadShard)?;
        let is_one = (1..=Shard::MAX_COUNT).contains(&count) && (1..=count).contains(&number);
        if is_one { Ok(Shard { number, count }) } else { Err(BadShard) }
    }

    /// Whether a check with this name is in this part.
    pub fn holds(self, name: &str) -> bool {
        self.count == 1 || hash(name) % u64::from(self.count) == u64::from(self.number - 1)
    }

    /// Whether this part also has the metrics that do not belong to a check.
    pub fn is_first(self) -> bool {
        self.number == 1
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.count)
    }
}

/// FNV-1a with the finalizer of MurmurHash3. It must never change: a check that moves to another part has a gap.
fn hash(name: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let mut hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    for factor in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
    }
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_read_from_one_to_their_count() {
        for good in ["1/1", "2/4", "4/4", "1024/1024"] {
            assert_eq!(Shard::parse(good).map(|shard| shard.to_string()), Ok(good.to_owned()));
        }
        for bad in
            ["", "1", "/", "0/4", "5/4", "1/0", "1/1025", "+1/4", "-1/4", "1/4/", " 1/4", "1/99999999999"]
        {
            assert_eq!(Shard::parse(bad), Err(BadShard), "{bad}");
        }
    }

    #[test]
    fn each_check_is_in_one_shard_and_shards_are_of_one_size() {
        for count in [1, 2, 3, 4, 7, 16] {
            let shards: Vec<Shard> = (1..=count).map(|number| Shard { number, count }).collect();
            let mut sizes = vec![0_u32; count as usize];
            for i in 0..10_000 {
                let name = format!("check-{i}");
                let holders: Vec<usize> =
                    (0..shards.len()).filter(|shard| shards[*shard].holds(&name)).collect();
                assert_eq!(holders.len(), 1, "{name}: {holders:?}");
                sizes[holders[0]] += 1;
            }
            let fair = 10_000 / count;
            assert!(sizes.iter().all(|size| size.abs_diff(fair) < fair / 5 + 1), "{sizes:?}");
        }
    }

    #[test]
    fn a_check_never_moves_to_another_shard() {
        assert_eq!(hash("nightly-backup"), 7_366_552_455_378_552_335);
    }
}
