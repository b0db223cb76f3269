alter table supporter drop column monthly;
alter table payment drop constraint payment_subscription_of_contribution;
alter table payment drop column subscription_id;
drop table subscription;
