-- The rules of 0026 hold for the payments that were there. In a migration of its own: nobody waits for it.
alter table payment validate constraint payment_credit_range;
alter table payment validate constraint payment_provider_account_length;
alter table payment validate constraint payment_asked_for_or_named;
