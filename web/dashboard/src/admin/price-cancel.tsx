import { useClient } from "../session/context";
import { useDraft } from "../session/draft";
import type { ToolPrice } from "./api";
import { Confirm } from "./parts/confirm";
import { ReasonField } from "./parts/reason-field";
import { Sum, SumLine } from "./parts/sum";
import { reasonProblem } from "./reason";
import { useChange } from "./use-change";
import { useWords } from "./words";

interface CancelDialogProps {
  price: ToolPrice;
  onClose: () => void;
  onDone: (told: string) => void;
}

interface Cancelling {
  reason: string;
}

/** Cancels what has not begun. A price that holds stays until another one takes its place. */
export function CancelDialog({ price, onClose, onDone }: CancelDialogProps) {
  const { t, usd, time } = useWords();
  const { request } = useClient();
  const { tool, planned } = price;
  const draft = useDraft(`admin.cancel-price.${tool}`, { reason: "", tried: false });
  const change = useChange<Cancelling, { tool: ToolPrice }>(`cancel-price.${tool}`, ({ reason }) =>
    request("PUT", `/api/admin/tool-pricing/${encodeURIComponent(tool)}`, {
      body: { is_active: false, reason },
    }),
  );
  const { reason, tried } = draft.value;

  async function confirm() {
    draft.set({ tried: true });
    if (change.unanswered === null && reasonProblem(reason) !== null) return;
    const came = await change.carryOut(change.unanswered ?? { reason: reason.trim() });
    if (came.kind !== "done") return;
    draft.drop();
    onDone(told(came.answer.tool.planned));
  }

  /** What begins too soon to be cancelled still begins, and what holds now takes over from it. */
  function told(left: ToolPrice["planned"]): string {
    const again = left.at(-1);
    if (again === undefined) return t("prices.cancelled", { tool });
    const at = time(again.valid_from, "second");
    return t("prices.restored", { tool, price: usd(again.per_call_usd), time: at });
  }

  return (
    <Confirm
      title={t("prices.cancelTitle", { tool })}
      label={t("prices.cancelConfirm", { count: planned.length })}
      danger
      outcome={change.outcome}
      onConfirm={() => void confirm()}
      onClose={onClose}
    >
      <Sum>
        {planned.map((each) => (
          <SumLine
            key={each.version}
            name={t("prices.planned", { time: time(each.valid_from, "minute") })}
          >
            {t("prices.perCall", { price: usd(each.per_call_usd) })}
          </SumLine>
        ))}
      </Sum>
      <p>{t(price.is_active ? "prices.cancelText" : "prices.cancelOnlyText")}</p>
      <ReasonField
        value={change.unanswered?.reason ?? reason}
        tried={tried}
        disabled={change.unanswered !== null}
        onChange={(typed) => draft.set({ reason: typed })}
      />
    </Confirm>
  );
}
