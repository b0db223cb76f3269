import type { Settings } from "@billing/client";
import { useEffect, useRef, useState } from "react";
import type { FormEvent } from "react";

import { useLocale } from "../i18n";
import { useTranslation } from "../i18n/use-translation";
import { useDraft } from "../session/draft";
import { useAmountProblem } from "../ui/amount-field";
import { Button } from "../ui/button";
import { useFieldProblems, useProblem } from "../ui/problem";
import { Status } from "../ui/status";
import { AMOUNTS, BOUNDS, changesOf, formOf } from "./form";
import type { AmountName } from "./form";
import { LimitFields } from "./limit-fields";
import { MailFields } from "./mail-fields";
import { RegionFields } from "./region-fields";
import { useSave } from "./save";

export function SettingsForm({ stored }: { stored: Settings }) {
  const { t } = useTranslation("settings");
  const locale = useLocale();
  const draft = useDraft("settings", formOf(stored, locale));
  const { change, problems } = changesOf(draft.value, stored, locale);
  const changed = Object.keys(change).length + Object.keys(problems).length > 0;
  const save = useSave();
  const [shown, setShown] = useState<ReadonlySet<string>>(new Set());
  const form = useRef<HTMLFormElement>(null);
  const [tries, setTries] = useState(0);
  const amountProblem = useAmountProblem();
  const refused = useFieldProblems()(save.error);
  const problem = useProblem();

  useEffect(() => {
    if (tries > 0) form.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  }, [tries]);

  function submit(event: FormEvent) {
    event.preventDefault();
    setShown(new Set(AMOUNTS));
    if (Object.keys(problems).length > 0) return setTries(tries + 1);
    if (!changed || save.isPending) return;
    save.mutate(change, { onSuccess: draft.drop, onError: () => setTries(tries + 1) });
  }

  function set(part: Partial<typeof draft.value>) {
    save.reset();
    draft.set(part);
  }

  function discard() {
    save.reset();
    setShown(new Set());
    draft.drop();
  }

  /** Said once a field was left, so that nobody is corrected while they type. */
  function errorOf(name: AmountName): string | undefined {
    const typed = problems[name];
    if (typed && shown.has(name)) return amountProblem(typed, "USD", BOUNDS);
    return refused.get(name);
  }

  const wrong = AMOUNTS.some((name) => errorOf(name));
  function outcome(): string | null {
    if (wrong) return t("wrong");
    if (save.error) return problem(save.error);
    if (changed) return t(draft.restored ? "restored" : "unsaved");
    if (!save.data) return null;
    const { ignored } = save.data;
    return ignored.length > 0 ? t("ignored", { members: ignored.join(", ") }) : t("saved");
  }

  const told = outcome();

  const fields = { value: draft.value, set };
  return (
    <form ref={form} noValidate className="flex flex-col gap-5" onSubmit={submit}>
      <LimitFields
        {...fields}
        errorOf={errorOf}
        left={(name) => setShown(new Set([...shown, name]))}
      />
      <RegionFields {...fields} error={refused.get("time_zone")} />
      <MailFields {...fields} knownAddress={stored.has_email} />
      <div
        className={
          "-mx-4 flex flex-wrap items-center justify-end gap-x-4 gap-y-2 bg-page px-4 py-3 sm:-mx-8 sm:px-8 " +
          (changed ? "sticky bottom-0 border-t border-line" : "")
        }
      >
        <div className={told ? "min-w-0 flex-1 basis-56" : ""}>
          <Status tone={save.error || wrong ? "bad" : save.data || !changed ? "good" : "info"}>
            {told}
          </Status>
        </div>
        {changed && <Button onClick={discard}>{t("discard")}</Button>}
        <Button type="submit" variant="primary" busy={save.isPending}>
          {t("save")}
        </Button>
      </div>
    </form>
  );
}
