import { decimal, editableAmount } from "@billing/client";
import { type FormEvent, useState } from "react";
import { useClient } from "../../session/context";
import { useDraft } from "../../session/draft";
import { AmountField, useAmountProblem } from "../../ui/amount-field";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Status } from "../../ui/status";
import type { AccountInFull } from "../api";
import { userPath } from "../links";
import { Unanswered } from "../parts/unanswered";
import { refusedField } from "../refused-field";
import { useChange } from "../use-change";
import { useFirstWrong } from "../use-first-wrong";
import { useWords } from "../words";
import { LimitsDialog } from "./limits-dialog";
import { LIMIT_BOUNDS, type LimitName, LIMITS, type NewLimits, readLimitsForm } from "./new-limits";

interface LimitsChange {
  limits: NewLimits;
  reason: string;
}

const MEMBERS = { daily: "dailyLimitUsd", monthly: "monthlyLimitUsd" } as const;

export function Limits({ user }: { user: AccountInFull }) {
  const { t, usd, locale } = useWords();
  const { request } = useClient();
  const amountProblem = useAmountProblem();
  const [told, setTold] = useState("");
  const [open, setOpen] = useState(false);
  const typed = (limit: string | null) => (limit === null ? "" : editableAmount(limit, locale));
  const draft = useDraft(`admin.limits.${user.user_id}`, {
    daily: typed(user.limits.daily_usd),
    monthly: typed(user.limits.monthly_usd),
    reason: "",
    tried: false,
  });
  const change = useChange<LimitsChange, unknown>(`limits.${user.user_id}`, (asked) =>
    request("PUT", userPath(user.user_id, "/limits"), { body: bodyOf(asked) }),
  );
  const { outcome, unanswered } = change;
  const [fields, lookForWrong] = useFirstWrong<HTMLFormElement>();
  const form = readLimitsForm(draft.value, user.limits, locale);
  const used = { daily: user.usage.today_usd, monthly: user.usage.month_usd };

  function errorOf(name: LimitName): string | null {
    const problem = draft.value.tried && form.problems[name];
    return problem
      ? amountProblem(problem, "USD", LIMIT_BOUNDS)
      : refusedField(outcome, MEMBERS[name], t);
  }

  function review(event: FormEvent) {
    event.preventDefault();
    draft.set({ tried: true });
    lookForWrong();
    change.reset();
    const changes = Object.keys(form.wanted).length > 0;
    const wrong = Object.keys(form.problems).length > 0;
    setTold(changes || wrong ? "" : t("limits.unchanged"));
    setOpen(changes && !wrong);
  }

  async function confirm() {
    const came = await change.carryOut(
      unanswered ?? { limits: form.wanted, reason: draft.value.reason.trim() },
    );
    if (came.kind !== "done") return;
    draft.drop();
    setOpen(false);
    setTold(t("limits.done"));
  }

  return (
    <Card title={t("user.limits")}>
      <form ref={fields} onSubmit={review} noValidate>
        <fieldset disabled={unanswered !== null} className="flex flex-col gap-4">
          {LIMITS.map((name) => (
            <AmountField
              key={name}
              label={t(`limits.${name}`)}
              hint={`${t("limits.hint")} ${t(`limits.${name}Used`, { used: usd(used[name]) })}`}
              error={errorOf(name)}
              currency="USD"
              value={draft.value[name]}
              onChange={(value) => draft.set({ [name]: value })}
            />
          ))}
          <div>
            <Button type="submit">{t("limits.review")}</Button>
          </div>
        </fieldset>
      </form>
      {unanswered && <Unanswered onAsk={() => setOpen(true)}>{t("limits.pending")}</Unanswered>}
      <div className="mt-3">
        <Status>{told}</Status>
      </div>
      {open && (
        <LimitsDialog
          user={user}
          wanted={unanswered?.limits ?? form.wanted}
          reason={draft.value.reason}
          onReason={(reason) => draft.set({ reason })}
          outcome={outcome}
          onConfirm={() => void confirm()}
          onClose={() => setOpen(false)}
        />
      )}
    </Card>
  );
}

function bodyOf({ limits, reason }: LimitsChange): Record<string, unknown> {
  const body: Record<string, unknown> = reason ? { reason } : {};
  for (const name of LIMITS) {
    const limit = limits[name];
    if (limit !== undefined) body[MEMBERS[name]] = limit === null ? null : decimal(limit);
  }
  return body;
}
