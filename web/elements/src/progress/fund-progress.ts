import { html, nothing, svg } from "lit";
import { stale, unknown } from "../away";
import { money, wholeCents } from "../cents";
import { define, FundElement } from "../element";
import { query } from "../gateway";
import { Remote } from "../remote";
import type { Texts } from "../texts";
import { theme } from "../theme";
import { styles } from "./styles";

const trueUnlessDenied = { fromAttribute: (value: string | null) => value !== "false" };

interface Progress {
  goal_cents: number | undefined;
  current_cents: number;
  supporter_count: number | undefined;
  pending_cents: number | undefined;
}

interface Amounts {
  current: string;
  goal: string;
  from: string;
}

/** The month's goal: by `goalCents`, `currentCents` and `supporterCount`, or by `api-base` and `tenant`. */
export class FundProgress extends FundElement {
  static override properties = {
    goalCents: { type: Number, attribute: "goal-cents" },
    currentCents: { type: Number, attribute: "current-cents" },
    supporterCount: { type: Number, attribute: "supporter-count" },
    pendingCents: { type: Number, attribute: "pending-cents" },
    showDollarAmount: { attribute: "show-dollar-amount", converter: trueUnlessDenied },
  };

  static override styles = [theme, styles];

  declare goalCents: number | undefined;
  declare currentCents: number | undefined;
  declare supporterCount: number | undefined;
  /** Paid by ways that take days; counted nowhere else yet. */
  declare pendingCents: number | undefined;
  declare showDollarAmount: boolean;

  readonly #remote = new Remote<Progress>(this, () =>
    this.currentCents === undefined && this.hasPlace
      ? `/progress${query({ tenant: this.tenant })}`
      : null,
  );

  constructor() {
    super();
    this.showDollarAmount = true;
  }

  /** Asks for the figures again. */
  async reload(): Promise<void> {
    await this.#remote.read();
  }

  protected override show({ away, progress: texts }: Texts): unknown {
    const { language } = this;
    const progress = this.#given ?? this.#remote.answer;
    const current = wholeCents(progress?.current_cents);
    // What is not known is not shown as nothing.
    if (!progress || current === undefined) {
      return this.#remote.isUsed ? unknown(this.#remote, away) : html`<slot></slot>`;
    }
    const goal = wholeCents(progress.goal_cents) ?? 0n;
    const pending = wholeCents(progress.pending_cents) ?? 0n;
    const count = progress.supporter_count;
    const amounts = {
      current: money(current, language),
      goal: money(goal, language),
      from: count === undefined ? "" : texts.from(count),
    };
    return html`<div lang=${language}>
      ${goal > 0n ? this.#bar(current, goal, amounts, texts) : nothing}
      <p part="text">
        ${
          this.showDollarAmount
            ? html`<span class="amount" part="amount">${amounts.current}</span>
                ${goal > 0n ? texts.of(amounts.goal) : nothing}`
            : nothing
        }
        ${amounts.from}
      </p>
      ${goal > 0n && current >= goal ? html`<p part="reached">${texts.reached}</p>` : nothing}
      ${
        pending > 0n && this.showDollarAmount
          ? html`<p class="quiet" part="pending">${texts.pending(money(pending, language))}</p>`
          : nothing
      }
      ${stale(this.#remote, away, language)}
    </div>`;
  }

  get #given(): Progress | undefined {
    if (this.currentCents === undefined) return undefined;
    return {
      goal_cents: this.goalCents,
      current_cents: this.currentCents,
      supporter_count: this.supporterCount,
      pending_cents: this.pendingCents,
    };
  }

  /** Rounded down, so that a full bar says that the goal is reached; its width is no style, which policies forbid. */
  #bar(current: bigint, goal: bigint, amounts: Amounts, texts: Texts["progress"]): unknown {
    const percent = Number((current * 100n) / goal);
    const shown = Math.max(0, Math.min(100, percent));
    return html`<div
      class="bar"
      part="bar"
      role="meter"
      aria-label=${texts.goal}
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow=${shown}
      aria-valuetext=${
        this.showDollarAmount
          ? `${amounts.current} ${texts.of(amounts.goal)} ${amounts.from}`
          : `${percent} %`
      }
    >
      ${svg`<svg aria-hidden="true"><rect part="fill" height="100%" width="${shown}%" rx="6" /></svg>`}
    </div>`;
  }
}

define("fund-progress", FundProgress);

declare global {
  interface HTMLElementTagNameMap {
    "fund-progress": FundProgress;
  }
}
