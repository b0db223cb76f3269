-- The rules of 0050 hold for the changes that were there. In a migration of its own: nobody waits for it.
alter table admin_change validate constraint admin_change_action_known;
alter table admin_change validate constraint admin_change_said_once;
alter table admin_change validate constraint admin_change_of_account;
