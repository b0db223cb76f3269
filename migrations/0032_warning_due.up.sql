-- When the user was last told that the balance is gone, and how often on balance_gone_on.
alter table account add column balance_gone_at timestamptz;
alter table account add column balance_gone_count smallint not null default 0;
-- When a warning is due that came too soon after another one of its kind. Null: none is.
alter table account add column warning_due_at timestamptz;
