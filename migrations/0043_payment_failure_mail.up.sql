-- Mail about payments that failed. Null: as mail_payments says, which was for both before, and which a version
-- from before this column goes on to set for both.
alter table contact add column mail_payment_failures boolean;
