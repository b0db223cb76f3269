import type { Level } from "@billing/elements";

const BADGES: Record<Level, string> = {
  bronze: "Bronze",
  silver: "Silver",
  gold: "Gold",
  platinum: "Platinum",
};

export const en = {
  skip: "Skip to the content",
  pages: "Pages",
  nav: { support: "Support", supporters: "Supporters", contributions: "Your contributions" },
  signIn: "Sign in",
  signOut: "Sign out",
  tax: "Contributions are not tax-deductible.",
  questions: "Questions, or a contribution that was not meant?",
  loading: "Loading…",
  away: "Billing cannot be reached at present.",
  again: "Try again",
  from: (amount: string) => `from ${amount}`,
  earned: (level: Level) => `You have earned the ${BADGES[level]} badge.`,
  hasBadge: (level: Level) => `Your badge is ${BADGES[level]}.`,
  missing: (amount: string, level: Level) => `${amount} more earns you the ${BADGES[level]} badge.`,
  highest: "It is the highest there is.",
  support: {
    heading: (name: string | null) => (name ? `Support ${name}` : "Support us"),
    lead: "Help keep it free for everyone.",
    form: "Your contribution",
    cancelled:
      "You left the payment page, so nothing was charged. Everything is as you entered it.",
    declined:
      "The payment was declined, so nothing was charged. Try another card, or ask your bank.",
    paused: "Payments are paused at present, so nothing can be given just now.",
    why: "Why give?",
    free: {
      title: "It stays free.",
      text: (name: string | null) =>
        `Contributions pay for what ${name ?? "this"} costs to run, so that nobody has to pay to take part.`,
    },
    badge: {
      title: "A badge, if you like.",
      text: "Everything you give counts towards it. You decide whether anybody sees it.",
    },
    mind: {
      title: "You may change your mind.",
      text: "Take your name off a contribution at any time, or have it refunded within 30 days.",
    },
    recent: "This month’s supporters",
    everybody: "All supporters",
  },
  supporters: {
    heading: (name: string | null) => (name ? `Supporters of ${name}` : "Our supporters"),
    lead: "These people keep it free for everyone. Thank you!",
    join: "Join them",
  },
  thankYou: {
    thanks: "Thank you!",
    thanksTo: (name: string | null) =>
      name ? `Thank you for supporting ${name}!` : "Thank you for your support!",
    yours: "Your contribution",
    unnamed:
      "This address names no contribution, so we cannot say how it stands. If you have just paid, the payment provider sends the receipt to the address that you gave there. If none has come within a day, look among your junk mail, then write to us.",
    receipt:
      "Stripe sends the receipt to the address that you gave there. If none has come within a day, look among your junk mail, then write to us.",
    total: (amount: string, total: string) =>
      `Your ${amount} contribution brings your total to ${total}.`,
    arrived: (amount: string) => `Your ${amount} contribution has arrived.`,
    seeOwn: "See your contributions",
    pending: "Thank you. We are waiting for your payment",
    pendingText: (amount: string) =>
      `Your ${amount} contribution counts as soon as the payment is confirmed, mostly within seconds. You may close this page: nothing is lost.`,
    slow: (amount: string) =>
      `The payment of ${amount} is not confirmed yet. Some ways to pay take days; nothing is lost, and you need not pay again.`,
    failed: "The payment did not go through",
    failedText: (amount: string) =>
      `Your ${amount} contribution was not made, and no money was taken. Thank you for wanting to help.`,
    tryAgain: "Try again",
    refunded: "This contribution was given back",
    refundedText: (amount: string) => `All of the ${amount} went back to where it came from.`,
    missing: "We do not know this contribution",
    missingText: "Perhaps the address is not whole. Your contributions list all that you gave.",
    away: "We cannot see at present whether your payment is confirmed. Nothing is lost.",
  },
  share: {
    heading: "Tell others",
    link: "Link to share",
    title: (name: string | null) => (name ? `Support ${name}` : "Support us"),
    text: (name: string | null) =>
      name ? `I support ${name}. Join me!` : "I have just given. Join me!",
    copy: "Copy the link",
    copied: "Copied.",
    send: "Share",
  },
  own: {
    heading: "Your contributions",
    signedOut: "Sign in to see what you gave.",
    ended: "Your sign-in has ended. Sign in again to go on.",
    noLogin: "Sign in on the platform, then open this page again.",
    standing: "Your total and badge",
    total: (amount: string) => `${amount} in all`,
    give: "Contribute",
    history: "History",
    nothing: "You have not given yet.",
    more: "Load more",
    status: {
      pending: "waiting for payment",
      completed: "received",
      refunded: "given back",
      failed: "not paid",
    },
    left: (amount: string) => `A part was given back; ${amount} of it remain.`,
    messageShown: "Your message is on the supporters page, and leaves it with your name.",
    messageHidden: "Your message is not on the supporters page.",
    isAnonymous: "Anonymous",
    isNamed: "Counts under your name",
    name: "Show my name",
    unname: "Make anonymous",
    consent: "Display my name on the supporters page",
    agree: "Agree",
    cancel: "Cancel",
    appearance: "How you are shown",
    displayName: "Display name",
    displayNameHint: "The name on the supporters page. Without one you are not named there.",
    nameWrong: "Enter a shorter name, without links.",
    showBadge: "Show my badge to others",
    showBadgeHint:
      "They see the badge that all you gave has earned, anonymous contributions too, but no amounts.",
    offWall: "Keep me off the supporters page",
    offWallHint: "Whatever single contributions say.",
    save: "Save",
    saved: "Saved.",
    notSaved: "This could not be saved. Please try again.",
    export: "Your data",
    exportText: "Everything that billing keeps about you, as one file (JSON).",
    exportButton: "Download",
    exportFailed: "The file could not be made whole. Please try again.",
  },
};
