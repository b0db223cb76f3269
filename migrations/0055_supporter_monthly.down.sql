-- no-transaction
drop index concurrently if exists supporter_monthly;
