alter table account drop column carried_day_no, drop column carried_month_no;
