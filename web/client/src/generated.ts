// Generated from billing-gateway/openapi.json by `npm run generate`. Not edited by hand.
export interface paths {
    "/api/admin/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who changed what of the tenant, newest first
         * @description With the switches of the whole service, where the administrator may see them.
         */
        get: operations["adminListChanges"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/mail": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Mail that does not arrive, newest first */
        get: operations["adminListUndeliveredMail"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Messages of supporters */
        get: operations["adminListMessages"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/messages/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Lets a message of a supporter be shown, or not
         * @description At once on the wall. The last word holds.
         */
        put: operations["adminJudgeMessage"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/review": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Payments that somebody is to look at */
        get: operations["adminListReview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/stats/cost-breakdown": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the tenant's users spent, by tool */
        get: operations["adminGetCostBreakdown"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/stats/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How the tenant stands */
        get: operations["adminGetOverview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/stats/revenue-chart": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the tenant took in, by day, provider and currency */
        get: operations["adminGetRevenue"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/stats/users-costs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the tenant's users spent, by user */
        get: operations["adminGetUsersCosts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/switches": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How the switches of the whole service stand */
        get: operations["adminListSwitches"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/switches/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Switches something of the whole service off, or on again
         * @description Every core follows within seconds.
         */
        put: operations["adminSetSwitch"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/tool-pricing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the tenant's tools cost */
        get: operations["adminListToolPricing"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/tool-pricing/{tool}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Sets what a call of a tool costs, from now on
         * @description It begins some seconds later. The prices of its units, and its free calls, stay. A price that is planned
         *     for later still takes over then: `planned` of the answer has those.
         */
        put: operations["adminSetToolPricing"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/transactions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Payments of the tenant, or everything booked for one user
         * @description Without `userId` these are the tenant's payments. With it, and without `status`, they are what was booked
         *     for that user; of somebody who has no account yet, for whom nothing was booked, their payments.
         */
        get: operations["adminListTransactions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/transactions/{id}/refund": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Gives a payment, or a charge, back
         * @description `id` is a payment's, ours or the provider's, and then the payer gets the money; or, beside `user_id`, that
         *     of a transaction in the user's history: a top-up is given back like its payment, a charge is credited
         *     again. The same `Idempotency-Key` and body are the same refund.
         */
        post: operations["adminRefund"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The users of the tenant
         * @description In the order of their ids. Somebody who paid or gave something and has no account yet is found by their whole
         *     id or address, where no `status` is asked for.
         */
        get: operations["adminListUsers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One user of the tenant
         * @description Somebody who paid or gave something and has no account yet is shown with the account as it would begin;
         *     their `created_at` is null.
         */
        get: operations["adminGetUser"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{id}/adjust-balance": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Changes a user's balance by hand
         * @description The same `Idempotency-Key` and body change it once. Without a key each request is a change of its own.
         */
        post: operations["adminAdjustBalance"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{id}/changes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who changed what of a user's account, newest first */
        get: operations["adminListUserChanges"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{id}/limits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Sets a user's limits */
        put: operations["adminSetLimits"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends a user's suspension */
        post: operations["adminResumeUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{id}/supporter": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Takes a supporter from the wall, or takes no messages of theirs
         * @description At once. What they gave counts all the same.
         */
        put: operations["adminModerateSupporter"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{id}/suspend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Lets a user spend nothing, until resumed
         * @description Every call of theirs is denied and no payment begins. What is under way goes on.
         */
        post: operations["adminSuspendUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billing/balance": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The user's balance, limits and use */
        get: operations["getBalance"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billing/email-preferences": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Which mail the user wants */
        get: operations["getEmailPreferences"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billing/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The user's transactions, newest first */
        get: operations["listHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billing/history.csv": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The user's transactions as a file, newest first
         * @description One row for each, as `/api/billing/history` has them. It is sent while it is read: a connection that breaks off
         *     has not brought all of it. Text that a spreadsheet would take for a formula has an apostrophe before it.
         */
        get: operations["downloadHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billing/holds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is set aside at present, newest first */
        get: operations["listHolds"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billing/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whom the token speaks for */
        get: operations["getMe"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billing/payment/available-providers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** By whom the user may top up */
        get: operations["listProviders"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billing/payment/{provider}/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Begins a top-up
         * @description The same `Idempotency-Key` and body are the same payment, and tell where it stands now.
         */
        post: operations["createPayment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billing/payment/{provider}/return": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Leads a browser on to the dashboard
         * @description What the browser brings is not read: whether it was paid, the payment's status says.
         */
        get: operations["returnFromPage"];
        put?: never;
        /** Leads a browser on to the dashboard that was brought by a form */
        post: operations["returnFromPageByForm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billing/payment/{provider}/{payment_id}/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where one of the user's payments stands */
        get: operations["getPaymentStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billing/payments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The user's payments, newest first */
        get: operations["listPayments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billing/payments/{id}/refund": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Gives a payment of the tenant back, in whole or in part
         * @description For administrators. The balance falls when the provider has taken the refund on. The same
         *     `Idempotency-Key` and body are the same refund, and tell where it stands now.
         */
        post: operations["refundPayment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billing/pricing-info": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the tools cost at present */
        get: operations["getPricingInfo"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billing/settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The user's settings */
        get: operations["getSettings"];
        /** Changes the user's settings */
        put: operations["updateSettings"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billing/statistics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the user spent and topped up lately */
        get: operations["getStatistics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billing/test-email": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sends a mail to the user's own address
         * @description To the address in the token, at most once a minute. It is on its way when this answers.
         */
        post: operations["sendTestEmail"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billing/unsubscribe/{token}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The page behind a link of `List-Unsubscribe`
         * @description Asks; nothing is changed by it.
         */
        get: operations["askToUnsubscribe"];
        put?: never;
        /**
         * Ends the mail that a link is about
         * @description As mail programs do it for their readers (RFC 8058), and the page's button. May be repeated.
         */
        post: operations["unsubscribe"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billing/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the user spent, by day and by tool */
        get: operations["getUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billing/usage-chart": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the user spent on each of the last days */
        get: operations["getUsageChart"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/contributions/checkout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Begins a contribution
         * @description Of two tabs one pays: the same again, while the first is open, is the first; another amount or other words
         *     end the first one's page. Whoever gives monthly already begins no second subscription. The same `Idempotency-Key` and body are the same contribution.
         */
        post: operations["createCheckout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/contributions/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The user's contributions */
        get: operations["listContributions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/contributions/me/subscription": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The user's subscription
         * @description The one that has not ended, else the newest; 404 where they never had one.
         */
        get: operations["getSubscription"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/contributions/subscription/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ends the user's subscription
         * @description May be repeated: one that is to end, or has ended, stays so. 404 where they never had one.
         */
        post: operations["cancelSubscription"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/contributions/{ulid}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A contribution
         * @description For the page that says thanks; whoever has the address may read it.
         */
        get: operations["getContribution"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Changes whether a contribution names its giver
         * @description At once on the wall and the badge.
         */
        patch: operations["changeContribution"];
        trace?: never;
    };
    "/api/v1/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same, under the path of the sponsorship API */
        get: operations["getHealthV1"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/progress": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The progress of the month */
        get: operations["getProgress"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sponsorship": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How a tenant is supported
         * @description What a form for contributions needs. A tenant that set nothing has the defaults.
         */
        get: operations["getSponsorship"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/supporters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The wall of supporters
         * @description Computed from public contributions alone. By the level of the lifetime total of each, also that of a month.
         */
        get: operations["listSupporters"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/supporters/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How the user is shown, and how they stand */
        get: operations["getSupporter"];
        /**
         * Changes how the user is shown
         * @description At once on the wall and the badge.
         */
        put: operations["updateSupporter"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/supporters/me/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Everything that is stored of the user
         * @description On the side of balances too, as one document to keep. It is sent while it is read: an answer that breaks off
         *     is no JSON.
         */
        get: operations["exportMe"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/supporters/{tenant_id}/{user_id}/badge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The badge of a supporter
         * @description For anybody; the owner, whose token is sent, is told in full. Whoever gave nothing has none.
         */
        get: operations["getBadge"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/supporters/{tenant_id}/{user_id}/badge.svg": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The badge of a supporter, as a picture
         * @description As strangers see it, whatever token is sent. Light or dark as the page is.
         */
        get: operations["getBadgePicture"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/supporters/{tenant_id}/{user_id}/shields.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The badge of a supporter, for shields.io
         * @description As strangers see it, whatever token is sent.
         */
        get: operations["getShieldsBadge"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/{provider}/portal": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A page of the provider's for its customer
         * @description There the user changes the card, reads invoices, and ends a subscription. 404 where they never gave or paid
         *     anything by that provider.
         */
        get: operations["getPortal"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/{provider}/webhook": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The same, under the path of the sponsorship API */
        post: operations["receiveWebhookV1"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the gateway answers at all */
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether requests can be answered: the core serves, and the gateway is not shutting down */
        get: operations["getReady"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/{provider}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Receives an event of a payment provider, signed by it
         * @description Every authentic event is stored and answered with 200, whatever it says, and takes effect once.
         *     What is not a success is to be sent again.
         */
        post: operations["receiveWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description By how much, and why. */
        AdjustBalanceBody: {
            /** @description US dollars, signed, not 0. A negative one may lead into debt. */
            amount: components["schemas"]["Usd"];
            /** @description Absent: `adjustment`. */
            kind?: components["schemas"]["AdjustmentKind"];
            /** @description Why; 1 to 500 bytes. The user sees it in their history. */
            reason: string;
        };
        AdjustedBalance: {
            balance_after_usd: components["schemas"]["Usd"];
            /** @description The balance right before the transaction, and right after it. */
            balance_before_usd: components["schemas"]["Usd"];
            /** @description The transaction in the user's history. */
            entry_id: string;
            /** @description The key had been used for the same request: this is the answer of then. */
            replayed: boolean;
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
        };
        /**
         * @description A correction, or a gift, which is more than 0.
         * @enum {string}
         */
        AdjustmentKind: "adjustment" | "grant";
        /** @description An account as a change has left it. */
        AdminChangedUser: {
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
            user: components["schemas"]["AdminUserDetails"];
        };
        /** @description The new limits. Absent: unchanged. */
        AdminLimitsBody: {
            dailyLimitUsd?: components["schemas"]["Usd"] | null;
            monthlyLimitUsd?: components["schemas"]["Usd"] | null;
            /** @description Why; at most 500 bytes. Kept with the change. */
            reason?: string | null;
        };
        AdminPagination: {
            /** @description How many are in this answer. */
            count: number;
            /** Format: int32 */
            limit: number;
            /** @description `before` of the next page; null on the last one. */
            next_before: string | null;
        };
        /** @description A payment, and whether somebody is to look at it. */
        AdminPayment: components["schemas"]["ShownPayment"] & {
            needs_review: boolean;
            /**
             * Format: date-time
             * @description When the report came that says so, RFC 3339; null where none does.
             */
            received_at: string | null;
            /** @description Null where no report says why. */
            review_reason: string | null;
        };
        /** @description What the user wants to be told. */
        AdminPreferences: {
            /** @description The language of mail: `en` or `uk`. */
            locale: string;
            mail_low_balance: boolean;
            mail_payment_failures: boolean;
            mail_payments: boolean;
        };
        AdminRefund: {
            amount: components["schemas"]["Amount"];
            /** @description ISO 4217. */
            currency: string;
            /** @description Of a charge's refund, which is a transaction of its own; null for a payment's. */
            entry_id: string | null;
            /** @description The payment; null for a charge's refund. */
            payment_id: string | null;
            /** @description Of a payment's refund; null for a charge's. */
            refund_id: string | null;
            /** @description `requested`: the provider has not answered; it is asked again until it does. */
            status: components["schemas"]["RefundStatus"];
        };
        /** @description What to give back. */
        AdminRefundBody: {
            /** @description The same, of a payment in hryvnias. */
            amount_uah?: components["schemas"]["Usd"];
            /** @description Absent: all that is left. */
            amount_usd?: components["schemas"]["Usd"];
            /** @description Why; 1 to 500 bytes. The user sees it in their history. */
            reason: string;
            /** @description Whose transaction it is, where `id` is one of a user's history. Also `userId`. */
            user_id?: string;
        };
        AdminRefundResponse: {
            refund: components["schemas"]["AdminRefund"];
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
        };
        /** @description A payment of the tenant, or an entry of a user. */
        AdminTransaction: {
            amount: components["schemas"]["Amount"] | null;
            /**
             * @description Of an entry what it moved, signed. Of a payment what it credited, or will when it is paid; of a
             *     contribution what is given.
             */
            amount_usd: components["schemas"]["Usd"];
            /**
             * Format: date-time
             * @description RFC 3339.
             */
            created_at: string;
            /** @description ISO 4217, of `amount` and `refunded`. */
            currency: string | null;
            /** @description As in the user's history; null for a payment. */
            description: string | null;
            /** @description Of a payment our own name of it; of an entry its id. */
            id: string;
            /** @description Somebody is to look at it: a provider's report contradicts the payment. */
            needs_review: boolean;
            payment_id: string | null;
            payment_provider: string | null;
            /**
             * Format: date-time
             * @description When the report came that says so, RFC 3339; null where none does.
             */
            received_at: string | null;
            refunded: components["schemas"]["Amount"] | null;
            /** @description Null where no report says why. */
            review_reason: string | null;
            status: components["schemas"]["PaymentStatus"] | null;
            type: components["schemas"]["AdminTransactionType"];
            user_id: string;
        };
        /** @enum {string} */
        AdminTransactionType: "charge" | "refund" | "topup" | "adjustment" | "contribution";
        AdminTransactionsResponse: {
            pagination: components["schemas"]["AdminPagination"];
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
            /** @description Newest first. */
            transactions: components["schemas"]["AdminTransaction"][];
        };
        /** @description A user's account as an administrator sees it. */
        AdminUser: {
            /** @description What may be spent: the balance less `held_usd`. */
            available_usd: components["schemas"]["Usd"];
            /** @description Sum of everything booked. */
            balance_usd: components["schemas"]["Usd"];
            /** @description Where false, everything is allowed and costs nothing. */
            billing_enabled: boolean;
            /**
             * Format: date-time
             * @description When the account was opened, RFC 3339; null where there is none yet.
             */
            created_at: string | null;
            /** @description How far the balance is below 0. */
            debt_usd: components["schemas"]["Usd"];
            /** @description Where their mail goes, by their own token's word; null where that is not known. */
            email: string | null;
            /** @description Set aside for calls that are under way. */
            held_usd: components["schemas"]["Usd"];
            /**
             * Format: date-time
             * @description Time of the last charge, RFC 3339; null before the first.
             */
            last_request_at: string | null;
            limits: components["schemas"]["Limits"];
            suspended: boolean;
            /**
             * Format: int64
             * @description Number of charges.
             */
            total_requests: number;
            /** @description Charges less refunds of charges, since the beginning. */
            total_spent_usd: components["schemas"]["Usd"];
            usage: components["schemas"]["Used"];
            user_id: string;
        };
        /** @description All that is set of an account. */
        AdminUserDetails: components["schemas"]["AdminUser"] & {
            low_balance_threshold_usd: components["schemas"]["Usd"] | null;
            preferences: components["schemas"]["AdminPreferences"];
            /** @description IANA name of the zone whose days and months the limits follow. */
            time_zone: string;
        };
        AdminUserResponse: {
            /** @description What is set aside now, the newest first; at most fifty. */
            holds: components["schemas"]["ShownHold"][];
            /** @description The newest ten. */
            payments: components["schemas"]["AdminPayment"][];
            /** @description The newest ten. */
            recent_transactions: components["schemas"]["Transaction"][];
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
            user: components["schemas"]["AdminUserDetails"];
        };
        AdminUsersResponse: {
            pagination: components["schemas"]["UsersPagination"];
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
            users: components["schemas"]["AdminUser"][];
        };
        /**
         * Format: decimal
         * @description An amount in the payment's currency. Read the number as text: a binary float cannot hold every amount.
         */
        Amount: string;
        AvailableProvider: {
            /**
             * @description What it is paid in, ISO 4217.
             * @example [
             *       "USD"
             *     ]
             */
            currencies: string[];
            /** @description Whether it can be paid on the provider's own page (`hosted` of the creation). */
            hosted: boolean;
            max_amount: components["schemas"]["Amount"];
            /** @description The least and the most of one top-up, in its currency. */
            min_amount: components["schemas"]["Amount"];
            /** @description What a page may offer, smallest first. */
            presets: components["schemas"]["Amount"][];
            /**
             * @description What it speaks, whatever it is called.
             * @example stripe
             */
            protocol: string;
            /**
             * @description As it stands in paths.
             * @example stripe
             */
            provider: string;
            /** @description What a page is started with where the payment is made in it; null where it is not set. */
            publishable_key: string | null;
        };
        AvailableProviders: {
            /** @description An operator lets no new payment begin. */
            payments_paused: boolean;
            /** @description The operator's text, for payers; null where payments begin. */
            payments_paused_reason: string | null;
            /** @description Those that are set up. */
            providers: components["schemas"]["AvailableProvider"][];
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
        };
        BadgeResponse: {
            badge_level: components["schemas"]["Level"] | null;
            /** Format: int32 */
            contribution_count: number | null;
            /**
             * Format: date-time
             * @description RFC 3339. Null before the first, too.
             */
            first_contribution_at: string | null;
            /**
             * Format: int64
             * @description In cents. This and what follows is null unless the tenant makes totals public, or the owner asks.
             */
            total_cents: number | null;
        };
        BalanceResponse: {
            billing: components["schemas"]["UserBilling"];
            /** @description An operator lets no new payment begin. */
            payments_paused: boolean;
            /** @description The operator's text, for payers; null where payments begin. */
            payments_paused_reason: string | null;
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
        };
        /** @description What the provider's part of the page needs, by what the provider speaks. */
        BrowserSchema: {
            /** @description Stripe: what Elements is started with. Whoever has it can pay. */
            clientSecret?: string;
            /** @description Stripe: what Stripe calls the payment. */
            paymentIntentId?: string;
            /** @description Stripe: the page where it is paid, where `hosted` asks for one. */
            paymentUrl?: string;
            /** @enum {string} */
            protocol: "stripe";
        } | {
            /** @description Fondy: what Fondy calls the payment. */
            orderId?: string;
            /** @description Fondy: the page where it is paid. */
            paymentUrl?: string;
            /** @enum {string} */
            protocol: "fondy";
        };
        /** @description Within each, whoever gave most openly first. */
        ByLevel: {
            bronze: components["schemas"]["Entry"][];
            gold: components["schemas"]["Entry"][];
            platinum: components["schemas"]["Entry"][];
            silver: components["schemas"]["Entry"][];
            /** @description Below bronze. */
            supporter: components["schemas"]["Entry"][];
        };
        /** @description How a subscription is to end. */
        Cancellation: {
            /**
             * @description True: with the time that is paid for. False: now. May be written in camel case.
             * @default true
             */
            at_period_end: boolean;
        };
        /** @description What somebody changed by hand. */
        Change: {
            /**
             * @description `settings`, `suspend`, `resume`, `billing_enabled`, `grant`, `adjustment`, `charge_refund`,
             *     `payment_refund`, `price_set`, `price_cancel` or `switch`; there may come others.
             * @example adjustment
             */
            action: string;
            /** @description Who: an administrator's user id, or an operator's name; null where it was not said, or is erased. */
            actor: string | null;
            after: {
                [key: string]: string;
            };
            /**
             * Format: date-time
             * @description RFC 3339.
             */
            at: string;
            /** @description What was changed, each value as text; a value that was not there is missing. */
            before: {
                [key: string]: string;
            };
            /** @description The transaction, where the change moved money. */
            entry_id: string | null;
            payment_id: string | null;
            /** @description Null as for the actor. */
            reason: string | null;
            /** @description The refund of a payment. */
            refund_id: string | null;
            /** @description Whose account; null: the tenant's prices, or the service's switches. */
            user_id: string | null;
        };
        ChangesResponse: {
            /** @description Newest first. */
            changes: components["schemas"]["Change"][];
            pagination: components["schemas"]["AdminPagination"];
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
        };
        /** @description What to give. Each member may be written in camel case. */
        CheckoutRequest: {
            /**
             * Format: int64
             * @description In cents of US dollars.
             * @example 2500
             */
            amount_cents: number;
            /**
             * @description `month`: the same is taken each month from now on. Null, or absent: once.
             * @example month
             */
            interval?: string | null;
            /**
             * @description True: it names its giver nowhere. Stands above consent.
             * @default false
             */
            is_anonymous: boolean;
            /**
             * @description Shown on the wall once somebody has approved it. Null, or empty: none.
             * @example Keep up the great work!
             */
            message?: string | null;
            /**
             * @description The giver consented to be named in public. One of both must be true.
             * @default false
             */
            public_display_consent: boolean;
            /** @description Where the provider sends its receipt. Billing does not keep it. */
            receipt_email?: string;
            /** @description Which words were consented to; absent: the tenant's present ones. */
            wording_version?: string;
        };
        CheckoutResponse: {
            /** @description The page on which it is paid. */
            checkout_url: string;
            /** @description What the contribution is called from now on. */
            contribution_ulid: string;
            /** @description `pending`, unless its key was used before: what is paid or has ended is not paid again. */
            status: components["schemas"]["Status"];
        };
        /** @description What is changed of a contribution. */
        ContributionChange: {
            /** @description True: it names its giver nowhere. False is the consent to be named. May be written in camel case. */
            is_anonymous: boolean;
            /** @description Which words were consented to; absent: the tenant's present ones. */
            wording_version?: string;
        };
        ContributionResponse: {
            /**
             * Format: int64
             * @description What was ordered.
             */
            amount_cents: number;
            badge_earned: components["schemas"]["Level"] | null;
            /**
             * Format: date-time
             * @description RFC 3339.
             */
            created_at: string;
            /** @description It is one of a subscription's. */
            is_recurring: boolean;
            next_badge: components["schemas"]["Level"] | null;
            /**
             * Format: int64
             * @description From which total on it is had.
             */
            next_badge_amount_cents: number | null;
            status: components["schemas"]["Status"];
            /**
             * Format: int64
             * @description All that is left of the giver's contributions.
             */
            total_cents: number | null;
            /** @example 01HQ5W8X7C9D3K2M4N6P8R0STV */
            ulid: string;
        };
        ContributionsResponse: {
            badge_level: components["schemas"]["Level"] | null;
            /** @description Newest first. */
            data: components["schemas"]["OwnContribution"][];
            /**
             * Format: int32
             * @description Of the user, whatever the page.
             */
            total: number;
            /**
             * Format: int64
             * @description All that is left of them.
             */
            total_cents: number;
        };
        CostBreakdownResponse: {
            /** Format: int32 */
            days: number;
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
            /** @description The most spent first. */
            tools: components["schemas"]["UsageOfTool"][];
        };
        /** @description What to pay. */
        CreatePaymentBody: {
            /** @description For a provider that is paid in hryvnias: Fondy. At least 10. */
            amount_uah?: components["schemas"]["Usd"];
            /**
             * @description For a provider that is paid in US dollars. At least 1, at most what the operator allows, with
             *     at most two decimals.
             */
            amount_usd?: components["schemas"]["Usd"];
            /**
             * @description True: it is paid on a page of the provider's, whose address the answer has. Absent: as the provider usually
             *     is.
             */
            hosted?: boolean;
            /** @description Where the provider sends its receipt. Billing does not keep it. */
            receipt_email?: string;
            /**
             * @description Where the payer comes back to from the provider's page, of an origin that may call; `payment=` and
             *     our name of the payment are put into its query, or `cancelled=`. Absent: the dashboard.
             */
            return_url?: string;
        };
        /** @description A payment that the browser goes on with. */
        CreatedPayment: components["schemas"]["BrowserSchema"] & {
            amount: components["schemas"]["Amount"];
            /** @description ISO 4217. */
            currency: string;
            payment_id: string;
            /**
             * @description Where it stands. One that is paid or has ended, which a repeated request may find, is not paid again:
             *     what the browser would pay it with is not there then.
             */
            status: components["schemas"]["PaymentStatus"];
        };
        EmailPreferences: {
            /** @description Any of the following. */
            email_notifications: boolean;
            notify_low_balance: boolean;
            /** @description Always false: there is no such mail. */
            notify_monthly_report: boolean;
            notify_payment_failure: boolean;
            /** @description Money that came in by payments, or went back. */
            notify_payment_success: boolean;
        };
        EmailPreferencesResponse: {
            /** @description Whether an address is known that mail can be sent to. */
            email_known: boolean;
            preferences: components["schemas"]["EmailPreferences"];
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
        };
        Entry: {
            /** @description The newest of their messages that somebody approved; absent: none. */
            message?: string;
            /** @description They support monthly now, and openly. */
            monthly: boolean;
            name: string;
            /**
             * Format: date
             * @description The day of the first public contribution in the tenant's time zone.
             */
            since: string;
        };
        /** @description As it is stored: the names are those of the columns, and versions add some. */
        ExportResponse: {
            account: unknown;
            consents: unknown[];
            contact: unknown;
            contributions: unknown[];
            entries: unknown[];
            erasure: unknown;
            /**
             * Format: date-time
             * @description RFC 3339.
             */
            exported_at: string;
            holds: unknown[];
            notices: unknown[];
            payments: unknown[];
            profile: unknown;
            provider_customers: unknown[];
            repairs: unknown[];
            supporter: unknown;
        };
        /** @description What is wrong with one field of a body, a query or a header. */
        FieldError: {
            /** @description The field as the REST surface names it. */
            field: string;
            /** @description What it must be. */
            message: string;
        };
        HealthResponse: {
            /** @example ok */
            status: string;
            /**
             * Format: date-time
             * @description RFC 3339.
             */
            timestamp: string;
        };
        HistoryResponse: {
            pagination: components["schemas"]["Pagination"];
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
            transactions: components["schemas"]["Transaction"][];
        };
        HoldsPagination: {
            /** @description Number of holds in this answer. */
            count: number;
            /** Format: int32 */
            limit: number;
            /** @description `before` of the next page; null on the last one. */
            next_before: string | null;
        };
        HoldsResponse: {
            holds: components["schemas"]["ShownHold"][];
            pagination: components["schemas"]["HoldsPagination"];
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
        };
        /** @enum {string} */
        Interval: "month";
        JudgedMessage: {
            message: string;
            state: components["schemas"]["MessageStanding"];
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
            ulid: string;
        };
        /** @description Whether a message is shown. */
        JudgementBody: {
            /** @description False: not any more, also where it was approved. Name, badge and amount of its giver stay as they are. */
            approved: boolean;
            /** @description Why; at most 500 bytes. Kept with the change. */
            reason?: string | null;
        };
        /**
         * @description The lowest first.
         * @enum {string}
         */
        Level: "bronze" | "silver" | "gold" | "platinum";
        Limits: {
            daily_usd: components["schemas"]["Usd"] | null;
            monthly_usd: components["schemas"]["Usd"] | null;
        };
        MeResponse: {
            /** @description As the token says, where a claim is configured for it; else null. */
            email: string | null;
            /** @description Whether the token is an administrator's, and this gateway has routes for them. */
            is_admin: boolean;
            /** @description As the token says, where a claim is configured for it; else null. */
            name: string | null;
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
            tenant_id: string;
            user_id: string;
        };
        /**
         * @description Whether a message is shown.
         * @enum {string}
         */
        MessageStanding: "waiting" | "approved" | "refused";
        MessagesResponse: {
            /** @description Those that wait: the oldest first; others: the newest first. */
            messages: components["schemas"]["SupportersMessage"][];
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
        };
        ModeratedSupporter: {
            banned: boolean;
            hidden: boolean;
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
        };
        /** @description Absent: unchanged. */
        ModerationBody: {
            /** @description True: their messages are refused as they come, and those that wait. */
            banned?: boolean;
            /** @description True: the wall and the badge show nothing of them. */
            hidden?: boolean;
            /** @description Why; at most 500 bytes. Kept with the change. */
            reason?: string | null;
        };
        /** @description Days and months are of UTC. */
        Overview: {
            /**
             * Format: int64
             * @description Number of accounts.
             */
            accounts: number;
            /**
             * Format: date-time
             * @description When this was counted, RFC 3339: up to a minute ago.
             */
            as_of: string;
            /**
             * Format: int64
             * @description Payments that somebody is to look at.
             */
            payments_in_review: number;
            revenue_month_usd: components["schemas"]["Usd"];
            /** @description Received, less what of it was given back since. */
            revenue_today_usd: components["schemas"]["Usd"];
            spent_month_usd: components["schemas"]["Usd"];
            /** @description Charges less refunds of charges. */
            spent_today_usd: components["schemas"]["Usd"];
            /**
             * Format: int64
             * @description Mail that was tried and has not left.
             */
            undelivered_mail: number;
        };
        OverviewResponse: {
            overview: components["schemas"]["Overview"];
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
        };
        /** @description A contribution as its giver sees it. */
        OwnContribution: {
            /**
             * Format: int64
             * @description What was ordered.
             */
            amount_cents: number;
            /**
             * Format: date-time
             * @description RFC 3339.
             */
            created_at: string;
            is_anonymous: boolean;
            /** @description It is one of a subscription: the provider takes it each month. */
            is_recurring: boolean;
            /** @description Null: none. */
            message: string | null;
            /** @description Whether the wall shows the message. */
            message_is_shown: boolean;
            /**
             * Format: int64
             * @description What is left of it: paid, less what refunds and disputes took.
             */
            net_cents: number;
            /**
             * Format: date-time
             * @description RFC 3339; null until it is paid.
             */
            paid_at: string | null;
            status: components["schemas"]["Status"];
            /** @description By which that is known; null: it was given once. */
            subscription_ulid: string | null;
            ulid: string;
        };
        Pagination: {
            /** @description Number of transactions in this answer. */
            count: number;
            /** Format: int32 */
            limit: number;
            /**
             * @description `before` of the next page; null on the last one. Unlike offsets it does not shift while
             *     transactions arrive.
             */
            next_before: string | null;
            /** Format: int32 */
            offset: number;
        };
        /**
         * @description Where a payment stands. What was refunded stays `succeeded`.
         * @enum {string}
         */
        PaymentStatus: "created" | "pending" | "requires_action" | "succeeded" | "failed" | "canceled" | "expired";
        PaymentStatusResponse: components["schemas"]["ShownPayment"] & {
            /** @description Oldest first. */
            refunds: components["schemas"]["ShownRefund"][];
        };
        PaymentsPagination: {
            /** @description Number of payments in this answer. */
            count: number;
            /** Format: int32 */
            limit: number;
            /** @description `before` of the next page; null on the last one. */
            next_before: string | null;
        };
        PaymentsResponse: {
            pagination: components["schemas"]["PaymentsPagination"];
            payments: components["schemas"]["ShownPayment"][];
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
        };
        PlannedPrice: {
            per_call_usd: components["schemas"]["Usd"];
            /**
             * Format: date-time
             * @description RFC 3339.
             */
            valid_from: string;
            /** Format: int64 */
            version: number;
        };
        PortalResponse: {
            /** @description The provider's page. It is of the user alone, and for a few minutes: asked for when they go there. */
            url: string;
        };
        /** @description A tool and its price: the one that holds, or, before any does, the first that will. */
        PricedTool: components["schemas"]["ToolPrice"] & {
            /** @description What a call costs, beside its units. A markup that was set is part of it. */
            base_cost_usd: components["schemas"]["Usd"];
            /** @description The price holds now. A tool may have none that does: then the tenant's rule for such tools holds. */
            is_active: boolean;
            /** @description Always 0: see `base_cost_usd`. */
            markup_percent: components["schemas"]["Usd"];
            /** @description Prices that begin later, the first one first. */
            planned: components["schemas"]["PlannedPrice"][];
        };
        PricedToolResponse: {
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
            tool: components["schemas"]["PricedTool"] | null;
        };
        PricingResponse: {
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
            /** @description By their names. A tool that is not among them has no price. */
            tools: components["schemas"]["ToolPrice"][];
        };
        /**
         * @description The body of every answer that is not a success (RFC 9457), with the members that the
         *     platforms' clients read.
         */
        Problem: {
            /**
             * @description What went wrong, for programs; stable.
             * @example INVALID_REQUEST
             */
            code: string;
            /** @description The same as `title`. */
            error: string;
            /** @description The fields that are wrong, on `INVALID_REQUEST`. */
            errors?: components["schemas"]["FieldError"][];
            /** @description What went wrong, for people. */
            message: string;
            /** Format: int32 */
            status: number;
            /** @description The subscription by which the caller gives already, on `SUBSCRIPTION_EXISTS`. */
            subscription_ulid?: string;
            title: string;
            /** @description Where the code is described, relative to this service. */
            type: string;
        };
        ProgressResponse: {
            /**
             * Format: int64
             * @description Settled, less what refunds and disputes took, anonymous gifts included.
             */
            current_cents: number;
            /**
             * Format: int64
             * @description A month's; 0: no goal.
             */
            goal_cents: number;
            /**
             * @description YYYY-MM, in the tenant's time zone.
             * @example 2026-11
             */
            month: string;
            /**
             * Format: date-time
             * @description When the next month begins, RFC 3339.
             */
            next_reset: string | null;
            /**
             * Format: int64
             * @description On its way, whenever it began: it is in no other number, and counts in the month in which it comes.
             */
            pending_cents: number;
            /**
             * Format: int64
             * @description Whole percent of the goal, rounded down: 100 says that it is reached, and there may be more. Null
             *     without a goal.
             */
            percentage: number | null;
            /**
             * Format: int64
             * @description Each once, with more than nothing this month.
             */
            supporter_count: number;
        };
        /**
         * Format: decimal
         * @description Read the number as text: it has up to eight decimals.
         */
        Rate: string;
        ReasonBody: {
            /** @description Why; 1 to 500 bytes. */
            reason: string;
        };
        /** @description What to give back. */
        RefundBody: {
            /** @description The same, of a payment in hryvnias. */
            amount_uah?: components["schemas"]["Usd"];
            /** @description Absent: all that is left of the payment. */
            amount_usd?: components["schemas"]["Usd"];
            /** @description Why; 1 to 500 bytes. The user sees it in their history. */
            reason: string;
        };
        RefundResponse: {
            amount: components["schemas"]["Amount"];
            /** @description ISO 4217. */
            currency: string;
            payment_id: string;
            refund_id: string;
            /** @description `requested`: the provider has not answered; it is asked again until it does. */
            status: components["schemas"]["RefundStatus"];
        };
        /** @enum {string} */
        RefundStatus: "requested" | "pending" | "succeeded" | "failed" | "canceled";
        /** @description When what counts against the limits begins at 0 again, RFC 3339. */
        Resets: {
            /** Format: date-time */
            daily_at: string;
            /** Format: date-time */
            monthly_at: string;
        };
        /** @description What was paid on a day by one provider in one currency, and what of that was given back since. */
        RevenueOfDay: {
            /** @description Credited to accounts, less what was taken back. A contribution credits none. */
            credited_usd: components["schemas"]["Usd"];
            /** @description ISO 4217, of `received`, `refunded` and `disputed`. */
            currency: string;
            /**
             * Format: date
             * @description Of UTC.
             */
            date: string;
            disputed: components["schemas"]["Amount"];
            /** @description Received, less what was refunded and disputed, at each payment's own rate. */
            net_usd: components["schemas"]["Usd"];
            /**
             * Format: int64
             * @description Number of payments.
             */
            payments: number;
            provider: string;
            received: components["schemas"]["Amount"];
            /** @description Of what was received on this day, whenever it was given back. */
            refunded: components["schemas"]["Amount"];
        };
        RevenueResponse: {
            /** @description Oldest first; a day without a payment is left out. */
            chart: components["schemas"]["RevenueOfDay"][];
            /** Format: int32 */
            days: number;
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
        };
        ReviewResponse: {
            pagination: components["schemas"]["AdminPagination"];
            /** @description Newest first. */
            payments: components["schemas"]["AdminTransaction"][];
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
        };
        /** @description The settings as they now are. */
        Settings: {
            daily_limit_usd: components["schemas"]["Usd"] | null;
            /** @description Whether an address is known that mail can be sent to. */
            has_email: boolean;
            /** @description The language of mail: `en` or `uk`. */
            locale: string;
            low_balance_threshold_usd: components["schemas"]["Usd"] | null;
            mail_low_balance: boolean;
            mail_payment_failures: boolean;
            mail_payments: boolean;
            monthly_limit_usd: components["schemas"]["Usd"] | null;
            time_zone: string;
        };
        /** @description What to change. Absent: unchanged. */
        SettingsRequest: {
            daily_limit_usd?: components["schemas"]["Usd"] | null;
            /** @description All three kinds of mail. False stands above each of them, true does not. */
            email_notifications?: boolean;
            /**
             * @description The language of mail: `en` or `uk`.
             * @example uk
             */
            locale?: string;
            low_balance_threshold_usd?: components["schemas"]["Usd"] | null;
            /** @description Mail when the balance falls below the threshold, or is gone. Also called `notify_low_balance`. */
            mail_low_balance?: boolean;
            /** @description Mail about payments that failed. Also called `notify_payment_failure`. */
            mail_payment_failures?: boolean;
            /** @description Mail about money that came in by payments, or went back. Also called `notify_payment_success`. */
            mail_payments?: boolean;
            monthly_limit_usd?: components["schemas"]["Usd"] | null;
            /**
             * @description IANA name of the zone whose days and months the limits follow.
             * @example Europe/Kyiv
             */
            time_zone?: string;
        };
        SettingsResponse: {
            settings: components["schemas"]["Settings"];
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
        };
        ShieldsResponse: {
            /** Format: int32 */
            cacheSeconds: number;
            color: string;
            /** @description Always false: whoever has no badge is no error. */
            isError: boolean;
            label: string;
            /** @example gold */
            message: string;
            /**
             * Format: int32
             * @description Always 1.
             */
            schemaVersion: number;
        };
        ShownHold: {
            amount_usd: components["schemas"]["Usd"];
            /**
             * Format: date-time
             * @description RFC 3339.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description From this time on nothing is set aside any more, RFC 3339.
             */
            expires_at: string;
            hold_id: string;
            /**
             * Format: int64
             * @description The version of the tool's price; null for a hold by amount.
             */
            price_version: number | null;
            /** @description The tool backend's name for its request. */
            request_id: string | null;
            /** @description The tool that is used; null for a hold by amount. */
            tool: string | null;
        };
        ShownPayment: {
            /** @description What is paid. */
            amount: components["schemas"]["Amount"];
            /**
             * Format: date-time
             * @description RFC 3339.
             */
            created_at: string;
            /** @description Credited to the balance so far. */
            credited_usd: components["schemas"]["Usd"];
            /** @description ISO 4217, of `amount`, `received`, `refunded`, `refund_requested` and `disputed`. */
            currency: string;
            /** @description Taken by disputes that are not won. */
            disputed: components["schemas"]["Amount"];
            /** @description For the payer; null where there is nothing to say. */
            message: string | null;
            /** @description Our own name of it. */
            payment_id: string;
            provider: string;
            received: components["schemas"]["Amount"] | null;
            /** @description What the provider calls it; null until it knows it. */
            reference: string | null;
            /** @description To be given back; the provider has not answered yet. */
            refund_requested: components["schemas"]["Amount"];
            /** @description Given back to the payer. */
            refunded: components["schemas"]["Amount"];
            /** @description Taken from the balance again, by refunds and disputes. */
            reversed_usd: components["schemas"]["Usd"];
            status: components["schemas"]["PaymentStatus"];
            /**
             * Format: date-time
             * @description RFC 3339; null until it is paid.
             */
            succeeded_at: string | null;
        };
        /** @description The rate at which a person is shown amounts, where it comes from, and how old it is. */
        ShownRate: {
            /**
             * Format: date-time
             * @description When the source was last asked with success, RFC 3339.
             */
            fetched_at: string;
            /** @description Hryvnias for one US dollar. */
            rate: components["schemas"]["Rate"];
            /**
             * @description Where it comes from: `nbu`, `static`.
             * @example nbu
             */
            source: string;
        };
        ShownRefund: {
            amount: components["schemas"]["Amount"];
            /**
             * Format: date-time
             * @description RFC 3339.
             */
            created_at: string;
            refund_id: string;
            status: components["schemas"]["RefundStatus"];
        };
        ShownSwitch: {
            actor: string | null;
            /**
             * Format: date-time
             * @description RFC 3339.
             */
            changed_at: string | null;
            /**
             * @description `enforcement`: off, everything is allowed and booked in full. `webhooks`: off, what providers report is
             *     stored and applied later. `payments`: off, no new payment begins.
             */
            name: string;
            on: boolean;
            /** @description Why it was switched last, for payers where it is `payments`; null where it never was. */
            reason: string | null;
        };
        SponsorshipResponse: {
            /**
             * @description ISO 4217: of contributions, and of all amounts here.
             * @example USD
             */
            currency: string;
            /**
             * Format: int64
             * @description A month's; 0: no goal.
             */
            goal_cents: number;
            /** Format: int64 */
            max_amount_cents: number;
            /**
             * Format: int64
             * @description The least and the most that can be given at once.
             */
            min_amount_cents: number;
            /** @description An operator lets no new payment begin. */
            payments_paused: boolean;
            /** @description The operator's text, for payers; null where payments begin. */
            payments_paused_reason: string | null;
            /** @description What a form offers. */
            presets_cents: number[];
            /** @description Whether anybody may read supporters' totals, counts and first dates. */
            shows_totals: boolean;
            thresholds_cents: components["schemas"]["Thresholds"];
            /** @description IANA name of the zone whose months count. */
            time_zone: string;
            /** @description The words by which people consent to be named; empty: those of the page. */
            wording: string;
            /** @description Which words these are: kept with each consent. */
            wording_version: string;
        };
        Statistics: {
            average_usd: components["schemas"]["Usd"] | null;
            /**
             * Format: int64
             * @description Number of charges.
             */
            requests: number;
            /** @description Charges less refunds. */
            spent_usd: components["schemas"]["Usd"];
            /** @description The most spent first, ten at most. */
            top_tools: components["schemas"]["UsageOfTool"][];
            /** @description What the history calls `topup`. */
            topped_up_usd: components["schemas"]["Usd"];
        };
        StatisticsResponse: {
            /**
             * Format: date-time
             * @description The beginning of the first of the account's days, RFC 3339.
             */
            from: string;
            /** @example 30d */
            period: string;
            statistics: components["schemas"]["Statistics"];
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
            /** @description IANA name of the zone of the days. */
            time_zone: string;
            /**
             * Format: date-time
             * @description Now, RFC 3339.
             */
            to: string;
        };
        /**
         * @description Where a contribution stands.
         * @enum {string}
         */
        Status: "pending" | "completed" | "refunded" | "failed";
        SubscriptionResponse: {
            /**
             * Format: int64
             * @description What is taken each time.
             */
            amount_cents: number;
            /**
             * Format: date-time
             * @description When it ends, RFC 3339; null: it goes on, or has ended.
             */
            cancel_at: string | null;
            /**
             * Format: date-time
             * @description RFC 3339.
             */
            created_at: string;
            /** @description ISO 4217. */
            currency: string;
            /**
             * Format: date-time
             * @description When the time ends that is paid for, RFC 3339; null: the provider does not say.
             */
            current_period_end: string | null;
            /**
             * Format: date-time
             * @description RFC 3339; null: it has not ended.
             */
            ended_at: string | null;
            interval: components["schemas"]["Interval"];
            status: components["schemas"]["SubscriptionStatus"];
            /**
             * @description That of its first contribution.
             * @example 01HQ5W8X7C9D3K2M4N6P8R0STV
             */
            ulid: string;
        };
        /**
         * @description Where a subscription stands.
         * @enum {string}
         */
        SubscriptionStatus: "active" | "past_due" | "cancelled";
        /** @description What to change. Absent: unchanged. Each may be written in camel case. */
        SupporterRequest: {
            /**
             * @description At most 255 bytes, without links and control characters. Null, or empty: the wall names them no longer.
             * @example Alice Johnson
             */
            display_name?: string | null;
            /** @description True: on no wall, whatever single contributions say. */
            is_anonymous?: boolean;
            /** @description True: strangers see the badge as it is, with what was given anonymously. */
            show_badge?: boolean;
        };
        SupporterResponse: {
            badge_level: components["schemas"]["Level"] | null;
            /** Format: int32 */
            contribution_count: number;
            /** @description Null: none, and then the wall does not name them. */
            display_name: string | null;
            /**
             * Format: date-time
             * @description RFC 3339; null before the first.
             */
            first_contribution_at: string | null;
            is_anonymous: boolean;
            next_badge: components["schemas"]["Level"] | null;
            /**
             * Format: int64
             * @description From which total on it is had, in cents.
             */
            next_badge_amount_cents: number | null;
            show_badge: boolean;
            /**
             * Format: int64
             * @description All that is left of their contributions, in cents.
             */
            total_cents: number;
        };
        SupportersMessage: {
            /**
             * Format: date-time
             * @description RFC 3339.
             */
            created_at: string;
            message: string;
            /** @description As the wall would name them; null: not at all. */
            name: string | null;
            state: components["schemas"]["MessageStanding"];
            /**
             * @description The contribution that it came with.
             * @example 01HQ5W8X7C9D3K2M4N6P8R0STV
             */
            ulid: string;
            user_id: string;
        };
        SwitchBody: {
            on: boolean;
            /** @description Why; 1 to 500 bytes. Payers see it where `payments` is switched off. */
            reason: string;
        };
        SwitchResponse: {
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
            switch: components["schemas"]["ShownSwitch"];
        };
        SwitchesResponse: {
            /** @description What was switched, newest first; at most fifty. */
            changes: components["schemas"]["ShownSwitch"][];
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
            switches: components["schemas"]["ShownSwitch"][];
        };
        TestEmailResponse: {
            message: string;
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
        };
        /** @description From which lifetime total on a badge is had. */
        Thresholds: {
            /** Format: int64 */
            bronze: number;
            /** Format: int64 */
            gold: number;
            /** Format: int64 */
            platinum: number;
            /** Format: int64 */
            silver: number;
        };
        /** @description A use costs `fixed_usd` and what its units cost, rounded up once. */
        ToolPrice: {
            fixed_usd: components["schemas"]["Usd"] | null;
            /** @description It costs nothing. */
            free: boolean;
            /**
             * Format: int64
             * @description How many calls are free on each of the account's days.
             */
            free_calls_per_day: number;
            tool: string;
            units: components["schemas"]["UnitPrice"][];
            /**
             * Format: date-time
             * @description RFC 3339.
             */
            valid_from: string;
            /** Format: int64 */
            version: number;
        };
        /** @description A new price of a tool. */
        ToolPricingBody: {
            /** @description What a call costs before the markup. Required, unless `is_active` is false. 0: the call itself is free. */
            base_cost_usd?: components["schemas"]["Usd"];
            /**
             * @description False: prices that have not begun yet are taken back. One that begins within seconds holds until the price before it
             *     is set again: `planned` says when.
             */
            is_active?: boolean;
            /** @description A call costs the base and so much of it, rounded up to a millionth of a dollar. Absent: 0. */
            markup_percent?: components["schemas"]["Usd"];
            /** @description Why; at most 500 bytes. Kept with the change. */
            reason?: string | null;
        };
        ToolPricingResponse: {
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
            /** @description By their names. */
            tools: components["schemas"]["PricedTool"][];
        };
        Transaction: {
            amount_uah: components["schemas"]["Amount"] | null;
            /** @description Signed: a charge is negative. */
            amount_usd: components["schemas"]["Usd"];
            balance_after_usd: components["schemas"]["Usd"];
            balance_before_usd: components["schemas"]["Usd"];
            /**
             * Format: date-time
             * @description RFC 3339.
             */
            created_at: string;
            /**
             * @description A charge's description; why somebody gave, took or gave back; or, where nobody wrote anything, what it is, in
             *     the language that `Accept-Language` names (en, uk). Null for a charge and a top-up without one.
             */
            description: string | null;
            /** @description False: it was charged while an operator had switched enforcement off. */
            enforced: boolean;
            /** @description The hold whose capture it is; null for what set nothing aside. */
            hold_id: string | null;
            id: string;
            metadata: {
                [key: string]: string;
            };
            /** @description The payment that moved it; null for what no payment moved. */
            payment_id: string | null;
            /** @description By whom it was paid in or taken back; null for what no payment moved. */
            payment_provider: string | null;
            /**
             * Format: int64
             * @description The version of the tool's price; null for charges by amount and for everything else.
             */
            price_version: number | null;
            /** @description The tool backend's name for the request that was charged. */
            request_id: string | null;
            /** @description The tool that was used; null for charges by amount and for everything else. */
            tool: string | null;
            type: components["schemas"]["TransactionType"];
            user_id: string;
        };
        /** @enum {string} */
        TransactionType: "charge" | "refund" | "topup" | "adjustment";
        /** @description A mail that was tried and has not left. */
        Undelivered: {
            /**
             * Format: int32
             * @description How often it was tried.
             */
            attempts: number;
            /**
             * Format: date-time
             * @description RFC 3339.
             */
            created_at: string;
            id: string;
            /**
             * @description What it says.
             * @example payment_succeeded
             */
            kind: string;
            last_error: string | null;
            /**
             * Format: date-time
             * @description RFC 3339; null: it was given up.
             */
            next_attempt_at: string | null;
            /**
             * @description The address without most of its letters; null where none is known any more.
             * @example o***@example.org
             */
            recipient_hint: string | null;
            user_id: string | null;
        };
        UndeliveredMailResponse: {
            /** @description Newest first. */
            mail: components["schemas"]["Undelivered"][];
            pagination: components["schemas"]["AdminPagination"];
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
        };
        UnitPrice: {
            /** Format: int64 */
            per_units: number;
            /** @description For each `per_units` of them. */
            price_usd: components["schemas"]["Usd"];
            unit: string;
        };
        UpdatedSettings: {
            /** @description Members of the request that are no settings: nothing was done about them. */
            ignored: string[];
            message: string;
            settings: components["schemas"]["Settings"];
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
        };
        UpdatedSupporter: components["schemas"]["SupporterResponse"] & {
            /** @description Members of the request that are none of these. */
            ignored?: string[];
        };
        Usage: {
            /** @description Oldest first; days without a charge or refund are left out. */
            by_day: components["schemas"]["UsageOfDay"][];
            /** @description The most spent first. */
            by_tool: components["schemas"]["UsageOfTool"][];
            /** @description IANA name of the zone of the days. */
            time_zone: string;
        };
        UsageChartResponse: {
            /** @description Every day, oldest first. */
            chart: components["schemas"]["UsageOfDay"][];
            /** Format: int32 */
            days: number;
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
            /** @description IANA name of the zone of the days. */
            time_zone: string;
        };
        UsageOfDay: {
            /**
             * Format: date
             * @description The account's local day.
             */
            date: string;
            /**
             * Format: int64
             * @description Number of charges.
             */
            requests: number;
            /** @description Charges less refunds booked on this day. */
            spent_usd: components["schemas"]["Usd"];
        };
        UsageOfTool: {
            /**
             * Format: int64
             * @description Number of charges.
             */
            requests: number;
            /** @description Charges less refunds. */
            spent_usd: components["schemas"]["Usd"];
            /** @description Null: charges by amount. */
            tool: string | null;
        };
        UsageOfUser: {
            /**
             * Format: int64
             * @description Number of charges.
             */
            requests: number;
            /** @description Charges less refunds. */
            spent_usd: components["schemas"]["Usd"];
            user_id: string;
        };
        UsageResponse: {
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
            usage: components["schemas"]["Usage"];
        };
        /**
         * Format: decimal
         * @description US dollars with up to six decimals. Read and write the number as text: a binary float cannot hold every amount.
         * @example 12.5
         * @example 0.01
         * @example 10
         */
        Usd: string;
        /** @description What counts against the limits, holds included. */
        Used: {
            month_usd: components["schemas"]["Usd"];
            today_usd: components["schemas"]["Usd"];
        };
        UserBilling: {
            /** @description What may be spent: the balance less `held_usd`. */
            available_usd: components["schemas"]["Usd"];
            balance_uah: components["schemas"]["Amount"] | null;
            /** @description Sum of everything booked: what the history's newest entry ends with. */
            balance_usd: components["schemas"]["Usd"];
            /** @description Where false, everything is allowed and costs nothing. */
            billing_enabled: boolean;
            /** @description What the balance is below 0; 0 where it is not. */
            debt_usd: components["schemas"]["Usd"];
            /** @description Set aside for calls that are under way. */
            held_usd: components["schemas"]["Usd"];
            /**
             * Format: date-time
             * @description Time of the last charge, RFC 3339; null before the first.
             */
            last_request_at: string | null;
            limits: components["schemas"]["Limits"];
            limits_reset: components["schemas"]["Resets"];
            /** @description The balance is below the threshold of the warning. */
            low_balance: boolean;
            /** @description Where true, every call is denied. */
            suspended: boolean;
            /** @description IANA name of the zone whose days and months the limits follow. */
            time_zone: string;
            /**
             * Format: int64
             * @description Number of charges.
             */
            total_requests: number;
            /** @description Charges less refunds of charges, since the beginning. */
            total_spent_usd: components["schemas"]["Usd"];
            uah_rate: components["schemas"]["ShownRate"] | null;
            usage: components["schemas"]["Used"];
        };
        UsersCostsResponse: {
            /** Format: int32 */
            days: number;
            /** @description Always true: what is not a success is a problem body. */
            success: boolean;
            /** @description The most spent first. */
            users: components["schemas"]["UsageOfUser"][];
        };
        UsersPagination: {
            /** @description Number of users in this answer. */
            count: number;
            /** Format: int32 */
            limit: number;
            /** @description `before` of the next page; null on the last one. */
            next_before: string | null;
            /** Format: int32 */
            offset: number;
        };
        WallResponse: {
            /** @description The `cursor` of the next page; null on the last. */
            next_cursor: string | null;
            supporters: components["schemas"]["ByLevel"];
            /**
             * Format: int64
             * @description All whom the wall names of the period, whatever the page.
             */
            total_count: number;
        };
        WebhookResponse: {
            /** @description Always true. */
            received: boolean;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    adminListChanges: {
        parameters: {
            query?: {
                /** @description How many changes; absent: 50 */
                limit?: number;
                /** @description The `next_before` of the page before */
                before?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangesResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    adminListUndeliveredMail: {
        parameters: {
            query?: {
                /** @description How many; absent: 50 */
                limit?: number;
                /** @description The `next_before` of the page before */
                before?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UndeliveredMailResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    adminListMessages: {
        parameters: {
            query?: {
                /** @description waiting, approved or refused; absent: waiting */
                state?: string;
                /** @description Only of this user */
                userId?: string;
                /** @description How many; absent: 50 */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MessagesResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    adminJudgeMessage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The ULID of the contribution */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["JudgementBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JudgedMessage"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    adminListReview: {
        parameters: {
            query?: {
                /** @description How many; absent: 50 */
                limit?: number;
                /** @description The `next_before` of the page before */
                before?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReviewResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    adminGetCostBreakdown: {
        parameters: {
            query?: {
                /** @description How many days of UTC, with today; absent: 30 */
                days?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CostBreakdownResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    adminGetOverview: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OverviewResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    adminGetRevenue: {
        parameters: {
            query?: {
                /** @description How many days of UTC, with today; absent: 30 */
                days?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RevenueResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    adminGetUsersCosts: {
        parameters: {
            query?: {
                /** @description How many days of UTC, with today; absent: 30 */
                days?: number;
                /** @description How many users; absent: 50 */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsersCostsResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    adminListSwitches: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SwitchesResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    adminSetSwitch: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description enforcement, webhooks or payments */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SwitchBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SwitchResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    adminListToolPricing: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ToolPricingResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    adminSetToolPricing: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                tool: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ToolPricingBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PricedToolResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    adminListTransactions: {
        parameters: {
            query?: {
                /** @description topup, charge, refund or adjustment; others than topup need `userId` */
                type?: string;
                /** @description Only payments: all of them, or those that are created, pending, requires_action, succeeded, failed, canceled, expired or in_review */
                status?: string;
                /** @description Only of this user */
                userId?: string;
                /** @description How many; absent: 50 */
                limit?: number;
                /** @description The `next_before` of the page before */
                before?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminTransactionsResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    adminRefund: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes the request repeatable; visible ASCII */
                "Idempotency-Key"?: string | null;
            };
            path: {
                /** @description A payment, or a transaction of `user_id` */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AdminRefundBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminRefundResponse"];
                };
            };
            /** @description The provider has not answered yet; it is asked again */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminRefundResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    adminListUsers: {
        parameters: {
            query?: {
                /** @description The beginning of a user id, or a whole e-mail address */
                search?: string;
                /** @description all, active, suspended, in_debt or disabled; absent: all */
                status?: string;
                /** @description How many users; absent: 50 */
                limit?: number;
                /** @description How many to pass over first */
                offset?: number;
                /** @description The `next_before` of the page before */
                before?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminUsersResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    adminGetUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The user as the tenant names them */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminUserResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    adminAdjustBalance: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes the request repeatable; visible ASCII */
                "Idempotency-Key"?: string | null;
            };
            path: {
                /** @description The user as the tenant names them */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AdjustBalanceBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdjustedBalance"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    adminListUserChanges: {
        parameters: {
            query?: {
                /** @description How many changes; absent: 50 */
                limit?: number;
                /** @description The `next_before` of the page before */
                before?: string;
            };
            header?: never;
            path: {
                /** @description The user as the tenant names them */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangesResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    adminSetLimits: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The user as the tenant names them */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AdminLimitsBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminChangedUser"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    adminResumeUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The user as the tenant names them */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReasonBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminChangedUser"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    adminModerateSupporter: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The user as the tenant names them */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ModerationBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModeratedSupporter"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    adminSuspendUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The user as the tenant names them */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReasonBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminChangedUser"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getBalance: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BalanceResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getEmailPreferences: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EmailPreferencesResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listHistory: {
        parameters: {
            query?: {
                /** @description How many transactions; absent: 50 */
                limit?: number;
                /** @description How many to pass over first */
                offset?: number;
                /** @description Only what is older than the transaction with this id */
                before?: string;
                /** @description Only these; absent: all */
                type?: components["schemas"]["TransactionType"];
                /** @description Only of this tool; absent: all */
                tool?: string;
                /** @description From this time on: RFC 3339, or YYYY-MM-DD for the beginning of a day of the account's time zone */
                from?: string;
                /** @description Up to this time, which is not included; written as `from` */
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HistoryResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    downloadHistory: {
        parameters: {
            query?: {
                /** @description Only these; absent: all */
                type?: components["schemas"]["TransactionType"];
                /** @description Only of this tool; absent: all */
                tool?: string;
                /** @description From this time on: RFC 3339, or YYYY-MM-DD for the beginning of a day of the account's time zone */
                from?: string;
                /** @description Up to this time, which is not included; written as `from` */
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/csv": string;
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listHolds: {
        parameters: {
            query?: {
                /** @description How many holds; absent: 50 */
                limit?: number;
                /** @description Only what was placed before the hold with this id */
                before?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HoldsResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getMe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MeResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listProviders: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AvailableProviders"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createPayment: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes the request repeatable; visible ASCII */
                "Idempotency-Key"?: string | null;
            };
            path: {
                /** @example stripe */
                provider: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreatePaymentBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedPayment"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    returnFromPage: {
        parameters: {
            query: {
                /** @description Our name of the payment */
                payment: string;
            };
            header?: never;
            path: {
                /** @example fondy */
                provider: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description To the page that waits for the credit */
            303: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    returnFromPageByForm: {
        parameters: {
            query: {
                /** @description Our name of the payment */
                payment: string;
            };
            header?: never;
            path: {
                /** @example fondy */
                provider: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description To the page that waits for the credit */
            303: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getPaymentStatus: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example stripe */
                provider: string;
                /** @description Our name of the payment, or the provider's */
                payment_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PaymentStatusResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listPayments: {
        parameters: {
            query?: {
                /** @description How many payments; absent: 50 */
                limit?: number;
                /** @description The `next_before` of the page before */
                before?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PaymentsResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    refundPayment: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes the request repeatable; visible ASCII */
                "Idempotency-Key"?: string | null;
            };
            path: {
                /** @description Our name of the payment, or the provider's */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RefundBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefundResponse"];
                };
            };
            /** @description The provider has not answered yet; it is asked again */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefundResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getPricingInfo: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PricingResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getSettings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingsResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    updateSettings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SettingsRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UpdatedSettings"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getStatistics: {
        parameters: {
            query?: {
                /** @description `7d`, `30d` or `90d`: so many of the account's days, today included; absent: 30d */
                period?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StatisticsResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    sendTestEmail: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TestEmailResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    askToUnsubscribe: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description As the mail had it */
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page with a button */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": unknown;
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    unsubscribe: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description As the mail had it */
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Ended; a page says so */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": unknown;
                };
            };
            /** @description The link is none of ours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": unknown;
                };
            };
            /** @description The link has ended */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": unknown;
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not at present; a page says so */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": unknown;
                };
            };
        };
    };
    getUsage: {
        parameters: {
            query?: {
                /** @description From this time on: RFC 3339, or YYYY-MM-DD for the beginning of a day of the account's time zone. Absent: 30 days before `to`; at most 366 days before it */
                from?: string;
                /** @description Up to this time, which is not included; written as `from`. Absent: now */
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsageResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getUsageChart: {
        parameters: {
            query?: {
                /** @description How many of the account's days, today included; absent: 30 */
                days?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsageChartResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createCheckout: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes the request repeatable; visible ASCII */
                "Idempotency-Key"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CheckoutRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CheckoutResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listContributions: {
        parameters: {
            query?: {
                /** @description Absent: 1 */
                page?: number;
                /** @description How many a page has; absent: 20 */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContributionsResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getSubscription: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriptionResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancelSubscription: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Cancellation"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriptionResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getContribution: {
        parameters: {
            query?: {
                /** @description Else `X-Tenant-Id`, else the default tenant */
                tenant?: string;
            };
            header?: {
                /** @description Where the query names no `tenant` */
                "X-Tenant-Id"?: string | null;
            };
            path: {
                /** @description In either case of letters */
                ulid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContributionResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    changeContribution: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                ulid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ContributionChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnContribution"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getHealthV1: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthResponse"];
                };
            };
        };
    };
    getProgress: {
        parameters: {
            query?: {
                /** @description Else `X-Tenant-Id`, else the default tenant */
                tenant?: string;
            };
            header?: {
                /** @description Where the query names no `tenant` */
                "X-Tenant-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProgressResponse"];
                };
            };
            /** @description The client has it: `If-None-Match` names its `ETag` */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getSponsorship: {
        parameters: {
            query?: {
                /** @description Else `X-Tenant-Id`, else the default tenant */
                tenant?: string;
            };
            header?: {
                /** @description Where the query names no `tenant` */
                "X-Tenant-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SponsorshipResponse"];
                };
            };
            /** @description The client has it: `If-None-Match` names its `ETag` */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listSupporters: {
        parameters: {
            query?: {
                /** @description `all` (default), or `month`: those who gave in the present month */
                period?: string;
                /** @description `all` (default); `active`: those who support monthly now; `past`: everybody else */
                support?: string;
                /** @description 1 to 200 (200) */
                limit?: number;
                /** @description The `next_cursor` of the page before */
                cursor?: string;
                /** @description Else `X-Tenant-Id`, else the default tenant */
                tenant?: string;
            };
            header?: {
                /** @description Where the query names no `tenant` */
                "X-Tenant-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WallResponse"];
                };
            };
            /** @description The client has it: `If-None-Match` names its `ETag` */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getSupporter: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SupporterResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    updateSupporter: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SupporterRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UpdatedSupporter"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    exportMe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExportResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getBadge: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example demo */
                tenant_id: string;
                /** @example 42 */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BadgeResponse"];
                };
            };
            /** @description The client has it: `If-None-Match` names its `ETag` */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getBadgePicture: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example demo */
                tenant_id: string;
                /** @example 42 */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The picture */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/svg+xml": unknown;
                };
            };
            /** @description The client has it: `If-None-Match` names its `ETag` */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getShieldsBadge: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example demo */
                tenant_id: string;
                /** @example 42 */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ShieldsResponse"];
                };
            };
            /** @description The client has it: `If-None-Match` names its `ETag` */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getPortal: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example stripe */
                provider: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PortalResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    receiveWebhookV1: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example stripe */
                provider: string;
            };
            cookie?: never;
        };
        /** @description As the provider sends it: JSON, or a form */
        requestBody: {
            content: {
                "application/json": string;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthResponse"];
                };
            };
        };
    };
    getReady: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthResponse"];
                };
            };
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    receiveWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example stripe */
                provider: string;
            };
            cookie?: never;
        };
        /** @description As the provider sends it: JSON, or a form */
        requestBody: {
            content: {
                "application/json": string;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookResponse"];
                };
            };
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
