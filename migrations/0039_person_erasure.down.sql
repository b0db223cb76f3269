revoke delete on provider_customer from billing_app;
revoke update (reason, actor) on account_repair from billing_app;
drop trigger account_repair_only_erased on account_repair;
create or replace trigger account_repair_append_only before update or delete or truncate on account_repair
    for each statement execute function refuse_change();
revoke update (description, metadata, reason, actor) on entry_note from billing_app;
drop trigger entry_note_only_erased on entry_note;
drop function refuse_all_but_erasure();
alter table payment drop column erased_at;
drop table person_erasure;
