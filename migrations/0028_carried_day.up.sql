-- Where a change of zone has brought the account into the next month, its day is carried into that month: the
-- day's number, and the month's. What comes back of that day comes back in that month too, also days later.
-- They say something only while `month_no` is that month, so nobody resets them: not the next month, and no core
-- of the version before, which leaves them as they are.
-- Such a core beside writes `month_carry` instead, and leaves what comes back counted in the month. This
-- version only reads what it wrote, in the audit. A later version can do without: once a month has ended
-- everywhere since the last such core has gone, a contraction drops `month_carry`.
alter table account add column carried_day_no integer, add column carried_month_no integer;
