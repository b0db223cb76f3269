import type { ReactiveController } from "lit";
import { Refusal } from "../gateway";
import { Cashier } from "./checkout";
import type { ContributionFormData } from "./draft";
import type { FundForm } from "./fund-form";

/** From the pressed button to the page on which it is paid. */
export class Paying implements ReactiveController {
  isBusy = false;
  failure: Refusal | undefined;
  readonly #cashier = new Cashier();

  constructor(
    private readonly form: FundForm,
    private readonly fire: (name: string, detail: unknown) => boolean,
  ) {
    form.addController(this);
  }

  hostConnected(): void {
    window.addEventListener("pageshow", this.#back);
  }

  hostDisconnected(): void {
    window.removeEventListener("pageshow", this.#back);
  }

  /** The page was kept while its user was at the provider's. */
  readonly #back = (event: PageTransitionEvent): void => {
    if (event.persisted) this.#tell(false);
  };

  async begin(data: ContributionFormData): Promise<void> {
    this.#tell(true);
    let isLeaving = false;
    try {
      const token = (await this.form.tokenProvider?.()) ?? this.form.token;
      if (!token) throw new Refusal("UNAUTHENTICATED");
      const { apiBase, tenant } = this.form;
      const checkout = await this.#cashier.begin(apiBase ?? "", tenant, token, data);
      isLeaving = this.fire("fund-checkout", checkout);
      if (isLeaving) location.assign(checkout.checkoutUrl);
    } catch (error) {
      this.#refused(error);
    } finally {
      // Until the next page is there nobody presses twice.
      this.#tell(isLeaving);
    }
  }

  forget(): void {
    this.failure = undefined;
    this.#tell(false);
  }

  #refused(error: unknown): void {
    const refusal = error instanceof Refusal ? error : new Refusal("UNREACHABLE", String(error));
    const [name, detail] =
      refusal.code === "UNAUTHENTICATED"
        ? ["fund-sign-in", { value: this.form.value }]
        : ["fund-error", { code: refusal.code, message: refusal.message }];
    if (this.fire(name, detail)) this.failure = refusal;
  }

  #tell(isBusy: boolean): void {
    this.isBusy = isBusy;
    if (isBusy) this.failure = undefined;
    this.form.requestUpdate();
  }
}
