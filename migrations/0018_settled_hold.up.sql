-- A hold ends exactly once; but work that outlived it can be charged: an expired hold becomes captured,
-- once, since `entry_one_charge_per_hold` holds for it too.
create or replace trigger hold_ends_once before update on hold
    for each row when (old.state <> 'placed' and not (old.state = 'expired' and new.state = 'captured'))
    execute function refuse_second_end();
