-- The rules of 0020 hold for the payments that were there. In a migration of its own: nobody waits for it.
alter table payment validate constraint payment_credited_when_paid;
alter table payment validate constraint payment_received_when_paid;
alter table payment validate constraint payment_requests_within_paid;
