/** A long history, written as the ledger would have written it: through the interface it would take minutes. */
import { execFileSync } from "node:child_process";

import type { Person } from "./people";
import { stack } from "./stack";

/** Charges of 5 micros each for an account that is there, a minute apart, newest just now. */
export function writeCharges(person: Person, count: number): void {
  const of = `(select account_id from account_profile where tenant_id = :'tenant' and user_id = :'person')`;
  const statements = `
    begin;
    set local statement_timeout = '60s';
    insert into entry (account_id, seq, kind, amount_micros, balance_after_micros, counterparty, created_at,
                       day_no, month_no, request_id, tool)
      select account_id, entry_seq + n, 'charge', -5, settled_micros - 5 * n, 'usage',
             now() - ((:'count')::bigint - n) * interval '1 minute', day_no, month_no, 'req-' || n,
             case n % 3 when 0 then 'search' when 1 then 'summarize' else 'translate' end
      from account, generate_series(1, (:'count')::bigint) as n
      where account_id = ${of};
    update account
      set settled_micros = settled_micros - 5 * (:'count')::bigint,
          total_spent_micros = total_spent_micros + 5 * (:'count')::bigint,
          day_spent_micros = day_spent_micros + 5 * (:'count')::bigint,
          month_spent_micros = month_spent_micros + 5 * (:'count')::bigint,
          request_count = request_count + (:'count')::bigint,
          entry_seq = entry_seq + (:'count')::bigint, version = version + 1, last_request_at = now()
      where account_id = ${of};
    commit;`;
  const variables = { tenant: stack.tenant_id, person: person.id, count: count.toString() };
  const set = Object.entries(variables).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
  execFileSync(
    "psql",
    ["--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", ...set, stack.database_url],
    {
      input: statements,
      stdio: ["pipe", "ignore", "inherit"],
    },
  );
}
