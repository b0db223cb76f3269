-- no-transaction
drop index concurrently if exists payment_of_tenant;
