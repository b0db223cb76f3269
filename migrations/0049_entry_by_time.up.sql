-- no-transaction
-- The entries of the last days, of whichever account, for what a tenant has spent. Entries lie in the table as
-- they were made, so that a summary of each megabyte finds them; a charge adds nothing to it.
create index concurrently if not exists entry_by_time on entry using brin (created_at)
    with (autosummarize = on);
