-- The rules of 0034 hold for the payments that were there. In a migration of its own: nobody waits for it.
alter table payment validate constraint payment_purpose_known;
alter table payment validate constraint payment_contribution_credits_nothing;
