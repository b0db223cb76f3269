-- Nobody would deliver what was written for endpoints alone.
delete from outbox_message
where channel = 'event' and exists (select from outbox_channel where channel = 'event' and not has_outlet);
delete from outbox_channel where not has_outlet;
revoke update on outbox_channel from billing_app;
alter table outbox_channel drop column has_outlet;
drop table endpoint_subject, endpoint_delivery, event_kept, endpoint_secret, endpoint;
