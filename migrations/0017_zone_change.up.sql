-- The date with which the account's day began, where a change of zone has moved it to another, `spent_on`: so
-- that changing back moves it back. Null: the same. `month_spent_micros` is of the month of this date.
alter table account add column begun_on date;

-- What a month was given of the one before: where a change of zone has brought an account into the next month,
-- what counts in its day counts in that month too. The entries are numbered as before; the audit adds this.
create table month_carry (
    account_id uuid not null,
    -- The month that began.
    month_no integer not null,
    carried_micros bigint not null,
    primary key (account_id, month_no),
    constraint month_carry_not_negative check (carried_micros >= 0)
);
create trigger month_carry_append_only before update or delete or truncate on month_carry
    for each statement execute function refuse_change();
grant select, insert on month_carry to billing_app;
