alter table provider_event drop column meaning;
