//! How much of a long work one call of the writer does: pings are taken between two.

use std::time::Duration;

/// The size of the next piece, which follows from how long the last ones took.
#[derive(Debug)]
pub struct Piece {
    size: usize,
    /// So long a ping may wait for one piece.
    aim: Duration,
    most: usize,
}

impl Piece {
    /// Where the disk is slow, one commit alone takes longer than it should: a piece has at least so many all the same.
    pub const LEAST: usize = 16;
    /// For what may be a hundred thousand checks at once, as a wave of deadlines: a ping hardly waits longer than for its own
    /// commit.
    pub const SHORT: Duration = Duration::from_millis(1);

    /// Pieces that aim at taking so long. The first is as small as any.
    #[must_use]
    pub fn new(aim: Duration, most: usize) -> Piece {
        Piece { size: Piece::LEAST, aim, most }
    }

    /// How much the next call does at most.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// The last call did so much in this time. The next is half or twice as large at most: a disk may have been slow once.
    pub fn took(&mut self, done: usize, took: Duration) {
        let fits = done.saturating_mul(usize::try_from(self.aim.as_micros()).unwrap_or(usize::MAX));
        let fits = fits / usize::try_from(took.as_micros()).unwrap_or(usize::MAX).max(1);
        self.size = fits.clamp(self.size / 2, self.size * 2).clamp(Piece::LEAST, self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_as_large_as_fits_its_time() {
        let ms = Duration::from_millis;
        let after = |size, took| {
            let mut piece = Piece { size, ..Piece::new(ms(10), 1024) };
            piece.took(size, took);
            piece.size()
        };
        assert_eq!(after(100, ms(10)), 100);
        assert_eq!(after(100, ms(8)), 125);
        assert_eq!(after(100, ms(1)), 200);
        assert_eq!(after(100, ms(1000)), 50);
        assert_eq!(after(Piece::LEAST, ms(1000)), Piece::LEAST);
        assert_eq!(after(1024, Duration::ZERO), 1024);
    }

    #[test]
    fn a_piece_that_was_not_filled_is_judged_by_what_it_did() {
        let mut piece = Piece { size: 100, ..Piece::new(Duration::from_millis(10), 1024) };
        piece.took(10, Duration::from_millis(1));
        assert_eq!(piece.size(), 100);
    }
}
