alter table payment drop column processing;
