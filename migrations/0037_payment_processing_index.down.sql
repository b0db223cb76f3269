-- no-transaction
drop index concurrently if exists payment_on_its_way;
