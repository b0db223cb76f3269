alter table account drop column balance_gone_at, drop column balance_gone_count, drop column warning_due_at;
