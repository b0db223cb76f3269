alter table account drop column month_limit_told, drop column day_limit_told;
drop table outbox_channel;
