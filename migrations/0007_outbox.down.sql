drop table outbox_lease, outbox_subject, outbox_message;
