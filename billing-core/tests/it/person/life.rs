//! A life with everything, in which all that is personal has one word: it can be searched for.

use billing_core::id::AccountId;
use billing_proto::v1;
use billing_proto::v1::apply_provider_event_request::Report;
use billing_proto::v1::dispute_report::Movement;
use billing_proto::v1::{PaymentState, RefundState};
use billing_testkit::{TestCore, TestDatabase};

use crate::payment::{apply, dispute, event, new_payment, refund, state};
use crate::support::{USD, account, amount, as_owner, charge};
use crate::user::User;

/// What each of the two gives: ten dollars, as the payments of `payment` are.
pub const CENTS: i64 = 1_000;

/// Somebody, whose every personal word has `word` in it.
pub struct Life<'a> {
    pub core: &'a TestCore,
    pub database: &'a TestDatabase,
    pub user: &'a str,
    pub word: &'a str,
}

impl Life<'_> {
    pub fn address(&self) -> String {
        format!("{}@example.org", self.word)
    }

    fn contact(&self) -> Option<v1::Contact> {
        Some(v1::Contact {
            email: self.address(),
            name: format!("Ada {}", self.word),
        })
    }

    /// An event as Stripe sends it, with what it knows of the payer.
    fn by_stripe(
        &self,
        id: &str,
        payment: &v1::Payment,
        report: Report,
    ) -> v1::ApplyProviderEventRequest {
        let id = format!("evt_{}_{id}", self.user);
        let raw = format!(
            r#"{{"id": "{id}", "object": "event", "data": {{"object": {{"billing_details":
            {{"email": "{}", "name": "Ada {word}", "address": {{"line1": "{word} Street 1"}}}}}}}}}}"#,
            self.address(),
            word = self.word,
        );
        v1::ApplyProviderEventRequest {
            raw: raw.into_bytes(),
            payment_id: payment.payment_id.clone(),
            ..event(&id, payment, report)
        }
    }

    /// Lives it; answers with the events that a provider may send again.
    pub async fn live(&self) -> Vec<v1::ApplyProviderEventRequest> {
        let settings = v1::UpdateSettingsRequest {
            account: Some(account(self.user)),
            locale: Some("uk".to_owned()),
            contact: self.contact(),
            ..Default::default()
        };
        let mut accounts = self.core.accounts();
        accounts.update_settings(settings).await.unwrap();
        let test_mail = v1::SendTestMailRequest {
            account: Some(account(self.user)),
            contact: self.contact(),
        };
        accounts.send_test_mail(test_mail).await.unwrap();
        self.spend().await;
        let mut events = self.pay().await;
        events.extend(self.give().await);
        let strange = self.strangers();
        for event in &strange {
            apply(self.core, event.clone()).await.unwrap();
        }
        events.extend(strange);
        self.wait_for_mail().await;
        events
    }

    async fn spend(&self) {
        let (user, word) = (User::new(self.core, self.user), self.word);
        let grant = v1::GrantCreditRequest {
            account: Some(account(self.user)),
            idempotency_key: "grant".to_owned(),
            amount_micros: 5 * USD,
            reason: format!("{word} asked for it"),
            actor: "olga".to_owned(),
        };
        self.core.accounts().grant_credit(grant).await.unwrap();
        let described = v1::ChargeRequest {
            description: format!("a poem for {word}"),
            metadata: [("prompt".to_owned(), format!("dear {word}"))].into(),
            ..charge(self.user, "poem", USD)
        };
        let charged = self.core.balance().charge(described).await.unwrap();
        let back = v1::RefundChargeRequest {
            account: Some(account(self.user)),
            idempotency_key: "back".to_owned(),
            entry_id: charged.into_inner().entry_id,
            reason: format!("{word} did not like it"),
            ..Default::default()
        };
        self.core.balance().refund_charge(back).await.unwrap();
        let hold = user.hold("hold", amount(USD)).await;
        let capture = v1::CaptureHoldRequest {
            description: format!("a song for {word}"),
            ..user.capture_request(&hold, amount(USD))
        };
        self.core.balance().capture_hold(capture).await.unwrap();
        user.hold("open", amount(USD)).await;
        let suspend = v1::SuspendAccountRequest {
            account: Some(account(self.user)),
            reason: format!("{word} was rude"),
            actor: self.address(),
        };
        self.core.accounts().suspend_account(suspend).await.unwrap();
        user.resume().await;
        let repair = format!(
            "insert into account_repair (account_id, repaired_at, was_on, spent_on, day_no, month_no,
                day_carried_micros, month_carried_micros, reason, actor)
            values ('{}', now(), '2026-01-01', '2026-01-02', 1, 1, 0, 0, '{word} was ahead', '{}')",
            self.id(),
            self.address(),
        );
        as_owner(self.database, &repair).await;
    }

    /// A top-up of which a part is asked back, another given back and one disputed.
    async fn pay(&self) -> Vec<v1::ApplyProviderEventRequest> {
        let (core, word) = (self.core, self.word);
        let payment = self.created(new_payment(self.user, "top-up")).await;
        let names = v1::AttachProviderReferenceRequest {
            payment_id: payment.payment_id.clone(),
            provider_reference: format!("pi_{}", self.user),
            customer_reference: format!("cus_{word}"),
            ..Default::default()
        };
        let attached = core.payments().attach_provider_reference(names).await;
        let payment = attached.unwrap().into_inner().payment.unwrap();
        let paid = self.by_stripe("paid", &payment, state(PaymentState::Succeeded));
        apply(core, paid.clone()).await.unwrap();
        let ask_back = v1::StartRefundRequest {
            tenant_id: account(self.user).tenant_id,
            payment_id: payment.payment_id.clone(),
            idempotency_key: "back".to_owned(),
            amount_minor: Some(100),
            reason: format!("{word} wrote"),
            actor: "olga".to_owned(),
        };
        core.payments().start_refund(ask_back).await.unwrap();
        let mut wrong = state(PaymentState::Succeeded);
        if let Report::Payment(report) = &mut wrong {
            "UAH".clone_into(&mut report.currency);
        }
        let re = format!("re_{}", self.user);
        let dp = format!("dp_{}", self.user);
        let later = [
            self.by_stripe("re", &payment, refund(&re, 200, RefundState::Succeeded)),
            self.by_stripe("dp", &payment, dispute(&dp, 300, Movement::FundsWithdrawn)),
            self.by_stripe("wrong", &payment, wrong),
        ];
        for event in &later {
            apply(core, event.clone()).await.unwrap();
        }
        [vec![paid], later.to_vec()].concat()
    }

    /// A contribution with a message that the wall shows, and one whose page is still open.
    async fn give(&self) -> Vec<v1::ApplyProviderEventRequest> {
        let word = self.word;
        let gift = |key: &str| v1::CreatePaymentRequest {
            purpose: v1::PaymentPurpose::Contribution.into(),
            contact: self.contact(),
            contribution: Some(v1::ContributionTerms {
                public_display_consent: true,
                message: format!("from {word} {key}"),
                ..Default::default()
            }),
            ..new_payment(self.user, key)
        };
        let given = self.created(gift("gift")).await;
        let paid = self.by_stripe("gift", &given, state(PaymentState::Succeeded));
        apply(self.core, paid.clone()).await.unwrap();
        let mut admin = self.core.sponsorship_admin();
        let tenant_id = account(self.user).tenant_id;
        let waiting = v1::ListMessagesRequest {
            tenant_id: tenant_id.clone(),
            page_size: 0,
            ..Default::default()
        };
        let waiting = admin.list_messages(waiting).await.unwrap().into_inner();
        let theirs = |message: &&v1::WaitingMessage| message.user_id == self.user;
        let approve = v1::ModerateMessageRequest {
            tenant_id,
            ulid: waiting.messages.iter().find(theirs).unwrap().ulid.clone(),
            approve: true,
            actor: self.address(),
            ..Default::default()
        };
        admin.moderate_message(approve).await.unwrap();
        let open = self.created(gift("open gift")).await;
        let names = v1::AttachProviderReferenceRequest {
            payment_id: open.payment_id.clone(),
            provider_reference: format!("cs_{}", self.user),
            page_url: format!("https://pay.example.com/{word}"),
            ..Default::default()
        };
        let mut gateway = self.core.payments();
        gateway.attach_provider_reference(names).await.unwrap();
        vec![paid]
    }

    async fn created(&self, request: v1::CreatePaymentRequest) -> v1::Payment {
        let answer = self.core.payments().create_payment(request).await.unwrap();
        answer.into_inner().payment.unwrap()
    }

    /// Events that name no payment of theirs: as JSON, as JSON that is escaped, as a form, by what the provider
    /// calls them, and one that cannot be read.
    fn strangers(&self) -> Vec<v1::ApplyProviderEventRequest> {
        let (user, address) = (self.user, self.address());
        let escaped = address.replace('@', r"\u0040");
        let form = address.replace('@', "%40").to_uppercase();
        let bodies = [
            ("json", format!(r#"{{"email": "{address}"}}"#)),
            ("escaped", format!(r#"{{"email": "{escaped}"}}"#)),
            ("form", format!("sender_email={form}")),
            (
                "customer",
                format!(r#"{{"customer": "cus_{}"}}"#, self.word),
            ),
            ("odd", format!("\u{0}{address}")),
        ];
        let nobody = v1::Payment::default();
        let events = bodies.into_iter().map(|(kind, raw)| {
            let report = match kind {
                "odd" => Report::Unreadable(format!("no JSON: {raw}").replace('\0', "")),
                _ => state(PaymentState::Pending),
            };
            v1::ApplyProviderEventRequest {
                raw: raw.into_bytes(),
                provider_reference: format!("pi_unknown_{user}_{kind}"),
                ..event(&format!("evt_{user}_{kind}"), &nobody, report)
            }
        });
        events.collect()
    }

    /// A mail that could not be delivered, and is tried again tomorrow.
    async fn wait_for_mail(&self) {
        let (id, word) = (self.id(), self.word);
        let mail = format!(
            "with subject as (update outbox_subject set last_seq = last_seq + 1
                where account_id = '{id}' and channel = 'mail' returning last_seq)
            insert into outbox_message (channel, account_id, seq, share, kind, payload, created_at, attempts,
                next_attempt_at, last_error)
            select 'mail', '{id}', last_seq, {share}, 'test', '{{\"word\": \"{word}\"}}', now(), 1,
                now() + interval '1 day', 'no mailbox {word}' from subject",
            share = AccountId::of("acme", self.user).spread() % 16,
        );
        as_owner(self.database, &mail).await;
    }

    pub fn id(&self) -> String {
        AccountId::of("acme", self.user).to_string()
    }
}
