create or replace trigger hold_ends_once before update on hold
    for each row when (old.state <> 'placed') execute function refuse_second_end();
