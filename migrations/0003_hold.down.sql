drop table free_call;
drop table hold;
drop function refuse_second_end();
