-- no-transaction
drop index concurrently if exists contribution_message_judged;
