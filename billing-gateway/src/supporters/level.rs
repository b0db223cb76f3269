//! What a lifetime total has earned.

use billing_proto::v1::BadgeLevel;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::ApiError;

/// The lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    Bronze,
    Silver,
    Gold,
    Platinum,
}

impl Level {
    #[cfg(test)]
    pub(super) const ALL: [Self; 4] = [Self::Bronze, Self::Silver, Self::Gold, Self::Platinum];

    /// None: no badge. The core always says which.
    pub(crate) fn of(level: BadgeLevel) -> Result<Option<Self>, ApiError> {
        Ok(match level {
            BadgeLevel::Unspecified => return Err(ApiError::fault("a badge of an unknown level")),
            BadgeLevel::None => None,
            BadgeLevel::Bronze => Some(Self::Bronze),
            BadgeLevel::Silver => Some(Self::Silver),
            BadgeLevel::Gold => Some(Self::Gold),
            BadgeLevel::Platinum => Some(Self::Platinum),
        })
    }

    /// As pictures say it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Bronze => "bronze",
            Self::Silver => "silver",
            Self::Gold => "gold",
            Self::Platinum => "platinum",
        }
    }

    /// The metal: black text on it has a contrast of 6 at least.
    pub(super) const fn color(self) -> &'static str {
        match self {
            Self::Bronze => "#d08a45",
            Self::Silver => "#c3c9d1",
            Self::Gold => "#efc23b",
            Self::Platinum => "#dbe7f3",
        }
    }
}
