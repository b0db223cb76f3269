-- no-transaction
-- A tenant's payments, newest first, of one state or of several: an administrator's list. Payments that are made
-- later have a greater payment_id.
create index concurrently if not exists payment_of_tenant
    on payment (tenant_id, state, payment_id, account_id);
