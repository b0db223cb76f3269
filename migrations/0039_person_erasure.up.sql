-- People whose personal data was erased, or is being erased. It says whose it was by their account alone.
create table person_erasure (
    account_id uuid primary key,
    -- By whom it was asked for: an operator or a program.
    asked_by text not null,
    asked_at timestamptz not null,
    -- All that had been stored when it was asked for is gone. Null: not yet, and the repeat goes on.
    finished_at timestamptz,
    -- By what their data is found where it names no account: addresses and names. None once it is finished.
    words text[] not null default '{}',
    -- The event up to which all have been looked through.
    searched_provider text not null default '',
    searched_event_id text not null default '',
    constraint person_erasure_asked_by_length check (octet_length(asked_by) between 1 and 255),
    constraint person_erasure_forgets_words check (finished_at is null or words = '{}')
);
grant select, insert, update on person_erasure to billing_app;

-- When its payer's personal data was erased: the bodies of its events are not kept any more.
alter table payment add column erased_at timestamptz;

-- Of columns that people write into, lets an update take words away and nothing else: each of those that the
-- trigger names becomes null, or `erased` where it cannot be null. No other column may change.
create function refuse_all_but_erasure() returns trigger language plpgsql as $$
begin
    if to_jsonb(new) - tg_argv <> to_jsonb(old) - tg_argv or exists (
        select from unnest(tg_argv) as word
        where to_jsonb(new) -> word <> to_jsonb(old) -> word
            and coalesce(to_jsonb(new) ->> word, 'erased') <> 'erased')
    then
        raise exception '% keeps its words, or loses them: % refused', tg_table_name, lower(tg_op)
            using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;

create trigger entry_note_only_erased before update on entry_note
    for each row execute function refuse_all_but_erasure('description', 'metadata', 'reason', 'actor');
grant update (description, metadata, reason, actor) on entry_note to billing_app;

create or replace trigger account_repair_append_only before delete or truncate on account_repair
    for each statement execute function refuse_change();
create trigger account_repair_only_erased before update on account_repair
    for each row execute function refuse_all_but_erasure('reason', 'actor');
grant update (reason, actor) on account_repair to billing_app;

-- What a provider calls a person moves no money.
grant delete on provider_customer to billing_app;
