-- What administrators and operators changed, of accounts and of prices: written in the transaction of the change
-- itself. Where another table keeps who and why (entry_note, payment_refund, price_cancellation), it is not
-- repeated here: the row only leads there.
create table admin_change (
    change_id uuid primary key,
    tenant_id text not null,
    -- Null: of the tenant itself.
    account_id uuid,
    changed_at timestamptz not null,
    action text not null,
    -- Erasable: it may be personal.
    actor text,
    reason text,
    -- By the contract's names; of what an account is set to, only what has changed.
    before jsonb not null default '{}',
    after jsonb not null default '{}',
    -- Where it leads: an entry, a refund, a version of a price.
    entry_seq bigint,
    payment_id uuid,
    refund_id uuid,
    tool text,
    price_version bigint,
    constraint admin_change_tenant_length check (octet_length(tenant_id) between 1 and 128),
    constraint admin_change_action_known check (action in ('settings', 'suspend', 'resume', 'billing_enabled',
        'grant', 'adjustment', 'charge_refund', 'payment_refund', 'price_set', 'price_cancel')),
    constraint admin_change_actor_length check (octet_length(actor) between 1 and 255),
    constraint admin_change_reason_length check (octet_length(reason) between 1 and 500),
    constraint admin_change_said_once check (action in ('settings', 'suspend', 'resume', 'billing_enabled',
        'price_set') or num_nonnulls(actor, reason) = 0),
    constraint admin_change_leads_to_entry
        check ((action in ('grant', 'adjustment', 'charge_refund')) = (entry_seq is not null)),
    constraint admin_change_leads_to_refund
        check ((action = 'payment_refund') = (payment_id is not null and refund_id is not null)),
    constraint admin_change_leads_to_price
        check ((action in ('price_set', 'price_cancel')) = (tool is not null and price_version is not null)),
    constraint admin_change_of_account
        check ((account_id is null) = (action in ('price_set', 'price_cancel')))
);
-- A tenant's changes, newest first.
create index admin_change_of_tenant on admin_change (tenant_id, changed_at, change_id);
-- An account's.
create index admin_change_of_one on admin_change (account_id, changed_at, change_id)
    where account_id is not null;
create trigger admin_change_append_only before delete or truncate on admin_change
    for each statement execute function refuse_change();
create trigger admin_change_only_erased before update on admin_change
    for each row execute function refuse_all_but_erasure('actor', 'reason');
grant select, insert, update (actor, reason) on admin_change to billing_app;
