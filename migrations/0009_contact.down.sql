alter table outbox_message drop column given_up_at;
alter table account drop column low_balance_warned_on;
drop table contact;
