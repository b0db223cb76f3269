drop table idempotency_key;
drop table charge_refund;
drop table entry_note;
drop table entry;
