import type { ReactiveController } from "lit";
import type { FundElement } from "./element";
import { ask } from "./gateway";

/**
 * What an element reads of the gateway. `path` says what, or null where the page gives it; another path is read anew.
 * What was read once stays when a later read fails, with the time at which it was true.
 */
export class Remote<Answer> implements ReactiveController {
  answer: Answer | undefined;
  at: Date | undefined;
  hasFailed = false;
  #asked: string | null = null;
  #round = 0;

  constructor(
    private readonly host: FundElement,
    private readonly path: () => string | null,
    private readonly arrived: (answer: Answer) => void = () => undefined,
  ) {
    host.addController(this);
  }

  get isUsed(): boolean {
    return this.path() !== null;
  }

  hostUpdate(): void {
    const path = this.path();
    const asked = path === null ? null : `${this.host.apiBase ?? ""} ${path}`;
    if (asked === this.#asked || !this.host.isConnected) return;
    this.#asked = asked;
    this.answer = undefined;
    this.hasFailed = false;
    void this.read();
  }

  /** Reads again; an answer that a later question overtook is dropped. */
  async read(): Promise<void> {
    const round = ++this.#round;
    const path = this.path();
    if (path === null) return;
    try {
      const answer = await ask<Answer>(this.host.apiBase ?? "", path);
      if (round !== this.#round) return;
      this.answer = answer;
      this.at = new Date();
      this.hasFailed = false;
      this.arrived(answer);
    } catch {
      if (round !== this.#round) return;
      this.hasFailed = true;
    }
    this.host.requestUpdate();
  }
}
