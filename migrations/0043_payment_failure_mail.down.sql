alter table contact drop column mail_payment_failures;
