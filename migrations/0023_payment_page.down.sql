alter table payment drop column page_url;
