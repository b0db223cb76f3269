drop table consent, sponsorship_sum, supporter_month, contribution, supporter, sponsorship;
alter table payment drop constraint payment_contribution_credits_nothing;
alter table payment drop constraint payment_purpose_known;
alter table payment add constraint payment_purpose_known check (purpose in ('top_up')) not valid;
