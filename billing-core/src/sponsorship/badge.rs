//! What a total has earned.

/// A badge, the lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Badge {
    Bronze,
    Silver,
    Gold,
    Platinum,
}

impl Badge {
    pub const ALL: [Self; 4] = [Self::Bronze, Self::Silver, Self::Gold, Self::Platinum];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Bronze => "bronze",
            Self::Silver => "silver",
            Self::Gold => "gold",
            Self::Platinum => "platinum",
        }
    }
}

/// From which lifetime total on a badge is had, in cents; they rise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    pub bronze: i64,
    pub silver: i64,
    pub gold: i64,
    pub platinum: i64,
}

impl Thresholds {
    pub const DEFAULT: Self = Self {
        bronze: 2_500,
        silver: 10_000,
        gold: 50_000,
        platinum: 200_000,
    };

    pub const fn of(&self, badge: Badge) -> i64 {
        match badge {
            Badge::Bronze => self.bronze,
            Badge::Silver => self.silver,
            Badge::Gold => self.gold,
            Badge::Platinum => self.platinum,
        }
    }

    /// The highest badge that the total has earned.
    pub fn earned(&self, total_minor: i64) -> Option<Badge> {
        let mut falling = Badge::ALL.into_iter().rev();
        falling.find(|badge| total_minor >= self.of(*badge))
    }

    /// The badge that comes next, and where it begins.
    pub fn next(&self, total_minor: i64) -> Option<(Badge, i64)> {
        let mut rising = Badge::ALL.into_iter();
        let next = rising.find(|badge| total_minor < self.of(*badge))?;
        Some((next, self.of(next)))
    }

    /// Whether they rise, from 1 on.
    pub const fn rise(&self) -> bool {
        0 < self.bronze
            && self.bronze < self.silver
            && self.silver < self.gold
            && self.gold < self.platinum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badge_begins_at_its_threshold() {
        let thresholds = Thresholds::DEFAULT;
        for (total, earned, next) in [
            (0, None, Some((Badge::Bronze, 2_500))),
            (2_499, None, Some((Badge::Bronze, 2_500))),
            (2_500, Some(Badge::Bronze), Some((Badge::Silver, 10_000))),
            (9_999, Some(Badge::Bronze), Some((Badge::Silver, 10_000))),
            (10_000, Some(Badge::Silver), Some((Badge::Gold, 50_000))),
            (49_999, Some(Badge::Silver), Some((Badge::Gold, 50_000))),
            (50_000, Some(Badge::Gold), Some((Badge::Platinum, 200_000))),
            (200_000, Some(Badge::Platinum), None),
        ] {
            assert_eq!(thresholds.earned(total), earned, "{total}");
            assert_eq!(thresholds.next(total), next, "{total}");
        }
    }
}
