//! What comes in with a lead, and what its delivery leaves behind: of the size and kind that a shop's page and RetailCRM have.

use std::net::{IpAddr, Ipv4Addr};

use leadgate::delivery::{
    Cause, Delivered, DeliveryId, Failure, FailureKind, Outcome, Receipt, Step,
};
use leadgate::lead::{Bilingual, Client};

use crate::people::Person;

/// What the form and the page's script send.
pub(crate) fn pairs(number: u32) -> Vec<(String, String)> {
    let person = Person::new(number);
    let pairs = [
        ("name", person.typed_name(number)),
        ("phone", person.phone),
        ("email", person.email),
        ("comment", person.wish.to_owned()),
        (
            "_page_url",
            format!(
                "https://shop.example/sofas/{}?utm_source=yandex&utm_medium=cpc&utm_campaign=spring",
                number % 700
            ),
        ),
        ("_page_title", "Диваны".to_owned()),
        ("_ym_uid", format!("16{:014}", u64::from(number) * 7_919)),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

/// Who sent it.
pub(crate) fn client(number: u32) -> Client {
    let [_, a, b, c] = number.to_be_bytes();
    Client {
        address: Some(IpAddr::V4(Ipv4Addr::new(95, a, b, c))),
        user_agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101".to_owned()),
    }
}

/// The request of an attempt as it is kept, and how it was answered.
pub(crate) fn step(id: DeliveryId, number: u32, status: Option<u16>) -> Step {
    let lead = id.lead;
    let request = format!(
        "POST /api/v5/orders/create\nsite=shop-ru\norder={{\"externalId\":\"lg-{lead}\",\"createdAt\":\"2026-11-21 12:00:00\",\
         \"firstName\":\"***\",\"lastName\":\"***\",\"phone\":\"***\",\"email\":\"***\",\"customerComment\":\"***\",\"orderMethod\":\"callback-request\",\
         \"source\":{{\"source\":\"yandex\",\"medium\":\"cpc\",\"campaign\":\"spring\"}}}}"
    );
    let answer = match status {
        Some(201) => Some(format!(
            "{{\"success\":true,\"id\":{number},\"order\":{{\"number\":\"{number}A\"}}}}"
        )),
        Some(_) => Some("{\"success\":false,\"errorMsg\":\"Order is not loaded\"}".to_owned()),
        None => None,
    };
    Step {
        operation: "orders/create".to_owned(),
        http_status: status,
        duration_ms: 170,
        note: Bilingual::new("создан", "created"),
        request: Some(request),
        answer,
    }
}

/// The CRM made an order.
pub(crate) fn delivered(number: u32) -> Outcome {
    let receipt = Receipt {
        order_id: Some(u64::from(number)),
        order_number: Some(format!("{number}A")),
        customer_id: Some(u64::from(number)),
        url: Some(format!("https://shop.example/orders/{number}/edit")),
    };
    Ok(Delivered {
        receipt,
        warning: None,
    })
}

/// The CRM refused it.
pub(crate) fn rejected() -> Outcome {
    let cause = Cause::Refused {
        message: "Order is not loaded".to_owned(),
        errors: vec![("orderMethod".to_owned(), "does not exist".to_owned())],
    };
    Err(Failure::new(FailureKind::Rejected, cause).with_status(400))
}

/// Nobody was there.
pub(crate) fn unreachable() -> Outcome {
    let cause = Cause::Unreachable {
        detail: "connection refused".to_owned(),
    };
    Err(Failure::new(
        FailureKind::Transient { retry_after: None },
        cause,
    ))
}
