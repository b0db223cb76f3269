-- no-transaction
drop index concurrently if exists account_profile_by_user;
