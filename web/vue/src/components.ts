import {
  type ContributionFormData,
  type Draft,
  isLevel,
  type Level,
  type Period,
  type Support,
  type Supporters,
} from "@billing/elements";
import { defineComponent, getCurrentInstance, h, type PropType } from "vue";
import { type BillingConfig, billingConfig } from "./billing";

/** What an element reads by itself where the app has billing and the page gives no data. */
function place(config: BillingConfig | undefined): { apiBase?: string; tenant?: string | null } {
  return config ? { apiBase: config.base, tenant: config.tenant?.() ?? null } : {};
}

/**
 * The form. Whoever listens to `submit` carries on themselves (`useBilling().createCheckout`), as in the guide;
 * where nobody does, and the app has billing, the form goes to the payment itself.
 */
export const FundraiserForm = defineComponent({
  name: "FundraiserForm",
  props: {
    recipientName: { type: String, required: true },
    recipientType: { type: String as PropType<"platform" | "group">, required: true },
    /** 10, 25 and 50 dollars, 5 to 10,000, unless the tenant has other terms. */
    presetAmounts: { type: Array as PropType<number[]>, default: undefined },
    minAmount: { type: Number, default: undefined },
    maxAmount: { type: Number, default: undefined },
    askReceiptEmail: { type: Boolean, default: false },
    /** People are asked whether they give once or monthly. */
    monthly: { type: Boolean, default: false },
    signInUrl: { type: String, default: undefined },
    /** Where those who give monthly already see and end that. */
    manageUrl: { type: String, default: undefined },
  },
  emits: {
    submit: (data: ContributionFormData) => data.amountCents > 0,
    signIn: (entered: { value: Draft }) => "value" in entered,
  },
  setup(props, { emit, slots, expose }) {
    const config = billingConfig();
    const instance = getCurrentInstance();
    const isHandled = (): boolean => instance?.vnode.props?.["onSubmit"] !== undefined;
    const tokenProvider = (): string | null => config?.token?.() ?? null;
    let form: { value: Partial<Draft> } | null = null;
    expose({
      getValue: () => form?.value,
      setValue: (value: Partial<Draft>) => {
        if (form) form.value = value;
      },
    });
    return () =>
      h(
        "fund-form",
        {
          ...place(config),
          ...props,
          tokenProvider,
          ref: (element: unknown) => {
            form = element as typeof form;
          },
          "onFund-submit": (event: CustomEvent<ContributionFormData>) => {
            if (isHandled()) event.preventDefault();
            emit("submit", event.detail);
          },
          "onFund-sign-in": (event: CustomEvent<{ value: Draft }>) => emit("signIn", event.detail),
        },
        slots["default"]?.(),
      );
  },
});

export const ProgressMeter = defineComponent({
  name: "ProgressMeter",
  props: {
    goalCents: { type: Number, default: undefined },
    currentCents: { type: Number, default: undefined },
    supporterCount: { type: Number, default: undefined },
    pendingCents: { type: Number, default: undefined },
    showDollarAmount: { type: Boolean, default: true },
  },
  setup(props, { slots }) {
    const config = billingConfig();
    // Vue writes 0 where a number becomes undefined; another key is another element, which knows nothing yet.
    const key = (): string =>
      `${props.currentCents === undefined}${props.supporterCount === undefined}`;
    return () =>
      h("fund-progress", { key: key(), ...place(config), ...props }, slots["default"]?.());
  },
});

export const SupporterWall = defineComponent({
  name: "SupporterWall",
  props: {
    supporters: { type: Object as PropType<Supporters>, default: undefined },
    totalCount: { type: Number, default: undefined },
    period: { type: String as PropType<Period>, default: "all" },
    limit: { type: Number, default: undefined },
    /** People choose whose support they see. */
    filter: { type: Boolean, default: false },
    support: { type: String as PropType<Support>, default: "all" },
    preview: { type: Boolean, default: false },
    headingLevel: { type: Number, default: 3 },
  },
  emits: {
    "update:period": (period: Period) => period === "month" || period === "all",
    "update:support": (support: Support) => ["all", "active", "past"].includes(support),
  },
  setup(props, { emit, slots }) {
    const config = billingConfig();
    return () =>
      h(
        "fund-wall",
        {
          // As above.
          key: `${props.totalCount === undefined}`,
          ...place(config),
          ...props,
          "onFund-period": (event: CustomEvent<{ period: Period }>) =>
            emit("update:period", event.detail.period),
          "onFund-support": (event: CustomEvent<{ support: Support }>) =>
            emit("update:support", event.detail.support),
        },
        slots["default"]?.(),
      );
  },
});

const level = { type: String as PropType<Level | null>, default: null };
const size = { type: String as PropType<"sm" | "md" | "lg">, default: "md" };

/** The picture alone. */
export const BadgeIcon = defineComponent({
  name: "BadgeIcon",
  props: { level, size },
  setup: (props) => () => (isLevel(props.level) ? h("fund-badge", { ...props }) : null),
});

/** The picture, and its name with `show-label`; without a level there is nothing. */
export const BadgeDisplay = defineComponent({
  name: "BadgeDisplay",
  props: { level, size, showLabel: { type: Boolean, default: false } },
  setup: (props) => () => (isLevel(props.level) ? h("fund-badge", { ...props }) : null),
});
