-- Where a person is reached, and what he wants to be told. Erasable: it is personal.
create table contact (
    account_id uuid primary key,
    tenant_id text not null,
    user_id text not null,
    email text,
    name text,
    locale text not null default 'en',
    mail_payments boolean not null default true,
    mail_low_balance boolean not null default true,
    -- Of the last test mail: one a minute.
    tested_at timestamptz,
    updated_at timestamptz not null default clock_timestamp(),
    constraint contact_email_length check (octet_length(email) between 3 and 254),
    constraint contact_name_length check (octet_length(name) between 1 and 255),
    constraint contact_locale_known check (locale in ('en', 'uk'))
);
grant select, insert, update, delete on contact to billing_app;

-- The local day on which the user was last warned: at most once a day.
alter table account add column low_balance_warned_on date;

-- Mail that could not be delivered for too long: it no longer holds back what follows.
alter table outbox_message add column given_up_at timestamptz;
