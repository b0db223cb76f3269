-- no-transaction
drop index concurrently if exists account_marked;
