alter table account drop column balance_gone_on, drop column balance_warned;
drop table price_cancellation;
drop function refuse_late_cancellation();
