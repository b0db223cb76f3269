-- no-transaction
-- A tenant's accounts by the address of their mail, for administrators: whole, in whatever letters.
create index concurrently if not exists contact_by_email on contact (tenant_id, lower(email))
    where email is not null;
