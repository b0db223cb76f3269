drop table tenant;
drop function refuse_change();
revoke select on _sqlx_migrations from billing_app;
-- The role stays: other databases of the server may use it.
