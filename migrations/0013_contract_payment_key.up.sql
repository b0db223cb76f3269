-- Cores from before 0012 infer this index by its columns when they keep a payment's key; later ones take
-- any.
alter table payment drop constraint payment_used_key_once;
