-- Where a payment is paid, of a provider that tells it once: whoever repeats the request that began it is told
-- again. Null: the provider is asked, or has not answered. Nobody looks for it, so no index has it. No row
-- that is there has one, so the check need not read them.
alter table payment add column page_url text,
    add constraint payment_page_length check (octet_length(page_url) between 1 and 2048) not valid;
