-- Its payer has done their part, and the money is on its way, as a bank's debit is for days. False again once it
-- has come or failed; a core that does not know the column leaves it, so that whoever reads it asks for the
-- state too.
alter table payment add column processing boolean not null default false;
