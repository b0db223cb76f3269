-- no-transaction
-- The wall of those who support monthly: few among all.
create index concurrently if not exists supporter_monthly on supporter (tenant_id, public_minor desc, wall_key)
    where monthly and public_minor > 0 and not is_anonymous and not hidden and display_name is not null;
