-- What an account spent in a quarter of an hour on a tool: sums of its entries, so that a question about
-- them costs the same however long the history is. Derived: `entry` is the truth, `billing-core audit`
-- compares the two, and rows that were deleted together with the account's row below are made anew.
create table usage_sum (
    account_id uuid not null,
    -- Of UTC. The local days of every zone begin with a quarter of an hour.
    starts_at timestamptz not null,
    -- Empty: charges by amount.
    tool text not null,
    -- Charges less refunds.
    spent_micros bigint not null,
    charge_count bigint not null,
    primary key (account_id, starts_at, tool),
    constraint usage_sum_starts_on_quarter check (extract(epoch from starts_at) % 900 = 0),
    constraint usage_sum_charge_count_not_negative check (charge_count >= 0)
) with (fillfactor = 90);
grant select, insert, update on usage_sum to billing_app;

-- Which of an account's entries are in its sums. Whoever adds to them holds the row's lock.
create table usage_summed (
    account_id uuid primary key,
    first_seq bigint not null,
    -- One past the last.
    end_seq bigint not null,
    constraint usage_summed_range check (first_seq >= 1 and end_seq >= first_seq)
) with (fillfactor = 80);
grant select, insert, update on usage_summed to billing_app;
