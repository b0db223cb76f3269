-- no-transaction
drop index concurrently if exists contribution_said;
