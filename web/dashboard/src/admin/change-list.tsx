import { Link } from "react-router";
import type { Change } from "./api";
import { changedThings } from "./change-texts";
import { userLink } from "./links";
import { useWords } from "./words";

interface ChangeListProps {
  changes: Change[];
  /** Where they are of many users. */
  withUser: boolean;
}

/** Who changed what, when and why: the newest first. */
export function ChangeList({ changes, withUser }: ChangeListProps) {
  return (
    <ol className="m-0 list-none p-0">
      {changes.map((change, index) => (
        <ChangeItem key={`${change.at} ${index}`} change={change} withUser={withUser} />
      ))}
    </ol>
  );
}

function ChangeItem({ change, withUser }: { change: Change; withUser: boolean }) {
  const words = useWords();
  const { t, time } = words;
  return (
    <li className="border-b border-line py-3 first:pt-0 last:border-0 last:pb-0">
      <div className="flex flex-wrap items-baseline justify-between gap-x-4">
        <span className="font-medium wrap-anywhere">
          {t(`audit.actions.${change.action}`, { defaultValue: change.action })}
          {withUser && change.user_id !== null && (
            <>
              {" "}
              <Link to={userLink(change.user_id)} className="font-normal text-accent underline">
                {change.user_id}
              </Link>
            </>
          )}
        </span>
        <span className="figures text-sm text-ink-soft">
          <time dateTime={change.at}>{time(change.at, "minute")}</time>
          {change.actor && `, ${change.actor}`}
        </span>
      </div>
      <p className="m-0 text-sm text-ink-soft wrap-anywhere">
        {change.reason || t("audit.noReason")}
      </p>
      <ul className="figures m-0 list-none p-0 text-sm">
        {changedThings(change.before, change.after, words).map((thing) => (
          <li key={thing.name} className="wrap-anywhere">
            {t(thing.before === null ? "audit.set" : "audit.changed", { ...thing })}
          </li>
        ))}
      </ul>
    </li>
  );
}
