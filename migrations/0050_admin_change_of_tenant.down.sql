drop table usage_day_end;
drop table usage_day;
alter table payment_entry drop column refund_id;
-- The version before knows no such changes.
alter table admin_change disable trigger admin_change_append_only;
delete from admin_change where action in ('tenant', 'sponsorship', 'supporter', 'message');
alter table admin_change enable trigger admin_change_append_only;
alter table admin_change drop constraint admin_change_action_known;
alter table admin_change add constraint admin_change_action_known check (action in ('settings', 'suspend',
    'resume', 'billing_enabled', 'grant', 'adjustment', 'charge_refund', 'payment_refund', 'price_set',
    'price_cancel')) not valid;
alter table admin_change drop constraint admin_change_said_once;
alter table admin_change add constraint admin_change_said_once check (action in ('settings', 'suspend', 'resume',
    'billing_enabled', 'price_set') or num_nonnulls(actor, reason) = 0) not valid;
alter table admin_change drop constraint admin_change_of_account;
alter table admin_change add constraint admin_change_of_account
    check ((account_id is null) = (action in ('price_set', 'price_cancel'))) not valid;
