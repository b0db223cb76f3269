drop table account_repair;
