//! What is forgotten of a supporter who is erased: all but the money.

use sqlx::PgConnection;

use super::Profile;
use super::queries::{self, Agreed};
use super::retold::recount_and_tell;
use crate::id::AccountId;

/// Forgets how somebody wants to be called and shown, and what they wrote, and lets all that they gave so far
/// be anonymous; the sums follow. Locks the supporter's row; joins the caller's transaction.
pub async fn forget(conn: &mut PgConnection, account: AccountId) -> Result<(), sqlx::Error> {
    let before = queries::lock_supporters(conn, &[account]).await?;
    let were_public = queries::forget_contributions(conn, account).await?;
    let mut after = before.clone();
    for supporter in &mut after {
        let profile = &supporter.profile;
        let taken_back = [
            ("display_name", profile.display_name.is_some()),
            ("show_badge", profile.show_badge),
            ("public_display", were_public),
        ];
        let agreed: Vec<_> = taken_back
            .into_iter()
            .filter(|(_, was_given)| *was_given)
            .map(|(what, _)| Agreed {
                payment: None,
                what,
                given: false,
                wording: None,
            })
            .collect();
        queries::insert_consents(conn, account, &agreed).await?;
        supporter.profile = Profile {
            // An administrator's word on them stays.
            hidden: profile.hidden,
            ..Profile::default()
        };
    }
    recount_and_tell(conn, &before, after).await
}
