drop table month_carry;
alter table account drop column begun_on;
