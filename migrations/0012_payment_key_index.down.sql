-- no-transaction
drop index concurrently if exists payment_key_of_account;
