-- no-transaction
drop index concurrently if exists account_warning_due;
