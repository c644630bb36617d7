//! The requests of an attempt, shown instead of sent. The drafts and the requests are the very ones of `deliver`; what only an answer can tell is
//! named as such.

use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json, json};

use crate::destination::Claim;
use crate::destination::preview::{Preview, PreviewedRequest};
use crate::destination::retailcrm::Account;
use crate::destination::retailcrm::api::{CustomerFilter, TOLD_LATER};
use crate::destination::retailcrm::contacts::search_digits;
use crate::destination::retailcrm::mapping::{CustomerDraft, Mapping, order_external_id};
use crate::lead::{Bilingual, Create, CustomerMatching, Lead};

/// What an attempt of this claim would send.
pub(super) fn preview(account: &Account, claim: &Claim, mapping: &Mapping) -> Preview {
    let (zone, is_fresh) = account.zone.known_now();
    let view = View {
        account,
        lead: &claim.lead,
        mapping,
        zone: &zone,
    };
    let mut requests = Vec::new();
    if claim.delivery.in_doubt && mapping.create == Create::Order {
        requests.push(view.look_up());
    }
    if !is_fresh {
        requests.push(account.api.show_settings(Bilingual::new(
            "узнать часовой пояс аккаунта (раз в час)",
            "ask for the account's time zone (once an hour)",
        )));
    }
    if mapping.customer == CustomerMatching::Match {
        requests.extend(view.searches());
    }
    match mapping.create {
        Create::Order => requests.extend(view.order()),
        Create::Customer => requests.extend(view.customer()),
    }
    Preview {
        requests,
        values: mapping.explain(&claim.lead, &zone),
        notes: vec![zone_note(&zone, is_fresh)],
    }
}

struct View<'a> {
    account: &'a Account,
    lead: &'a Lead,
    mapping: &'a Mapping,
    zone: &'a TimeZone,
}

impl View<'_> {
    fn look_up(&self) -> PreviewedRequest {
        self.account.api.show_order_search(
            &order_external_id(self.lead.id),
            Bilingual::new(
                "проверить, нет ли уже этого заказа; если он есть, больше ничего не отправляется",
                "look whether the order is there already; if it is, nothing else is sent",
            ),
        )
    }

    /// The phone, then the e-mail; sent side by side.
    fn searches(&self) -> Vec<PreviewedRequest> {
        let contact = &self.lead.contact;
        let phone = contact.phone.as_ref().map(|phone| {
            let digits = search_digits(phone.e164());
            let purpose = Bilingual::new(
                format!("найти клиента по телефону {digits}, если он ещё не известен"),
                format!("search the customer by phone {digits}, unless it is known already"),
            );
            (CustomerFilter::Phone(digits), purpose)
        });
        let email = contact.email.as_ref().map(|email| {
            let email = email.as_str().to_owned();
            let purpose = Bilingual::new(
                format!("найти клиента по e-mail {email}, если он ещё не известен"),
                format!("search the customer by e-mail {email}, unless it is known already"),
            );
            (CustomerFilter::Email(email), purpose)
        });
        let searches = phone.into_iter().chain(email);
        searches
            .map(|(filter, purpose)| self.account.api.show_customer_search(&filter, purpose))
            .collect()
    }

    fn order(&self) -> Vec<PreviewedRequest> {
        let customer = self.customer_draft();
        let make = |made: bool, is_linked, purpose| {
            let of = (self.lead, self.mapping);
            let made = made.then_some(&customer);
            let draft = self.account.order_draft(of, self.zone, made);
            let mut order = draft.json(None);
            if let (true, Json::Object(fields)) = (is_linked, &mut order) {
                fields.insert("customer".to_owned(), json!({ "id": TOLD_LATER }));
            }
            self.account.api.show_order(&order, purpose)
        };
        let with_new = Bilingual::new(
            "создать заказ с новым клиентом",
            "make the order with the new customer",
        );
        match self.mapping.customer {
            CustomerMatching::None => {
                vec![make(
                    false,
                    false,
                    Bilingual::new("создать заказ", "make the order"),
                )]
            }
            CustomerMatching::New => {
                let purpose = Bilingual::new("создать клиента", "make the customer");
                vec![self.new_customer(purpose), make(true, true, with_new)]
            }
            CustomerMatching::Match => {
                let purpose = Bilingual::new(
                    "создать клиента, если никто не нашёлся",
                    "make the customer, if nobody was found",
                );
                let with_found = Bilingual::new(
                    "создать заказ с найденным клиентом",
                    "make the order with the customer that was found",
                );
                let (new, found) = (make(true, true, with_new), make(false, true, with_found));
                let mut requests = vec![self.new_customer(purpose)];
                if new.form == found.form {
                    let purpose = Bilingual::new(
                        "создать заказ с найденным или новым клиентом",
                        "make the order with the customer that was found or made",
                    );
                    requests.push(PreviewedRequest { purpose, ..new });
                } else {
                    // What only the customer's fields have read is in the comment of an order whose customer was not made for it.
                    requests.extend([new, found]);
                }
                requests
            }
        }
    }

    fn customer(&self) -> Vec<PreviewedRequest> {
        if self.mapping.customer != CustomerMatching::Match {
            let purpose = Bilingual::new("создать клиента", "make the customer");
            return vec![self.new_customer(purpose)];
        }
        let purpose = Bilingual::new(
            "создать клиента, если никто не нашёлся",
            "make the customer, if nobody was found",
        );
        let mut requests = vec![self.new_customer(purpose)];
        // Of a card with nothing in it everything differs: the most that can be sent.
        let most = self.customer_draft().changes(&Map::new());
        requests.extend(most.map(|changes| {
            let purpose = Bilingual::new(
                "дополнить найденного клиента: из этого отправится только то, чем отличается его карточка",
                "update the customer that was found: of this only what differs from its card is sent",
            );
            self.account.api.show_customer_edit(&changes, purpose)
        }));
        requests
    }

    fn new_customer(&self, purpose: Bilingual) -> PreviewedRequest {
        let customer = self.customer_draft().json();
        self.account.api.show_customer(&customer, purpose)
    }

    fn customer_draft(&self) -> CustomerDraft {
        self.account
            .customer_draft((self.lead, self.mapping), self.zone)
    }
}

fn zone_note(zone: &TimeZone, is_fresh: bool) -> Bilingual {
    let name = zone.iana_name().unwrap_or("UTC+3");
    let (ru, en) = if is_fresh {
        ("как сообщил аккаунт", "as the account tells")
    } else {
        (
            "аккаунт ещё не ответил, у него может быть другой",
            "the account has not told yet, its own may be another",
        )
    };
    Bilingual::new(
        format!("Даты в часовом поясе {name}: {ru}."),
        format!("Dates are in the time zone {name}: {en}."),
    )
}
