import { css, html, nothing } from "lit";
import { define, FundElement } from "../element";
import { Remote } from "../remote";
import { theme } from "../theme";
import { icon, iconStyles } from "./icon";
import { labelOf } from "./label";
import { isLevel, type Level } from "./level";

/** Attributes can also deny it, as templates write it: `show-label="false"`. */
const falseUnlessSaid = {
  fromAttribute: (value: string | null) => value !== null && value !== "false",
};

export type BadgeSize = "sm" | "md" | "lg";

/** A supporter's badge: `level`, or that of `user-id` by `api-base` and `tenant`. Without a badge there is nothing. */
export class FundBadge extends FundElement {
  static override properties = {
    level: {},
    size: { reflect: true },
    showLabel: { attribute: "show-label", converter: falseUnlessSaid },
    userId: { attribute: "user-id" },
  };

  static override styles = [
    theme,
    iconStyles,
    css`
      :host {
        display: inline-block;
        vertical-align: middle;
      }

      .badge {
        display: inline-flex;
        align-items: center;
        gap: 0.5em;
      }

      .icon {
        width: 2rem;
        height: 2rem;
      }

      :host([size="sm"]) .icon {
        width: 1.25rem;
        height: 1.25rem;
      }

      :host([size="sm"]) .badge {
        font-size: 0.875em;
      }

      :host([size="lg"]) .icon {
        width: 4.5rem;
        height: 4.5rem;
      }

      :host([size="lg"]) .badge {
        font-size: 1.25em;
        font-weight: 600;
      }
    `,
  ];

  declare level: Level | null | undefined;
  declare size: BadgeSize;
  declare showLabel: boolean;
  declare userId: string | null | undefined;

  readonly #remote = new Remote<{ badge_level: unknown }>(this, () =>
    this.level === undefined && this.hasPlace && this.tenant && this.userId
      ? `/supporters/${encodeURIComponent(this.tenant)}/${encodeURIComponent(this.userId)}/badge`
      : null,
  );

  constructor() {
    super();
    this.size = "md";
    this.showLabel = false;
  }

  /** Asks for the badge again. */
  async reload(): Promise<void> {
    await this.#remote.read();
  }

  protected override show(): unknown {
    const level = this.level === undefined ? this.#remote.answer?.badge_level : this.level;
    // A badge that cannot be read is left out: a profile page has more to show.
    if (!isLevel(level)) return nothing;
    const label = labelOf(level, this.language);
    return html`<span class="badge" part="badge" lang=${this.language}>
      ${this.showLabel ? icon(level) : icon(level, label)}
      ${this.showLabel ? html`<span part="label">${label}</span>` : nothing}
    </span>`;
  }
}

define("fund-badge", FundBadge);

declare global {
  interface HTMLElementTagNameMap {
    "fund-badge": FundBadge;
  }
}
