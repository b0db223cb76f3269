-- no-transaction
drop index concurrently if exists entry_by_time;
