-- no-transaction
drop index concurrently if exists contact_by_email;
