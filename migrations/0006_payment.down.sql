drop table payment_decline, provider_event, payment_entry, payment_dispute, payment_refund,
    provider_customer, payment_reference, payment;
alter table entry drop constraint entry_counterparty_name;
-- Entries stay; those of payments do not satisfy what held before, so that only new rows are checked.
alter table entry add constraint entry_counterparty_known
    check (counterparty in ('usage', 'grants', 'adjustments', 'stripe', 'fondy')) not valid;
alter table entry drop constraint entry_sign_follows_kind;
alter table entry add constraint entry_sign_follows_kind check (case kind
    when 'charge' then amount_micros <= 0
    when 'payment_reversal' then amount_micros < 0
    when 'dispute' then amount_micros < 0
    when 'adjustment' then amount_micros <> 0
    else amount_micros > 0 end) not valid;
