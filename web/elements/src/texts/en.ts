import { counted } from "../language";
import type { Problems } from "../form/draft";

interface Bounds {
  least: string;
  most: string;
}

export const en = {
  away: {
    loading: "Loading…",
    away: "This cannot be shown at present.",
    stale: (time: string) => `As of ${time}.`,
    again: "Try again",
  },
  form: {
    interval: "How often",
    once: "Once",
    month: "Monthly",
    monthHint: "Monthly support can be ended at any time.",
    amount: "Choose an amount",
    other: "Other amount",
    otherLabel: "Amount in US dollars",
    bounds: ({ least, most }: Bounds) => `From ${least} to ${most}.`,
    anonymous: "Keep my contribution anonymous",
    anonymousHint: "Your name and your message are shown to nobody. It counts towards your badge.",
    consent: "Display my name on the supporters page",
    message: "Message",
    messagePlaceholder: (name: string) => `Optional: Why do you support ${name || "us"}?`,
    messageHint: "Shown beside your name once somebody has read it.",
    left: (count: number) => `${count} of 500`,
    email: "E-mail address for the receipt",
    emailHint: "Optional. Only Stripe gets it.",
    submit: "Continue to Payment",
    submitMonthly: (amount: string) => `Give ${amount} a month`,
    busy: "One moment…",
    secure: "Secure payment powered by Stripe",
    tax: "Contributions are not tax-deductible",
    signIn: "Sign in",
    manage: "See your monthly support",
    problem: (bounds: Bounds): Record<NonNullable<Problems[keyof Problems]>, string> => ({
      choose: "Choose or enter an amount.",
      "no-amount": "Enter the amount in digits, as in 25 or 12.50.",
      decimals: "At most two digits after the point.",
      below: `The least is ${bounds.least}.`,
      above: `The most is ${bounds.most}.`,
      consent: "Tick this, or keep the contribution anonymous.",
      long: "At most 500 characters.",
      email: "Enter an address as in name@example.org.",
    }),
    failure: {
      UNAUTHENTICATED: "Sign in to go on. What you have entered stays here.",
      UNREACHABLE: "We cannot be reached at present. Nothing was charged; please try again.",
      CONTRIBUTION_ENDED: "An earlier try has ended, or was paid. Go on to give once more.",
      SUBSCRIPTION_EXISTS:
        "You give monthly already, so nothing was begun. You can still give once.",
      TOO_MANY_OPEN: "Several of your payments are open. Finish one, or try again in an hour.",
      RATE_LIMITED: "Too many tries. Please wait for a minute.",
      ACCOUNT_SUSPENDED: "Your account is suspended.",
      PAYMENTS_OFF: "Payments are paused.",
      else: "The payment could not be started. Nothing was charged; please try again.",
    } as Record<string, string>,
  },
  progress: {
    goal: "This month’s goal",
    of: (goal: string) => `of ${goal}`,
    from: (count: number) => `from ${counted(count, "en", ["# supporter", "", "# supporters"])}`,
    reached: "This month’s goal is reached. Thank you!",
    pending: (amount: string) => `${amount} more is on its way.`,
  },
};
