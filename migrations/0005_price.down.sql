drop table price_unit;
drop table price;
