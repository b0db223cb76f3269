import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";
import { useSearchParams } from "react-router";
import { useClient } from "../session/context";
import { Button } from "../ui/button";
import { Card } from "../ui/card";
import { Select } from "../ui/field";
import { useProblem } from "../ui/problem";
import { Status } from "../ui/status";
import type { Message, MessagesAnswer } from "./api";
import { AdminPage } from "./parts/admin-page";
import { Answer } from "./parts/answer";
import { useAdmin, useReadAgain } from "./use-admin";
import { useWords } from "./words";

const STATES = ["waiting", "approved", "refused"] as const;

/** What supporters wrote: the wall shows what somebody has approved. The last word holds, so none asks twice. */
export function MessagesPage() {
  const { t } = useWords();
  const [params, setParams] = useSearchParams();
  const state = STATES.find((each) => each === params.get("state")) ?? "waiting";
  const messages = useAdmin<MessagesAnswer>("/api/admin/messages", { state, limit: 200 });
  const judge = useJudge();
  const problem = useProblem();
  // The button that was pressed goes with its message.
  const told = useRef<HTMLDivElement>(null);
  const outcome = judge.isError
    ? problem(judge.error)
    : judge.isSuccess && t(judge.variables.approved ? "messages.approved" : "messages.refused");

  return (
    <AdminPage title={t("messages.title")}>
      <p className="text-ink-soft">{t("messages.intro")}</p>
      <Card>
        <div className="mb-4 sm:max-w-xs">
          <Select
            label={t("messages.state")}
            value={state}
            onChange={({ target }) =>
              setParams(target.value === "waiting" ? {} : { state: target.value })
            }
          >
            {STATES.map((each) => (
              <option key={each} value={each}>
                {t(`messages.states.${each}`)}
              </option>
            ))}
          </Select>
        </div>
        <div ref={told} tabIndex={-1} className="mb-2 outline-none">
          <Status tone={judge.isError ? "bad" : "good"}>{outcome}</Status>
        </div>
        <Answer query={messages}>
          {({ messages: rows }) =>
            rows.length === 0 ? (
              <p className="text-ink-soft">{t(`messages.empty.${state}`)}</p>
            ) : (
              <ul className="divide-y divide-line">
                {rows.map((message) => (
                  <Judged
                    key={message.ulid}
                    message={message}
                    busy={judge.isPending}
                    onJudge={(approved) =>
                      judge.mutate(
                        { ulid: message.ulid, approved },
                        { onSuccess: () => told.current?.focus() },
                      )
                    }
                  />
                ))}
              </ul>
            )
          }
        </Answer>
      </Card>
    </AdminPage>
  );
}

interface JudgedProps {
  message: Message;
  busy: boolean;
  onJudge: (approved: boolean) => void;
}

function Judged({ message, busy, onJudge }: JudgedProps) {
  const { t, time } = useWords();
  const text = `message-${message.ulid}`;
  return (
    <li className="flex flex-wrap items-start justify-between gap-3 py-4 first:pt-0 last:pb-0">
      <div className="min-w-48 flex-1">
        <p className="font-medium wrap-anywhere">
          {message.name ? <bdi>{message.name}</bdi> : t("messages.unnamed")}
        </p>
        <p className="text-sm text-ink-soft wrap-anywhere">
          {message.user_id}, <time dateTime={message.created_at}>{time(message.created_at)}</time>
        </p>
        <p id={text} className="mt-1 wrap-anywhere whitespace-pre-line">
          <bdi>{message.message}</bdi>
        </p>
      </div>
      <div className="flex flex-wrap gap-2">
        {message.state !== "approved" && (
          <Button busy={busy} aria-describedby={text} onClick={() => onJudge(true)}>
            {t("messages.approve")}
          </Button>
        )}
        {message.state !== "refused" && (
          <Button busy={busy} aria-describedby={text} onClick={() => onJudge(false)}>
            {t("messages.refuse")}
          </Button>
        )}
      </div>
    </li>
  );
}

interface Judgement {
  ulid: string;
  approved: boolean;
}

function useJudge() {
  const { request } = useClient();
  const readAgain = useReadAgain();
  return useMutation({
    mutationFn: ({ ulid, approved }: Judgement) =>
      request("PUT", `/api/admin/messages/${encodeURIComponent(ulid)}`, { body: { approved } }),
    onSettled: readAgain,
  });
}
