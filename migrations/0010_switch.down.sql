drop table entry_unenforced, switch_change, operator_switch;
