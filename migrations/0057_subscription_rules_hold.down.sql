-- What was proven stays true.
select 1;
