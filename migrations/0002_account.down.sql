drop table account_profile;
drop table account;
