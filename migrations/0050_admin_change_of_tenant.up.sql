-- Changes of the tenant itself, of how it is supported, and of what is shown of a supporter are kept like others.
alter table admin_change drop constraint admin_change_action_known;
alter table admin_change add constraint admin_change_action_known check (action in ('settings', 'suspend',
    'resume', 'billing_enabled', 'grant', 'adjustment', 'charge_refund', 'payment_refund', 'price_set',
    'price_cancel', 'tenant', 'sponsorship', 'supporter', 'message')) not valid;
alter table admin_change drop constraint admin_change_said_once;
alter table admin_change add constraint admin_change_said_once check (action not in ('grant', 'adjustment',
    'charge_refund', 'payment_refund', 'price_cancel') or num_nonnulls(actor, reason) = 0) not valid;
alter table admin_change drop constraint admin_change_of_account;
alter table admin_change add constraint admin_change_of_account check ((account_id is null)
    = (action in ('price_set', 'price_cancel', 'tenant', 'sponsorship'))) not valid;

-- The refund whose report brought the entry: it says why, and who asked for it. Null where a sum brought it, and for
-- entries of before.
alter table payment_entry add column refund_id uuid;

-- What an account of a tenant spent on a day of UTC on a tool: sums of its entries, for what is shown of the whole
-- tenant. Derived as usage_sum is: `entry` is the truth, `billing-core audit` compares the two, and rows that were
-- deleted together with those of the accounts below are made anew.
create table usage_day (
    tenant_id text not null,
    day date not null,
    account_id uuid not null,
    -- Empty: charges by amount.
    tool text not null,
    -- Charges less refunds.
    spent_micros bigint not null,
    charge_count bigint not null,
    primary key (tenant_id, day, account_id, tool),
    constraint usage_day_charge_count_not_negative check (charge_count >= 0)
) with (fillfactor = 90);
grant select, insert, update on usage_day to billing_app;

-- Up to which entry an account's are in these sums. Whoever adds to them holds the row's lock.
create table usage_day_end (
    account_id uuid primary key,
    -- One past the last.
    end_seq bigint not null,
    constraint usage_day_end_positive check (end_seq >= 1)
) with (fillfactor = 80);
grant select, insert, update on usage_day_end to billing_app;
