-- What an event says, hashed: by it, another event under a known id is told from the same one sent again.
-- Its body is not, since providers write the same event in several ways. Null: nothing was understood of
-- it, or it came before this column. Nobody looks for it, so no index has it.
alter table provider_event add column meaning bytea;
