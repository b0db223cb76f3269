drop index provider_event_left;
create index provider_event_left on provider_event (provider, received_at, event_id)
    where outcome in ('unmatched', 'unreadable', 'contradiction') and reviewed_at is null;
alter table provider_event drop constraint provider_event_outcome_known;
update provider_event set outcome = 'unmatched' where outcome = 'recorded';
alter table provider_event add constraint provider_event_outcome_known
    check (outcome in ('applied', 'ignored', 'unmatched', 'unreadable', 'contradiction'));
alter table payment drop column given_back_minor;
drop table exchange_rate;
