//! The words of a message in both languages, and its form for programs.

use jiff::tz::TimeZone;
use uuid::Uuid;

use super::{at, back, failed, id, paused};
use crate::alerts::event::Event;
use crate::alerts::gathered::Gathered;
use crate::alerts::letter::{Desk, Letter};
use crate::alerts::outgoing::Message;
use crate::delivery::Cause;
use crate::destination::Tone;
use crate::lead::Language;

fn letter(language: Language, seconds: i64, events: &[Event]) -> Letter {
    let mut gathered = Gathered::default();
    for event in events {
        gathered.merge(Gathered::of(event));
    }
    let desk = Desk {
        language,
        public_url: "https://leads.example.ru".parse().expect("an address"),
        zone: TimeZone::get("Europe/Moscow").expect("a zone"),
    };
    let message = Message {
        id: Uuid::from_u128(7),
        at: at(seconds),
        gathered,
    };
    Letter::alert(&message, &desk)
}

#[test]
fn a_pause_is_told_with_its_reason_and_what_becomes_of_the_leads() {
    let ru = letter(Language::Ru, 1, &[paused(0)]);
    assert_eq!(ru.subject, "leadgate: CRM shop на паузе");
    assert_eq!(
        ru.text(),
        "CRM shop на паузе с 10:32:00. Ждёт 1 заявка; всё сохранено и уйдёт само. Причина: CRM не ответила за 30 с.\n\nЗаявки в leadgate: https://leads.example.ru/admin/\n"
    );
    let en = letter(Language::En, 1, &[paused(0)]);
    assert_eq!(en.subject, "leadgate: CRM shop is paused");
    assert_eq!(
        en.lines,
        [
            "CRM shop is paused since 10:32:00. 1 lead waiting; everything is kept and goes out by itself. Reason: the CRM did not answer within 30 s."
        ]
    );
    assert_eq!(en.tone, Tone::Trouble);
}

#[test]
fn the_end_of_a_pause_is_told_with_how_long_it_was_and_how_many_waited() {
    let ru = letter(Language::Ru, 480, &[back(0, 480, 14)]);
    assert_eq!(
        ru.lines,
        ["CRM shop снова принимает заявки с 10:40:00. Пауза длилась 8 мин, ждали 14 заявок."]
    );
    let en = letter(Language::En, 480, &[back(0, 480, 14)]);
    assert_eq!(en.subject, "leadgate: CRM shop works again");
    assert_eq!(
        en.lines,
        ["CRM shop takes leads again since 10:40:00. The pause lasted 8 min, 14 leads waited."]
    );
    assert_eq!(en.tone, Tone::Info);
}

#[test]
fn a_destination_that_comes_and_goes_is_one_line() {
    let events = [
        paused(0),
        back(0, 60, 3),
        paused(100),
        back(100, 130, 9),
        paused(200),
    ];
    let en = letter(Language::En, 300, &events);
    assert_eq!(
        en.lines,
        [
            "CRM shop is paused since 10:35:20. 9 leads waiting; everything is kept and goes out by itself. Reason: the CRM did not answer within 30 s. Pauses since 10:32:00: 3."
        ]
    );
}

#[test]
fn failures_are_grouped_by_cause_with_links_to_the_first() {
    let refused = Cause::Refused {
        message: "+79120000001".to_owned(),
        errors: vec![("orderMethod".to_owned(), "+79120000001".to_owned())],
    };
    let mut events: Vec<Event> = (0..7).map(|n| failed(n, &refused)).collect();
    events.push(failed(9, &Cause::Internal));
    events.push(Event::MoreFailed(2));
    let en = letter(Language::En, 0, &events);
    assert_eq!(en.subject, "leadgate: not delivered: 10 leads");
    let first: Vec<&str> = en.lines[0].lines().collect();
    assert_eq!(
        first[0],
        "Not delivered to CRM shop: 7 leads of form callback. A person is needed. Reason: the CRM refused, fields: orderMethod."
    );
    assert_eq!(
        first[2],
        "  https://leads.example.ru/admin/leads/01010101-0101-0101-0101-010101010101"
    );
    assert_eq!(first.len(), 6, "five examples");
    assert_eq!(en.lines[2], "More that were not delivered: 2 leads.");
    assert_eq!(
        en.link.0.as_str(),
        "https://leads.example.ru/admin/?state=failed"
    );
    assert!(!en.json().to_string().contains("7912"));
}

#[test]
fn a_long_wait_is_told_with_its_length() {
    let event = Event::WaitsLong {
        destination: id("shop"),
        oldest_received_at: at(0),
        waiting: 3,
    };
    let ru = letter(Language::Ru, 7200, std::slice::from_ref(&event));
    assert_eq!(
        ru.lines,
        ["Самая старая заявка для CRM shop ждёт уже 2 ч. Всего в очереди 3 заявки."]
    );
    let en = letter(Language::En, 7200, &[event]);
    assert_eq!(en.subject, "leadgate: a lead for shop waits for 2 h");
}

#[test]
fn a_program_reads_the_same_as_data() {
    let cause = Cause::ServerError { status: 500 };
    let events = [paused(0), back(0, 60, 3), failed(1, &cause)];
    insta::assert_json_snapshot!(letter(Language::En, 60, &events).json(), @r#"
    {
      "type": "leadgate.alert",
      "timestamp": "2026-11-21T07:33:00Z",
      "data": {
        "subject": "leadgate: CRM shop works again; not delivered: 1 lead",
        "text": "CRM shop takes leads again since 10:33:00. The pause lasted 60 s, 3 leads waited. Reason: the CRM did not answer within 30 s.\n\nNot delivered to CRM shop: 1 lead of form callback. A person is needed. Reason: the CRM failed with status 500.\n  https://leads.example.ru/admin/leads/01010101-0101-0101-0101-010101010101\n\nLeads in leadgate: https://leads.example.ru/admin/?state=failed\n",
        "url": "https://leads.example.ru/admin/?state=failed",
        "destinations": [
          {
            "destination": "shop",
            "state": "healthy",
            "since": "2026-11-21T07:33:00Z",
            "pauses": 1,
            "backs": 1,
            "paused_at": "2026-11-21T07:32:00Z",
            "waiting": 3,
            "reason": "timed_out"
          }
        ],
        "failed": [
          {
            "destination": "shop",
            "form": "callback",
            "count": 1,
            "reason": "server_error",
            "text": "the CRM failed with status 500",
            "leads": [
              "01010101-0101-0101-0101-010101010101"
            ]
          }
        ],
        "failed_count": 1,
        "waiting": []
      }
    }
    "#);
}
