drop table admin_change;
