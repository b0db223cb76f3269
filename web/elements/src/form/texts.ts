import type { Problems } from "./draft";

type Bounds = { least: string; most: string };

export const TEXTS = {
  en: {
    amount: "Choose an amount",
    other: "Other amount",
    otherLabel: "Amount in US dollars",
    bounds: ({ least, most }: Bounds) => `From ${least} to ${most}.`,
    anonymous: "Keep my contribution anonymous",
    anonymousHint: "Your name and your message are shown to nobody. It counts towards your badge.",
    consent: "Display my name on the supporters page",
    message: "Message",
    messagePlaceholder: (name: string) =>
      name ? `Optional: Why do you support ${name}?` : "Optional: Why do you support us?",
    messageHint: "Shown beside your name once somebody has read it.",
    left: (count: number) => `${count} of 500`,
    email: "E-mail address for the receipt",
    emailHint: "Optional. Only Stripe gets it.",
    submit: "Continue to Payment",
    busy: "One moment…",
    secure: "Secure payment powered by Stripe",
    tax: "Contributions are not tax-deductible",
    signIn: "Sign in",
    problem: (bounds: Bounds): Record<NonNullable<Problems[keyof Problems]>, string> => ({
      choose: "Choose or enter an amount.",
      "no-amount": "Enter the amount in digits, as in 25 or 12.50.",
      decimals: "Enter at most two digits after the point.",
      below: `The least is ${bounds.least}.`,
      above: `The most is ${bounds.most}.`,
      consent: "Tick this to be named, or keep the contribution anonymous.",
      long: "Shorten the message to 500 characters.",
      email: "Enter an address as in name@example.org, or none.",
    }),
    failure: {
      UNAUTHENTICATED: "Sign in to go on. What you have entered stays here.",
      UNREACHABLE: "We cannot be reached at present. Nothing was charged; please try again.",
      CONTRIBUTION_ENDED:
        "An earlier try has ended, or was paid in another tab. Look into your contributions, or go on to give once more.",
      TOO_MANY_OPEN: "Several of your payments are still open. Finish one of them, or try again in an hour.",
      RATE_LIMITED: "Too many tries. Please wait for a minute.",
      ACCOUNT_SUSPENDED: "Your account is suspended, so no payment can begin.",
      TENANT_MISMATCH: "You are signed in elsewhere. Sign in here to go on.",
      else: "The payment could not be started. Nothing was charged; please try again.",
    } as Record<string, string>,
  },
  uk: {
    amount: "Виберіть суму",
    other: "Інша сума",
    otherLabel: "Сума в доларах США",
    bounds: ({ least, most }: Bounds) => `Від ${least} до ${most}.`,
    anonymous: "Зробити мій внесок анонімним",
    anonymousHint: "Вашого імені й повідомлення не побачить ніхто. Внесок зарахується до відзнаки.",
    consent: "Показувати моє імʼя на сторінці прихильників",
    message: "Повідомлення",
    messagePlaceholder: (name: string) =>
      name ? `Необовʼязково: чому ви підтримуєте ${name}?` : "Необовʼязково: чому ви нас підтримуєте?",
    messageHint: "Зʼявиться поруч із вашим імʼям, щойно його хтось прочитає.",
    left: (count: number) => `${count} із 500`,
    email: "Електронна адреса для квитанції",
    emailHint: "Необовʼязково. Її отримає лише Stripe.",
    submit: "Перейти до оплати",
    busy: "Хвилинку…",
    secure: "Безпечна оплата через Stripe",
    tax: "Внески не дають права на податкову знижку",
    signIn: "Увійти",
    problem: (bounds: Bounds): Record<NonNullable<Problems[keyof Problems]>, string> => ({
      choose: "Виберіть або введіть суму.",
      "no-amount": "Введіть суму цифрами, наприклад 25 або 12,50.",
      decimals: "Після коми може бути щонайбільше дві цифри.",
      below: `Найменша сума – ${bounds.least}.`,
      above: `Найбільша сума – ${bounds.most}.`,
      consent: "Позначте, щоб вас було названо, або зробіть внесок анонімним.",
      long: "Скоротіть повідомлення до 500 символів.",
      email: "Введіть адресу на зразок name@example.org або залиште поле порожнім.",
    }),
    failure: {
      UNAUTHENTICATED: "Увійдіть, щоб продовжити. Усе введене залишиться тут.",
      UNREACHABLE: "Зараз немає звʼязку. Кошти не списано, спробуйте ще раз.",
      CONTRIBUTION_ENDED:
        "Попередню спробу завершено або вже оплачено в іншій вкладці. Перегляньте свої внески або продовжте, щоб зробити ще один.",
      TOO_MANY_OPEN: "У вас є кілька незавершених платежів. Завершіть один із них або спробуйте за годину.",
      RATE_LIMITED: "Забагато спроб. Зачекайте хвилину.",
      ACCOUNT_SUSPENDED: "Ваш рахунок призупинено, тож почати платіж неможливо.",
      TENANT_MISMATCH: "Ви увійшли в іншому місці. Увійдіть тут, щоб продовжити.",
      else: "Не вдалося почати платіж. Кошти не списано, спробуйте ще раз.",
    } as Record<string, string>,
  },
};

export type Texts = (typeof TEXTS)["en"];
