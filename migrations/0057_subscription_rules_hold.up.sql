-- The rule of 0054 holds for the payments that were there. In a migration of its own: nobody waits for it.
alter table payment validate constraint payment_subscription_of_contribution;
