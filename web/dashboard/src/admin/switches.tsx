import { useState } from "react";
import type { Switch, SwitchesAnswer } from "./api";
import { AdminPage } from "./parts/admin-page";
import { Answer } from "./parts/answer";
import { Badge } from "./parts/badges";
import { Button } from "../ui/button";
import { Card } from "../ui/card";
import { SwitchDialog } from "./switch-dialog";
import { useAdmin } from "./use-admin";
import { useWords } from "./words";

/** What can be switched off while everything runs; of the whole service, not of a tenant. */
export function SwitchesPage() {
  const { t } = useWords();
  const switches = useAdmin<SwitchesAnswer>("/api/admin/switches");
  return (
    <AdminPage title={t("switches.title")}>
      <Answer query={switches} refused={t("switches.refused")}>
        {(answer) => (
          <div className="grid grid-cols-1 gap-5">
            <p className="text-ink-soft">{t("switches.intro")}</p>
            <Card>
              <ul className="m-0 list-none p-0">
                {answer.switches.map((each) => (
                  <SwitchItem key={each.name} each={each} />
                ))}
              </ul>
            </Card>
            <Card title={t("switches.history")}>
              {answer.changes.length === 0 ? (
                <p className="text-ink-soft">{t("switches.noHistory")}</p>
              ) : (
                <History changes={answer.changes} />
              )}
            </Card>
          </div>
        )}
      </Answer>
    </AdminPage>
  );
}

function useSwitchName(): (name: string) => string {
  const { t } = useWords();
  return (name) => t(`switches.names.${name}`, { defaultValue: name });
}

function SwitchItem({ each }: { each: Switch }) {
  const { t, time } = useWords();
  const name = useSwitchName()(each.name);
  const [open, setOpen] = useState(false);
  return (
    <li className="flex flex-wrap items-start justify-between gap-3 border-b border-line py-4 first:pt-0 last:border-0 last:pb-0">
      <div className="min-w-0 flex-1 basis-60">
        <h2 className="text-base font-medium">
          {name}{" "}
          <Badge tone={each.on ? "good" : "bad"}>
            {t(each.on ? "switches.on" : "switches.off")}
          </Badge>
        </h2>
        <p className="m-0 text-sm text-ink-soft">
          {t(`switches.about.${each.name}`, { defaultValue: "" })}
        </p>
        <p className="m-0 mt-1 text-sm wrap-anywhere">
          {each.changed_at === null ? (
            t("switches.neverChanged")
          ) : (
            <>
              <span className="figures text-ink-soft">
                {t("switches.changed", {
                  time: time(each.changed_at, "minute"),
                  actor: each.actor ?? t("common.unknown"),
                })}
                :
              </span>{" "}
              {each.reason}
            </>
          )}
        </p>
      </div>
      <Button
        aria-label={t(each.on ? "switches.turnOffNamed" : "switches.turnOnNamed", { name })}
        onClick={() => setOpen(true)}
      >
        {t(each.on ? "switches.turnOff" : "switches.turnOn")}
      </Button>
      {open && <SwitchDialog each={each} name={name} onClose={() => setOpen(false)} />}
    </li>
  );
}

function History({ changes }: { changes: Switch[] }) {
  const { t, time } = useWords();
  const nameOf = useSwitchName();
  return (
    <ol className="m-0 list-none p-0">
      {changes.map((change) => (
        <li
          key={`${change.name} ${change.changed_at}`}
          className="border-b border-line py-3 first:pt-0 last:border-0 last:pb-0"
        >
          <div className="flex flex-wrap items-baseline justify-between gap-x-4">
            <span className="font-medium">
              {t(change.on ? "switches.wentOn" : "switches.wentOff", { name: nameOf(change.name) })}
            </span>
            <span className="figures text-sm text-ink-soft">
              {change.changed_at && time(change.changed_at, "minute")},{" "}
              {change.actor ?? t("common.unknown")}
            </span>
          </div>
          <p className="m-0 text-sm text-ink-soft wrap-anywhere">{change.reason}</p>
        </li>
      ))}
    </ol>
  );
}
