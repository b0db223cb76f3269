import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { stale, unknown } from "../away";
import { icon, iconStyles } from "../badge/icon";
import { isLevel } from "../badge/level";
import { define, FundElement } from "../element";
import { ask, query, Refusal } from "../gateway";
import { Remote } from "../remote";
import type { Texts } from "../texts";
import { theme } from "../theme";
import { monthOf } from "./month";
import { styles } from "./styles";
import {
  countOf,
  joined,
  type Supporter,
  type Supporters,
  type Tier,
  TIERS,
  type WallPage,
} from "./supporters";
import { TEXTS, type WallTexts } from "./texts";

export type Period = "month" | "all";
/** Everybody, those who give monthly now, or all others. */
export type Support = "all" | "active" | "past";

/** Who supports the tenant openly: by `supporters`, or by `api-base` and `tenant`. */
export class FundWall extends FundElement {
  static override properties = {
    supporters: { attribute: false },
    totalCount: { type: Number, attribute: "total-count" },
    period: { reflect: true },
    limit: { type: Number },
    filter: { type: Boolean },
    support: { reflect: true },
    preview: { type: Boolean },
    headingLevel: { type: Number, attribute: "heading-level" },
    further: { state: true },
    more: { state: true },
  };

  static override styles = [theme, iconStyles, styles];

  declare supporters: Supporters | null | undefined;
  declare totalCount: number | null | undefined;
  declare period: Period;
  /** Names a page, 200 at most. */
  declare limit: number | null | undefined;
  /** People choose whose support they see. */
  declare filter: boolean;
  declare support: Support;
  /** A few names as an ornament of another page: no choice of the period, and no further pages. */
  declare preview: boolean;
  /** What the headings of the tiers are on the page: 2 to 6. */
  declare headingLevel: number;
  /** What was loaded behind the first page. */
  declare private further: WallPage | undefined;
  declare private more: "ready" | "busy" | "failed";

  readonly #remote = new Remote<WallPage>(
    this,
    () => (!this.supporters && this.hasPlace ? this.#path() : null),
    () => {
      this.further = undefined;
      this.more = "ready";
    },
  );

  constructor() {
    super();
    this.period = "all";
    this.filter = false;
    this.support = "all";
    this.preview = false;
    this.headingLevel = 3;
    this.more = "ready";
  }

  /** Asks for the names again, from the first on. */
  async reload(): Promise<void> {
    await this.#remote.read();
  }

  protected override willUpdate(changed: PropertyValues): void {
    const of = ["period", "support", "tenant", "apiBase"];
    if (of.some((name) => changed.has(name))) this.further = undefined;
  }

  #path(cursor?: string): string {
    const period = this.period === "month" ? "month" : "all";
    const { tenant } = this;
    const support = this.support === "active" || this.support === "past" ? this.support : null;
    return `/supporters${query({ period, support, limit: this.limit || null, tenant, cursor })}`;
  }

  protected override show({ away }: Texts): unknown {
    const texts = TEXTS[this.language];
    const first = this.#remote.answer;
    const shown = this.supporters ?? this.further?.supporters ?? first?.supporters;
    if (!shown && !this.#remote.isUsed) return html`<slot></slot>`;
    return html`<div lang=${this.language}>
      ${this.preview ? nothing : this.#choice(shown, texts)}
      ${shown ? this.#tiers(shown, texts) : unknown(this.#remote, away)}
      ${this.preview ? nothing : this.#next(texts)} ${stale(this.#remote, away, this.language)}
    </div>`;
  }

  #choice(shown: Supporters | undefined, texts: WallTexts): TemplateResult {
    const total = this.supporters ? this.totalCount : this.#remote.answer?.total_count;
    const count = total ?? (this.supporters && shown ? countOf(shown) : undefined);
    return html`<div class="head">
      ${this.#periods(texts)} ${this.filter ? this.#filters(texts) : nothing}
      <p class="quiet" role="status">${count === undefined ? nothing : texts.count(count)}</p>
    </div>`;
  }

  #periods(texts: WallTexts): TemplateResult {
    const { period } = this;
    return html`<fieldset class="periods" part="periods">
      <legend class="unseen">${texts.period}</legend>
      ${option("period", "month", texts.month, period, this.#choosePeriod)}
      ${option("period", "all", texts.all, period, this.#choosePeriod)}
    </fieldset>`;
  }

  readonly #choosePeriod = (period: Period): void => {
    if (this.fire("fund-period", { period })) this.period = period;
    else this.requestUpdate();
  };

  #filters(texts: WallTexts): TemplateResult {
    const { support } = this;
    return html`<fieldset class="periods" part="filters">
      <legend class="unseen">${texts.support}</legend>
      ${option("support", "all", texts.everybody, support, this.#chooseSupport)}
      ${option("support", "active", texts.active, support, this.#chooseSupport)}
      ${option("support", "past", texts.past, support, this.#chooseSupport)}
    </fieldset>`;
  }

  readonly #chooseSupport = (support: Support): void => {
    if (this.fire("fund-support", { support })) this.support = support;
    else this.requestUpdate();
  };

  #tiers(shown: Supporters, texts: WallTexts): TemplateResult | TemplateResult[] {
    const period = this.period === "month" ? "month" : "all";
    if (countOf(shown) === 0) {
      const { support } = this;
      const chosen = support === "active" || support === "past" ? support : period;
      return html`<p class="quiet" part="nobody">${texts.nobody[chosen]}</p>`;
    }
    return TIERS.filter((tier) => shown[tier]?.length).map((tier) =>
      this.#tier(tier, shown[tier] ?? [], texts),
    );
  }

  #tier(tier: Tier, supporters: readonly Supporter[], texts: WallTexts): TemplateResult {
    return html`<section class="tier ${tier}-tier" part="tier ${tier}">
      <div class="heading" role="heading" aria-level=${this.headingLevel} part="heading">
        ${isLevel(tier) ? icon(tier) : nothing}<span>${texts.tiers[tier]}</span>
      </div>
      <ul role="list">
        ${supporters.map((supporter) => this.#entry(supporter, texts))}
      </ul>
    </section>`;
  }

  #entry({ name, since, message, monthly }: Supporter, texts: WallTexts): TemplateResult {
    const month = monthOf(since, this.language);
    return html`<li part="supporter">
      <span class="name" part="name"><bdi>${name}</bdi></span>
      ${month ? html`<span class="quiet">${texts.since(month)}</span>` : nothing}
      ${monthly ? html`<span class="monthly" part="monthly">${texts.monthly}</span>` : nothing}
      ${message ? html`<q part="message"><bdi>${message}</bdi></q>` : nothing}
    </li>`;
  }

  get #cursor(): string | null | undefined {
    return (this.further ?? this.#remote.answer)?.next_cursor;
  }

  #next(texts: WallTexts): TemplateResult | typeof nothing {
    if (this.supporters || !this.#cursor) return nothing;
    return html`<p role="alert" class="failure">
        ${this.more === "failed" ? texts.moreFailed : nothing}
      </p>
      <button
        type="button"
        class="more"
        part="more"
        aria-disabled=${this.more === "busy" ? "true" : "false"}
        @click=${() => void this.#load()}
      >
        ${texts.more}
      </button>`;
  }

  async #load(): Promise<void> {
    const before = this.further ?? this.#remote.answer;
    if (this.more === "busy" || !before?.next_cursor || !this.fire("fund-more")) return;
    this.more = "busy";
    try {
      const page = await ask<WallPage>(this.apiBase ?? "", this.#path(before.next_cursor));
      // Another period, or the first page anew, may have come meanwhile.
      if (before !== (this.further ?? this.#remote.answer)) return;
      this.further = { ...page, supporters: joined(before.supporters, page.supporters) };
      this.more = "ready";
    } catch (error) {
      this.more = "failed";
      // Where those at whom the page ended have changed, the list begins again.
      if (error instanceof Refusal && error.code === "INVALID_REQUEST") await this.reload();
    }
  }
}

/** One of a choice. */
function option<Value extends string>(
  name: "period" | "support",
  value: Value,
  label: string,
  chosen: Value,
  choose: (value: Value) => void,
): TemplateResult {
  return html`<label part=${name === "period" ? name : "filter"}>
    <input
      type="radio"
      name=${name}
      value=${value}
      .checked=${value === chosen}
      @change=${() => choose(value)}
    />
    <span>${label}</span>
  </label>`;
}

define("fund-wall", FundWall);

declare global {
  interface HTMLElementTagNameMap {
    "fund-wall": FundWall;
  }
}
