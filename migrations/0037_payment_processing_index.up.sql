-- no-transaction
-- What is on its way to a tenant, for the progress of its month. It holds these alone, however many payments
-- there are; no other payment's row changes the column, so that those are still updated in place.
create index concurrently if not exists payment_on_its_way on payment (tenant_id) where processing;
