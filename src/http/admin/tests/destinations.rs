//! The page of destinations: what the check has found, and what CRMs did not take.

use jiff::SignedDuration;

use super::{World, bearer, delivered, run, shop};
use crate::delivery::{Cause, Note, Warning};
use crate::destination::{Finding, Severity};
use crate::dispatch::{Checked, DestinationHealth, Health};
use crate::lead::{Bilingual, LeadId};

fn left_out(field: &str, value: &str) -> Note {
    Note {
        text: Bilingual::new(
            format!("{field}=\"{value}\" не передано"),
            format!("{field}=\"{value}\" was left out"),
        ),
        about: Bilingual::new(
            format!("{field} не передано"),
            format!("{field} was left out"),
        ),
    }
}

impl World {
    /// Keeps a lead that is delivered with these notes.
    async fn delivered_with(&self, notes: &[Note]) -> LeadId {
        let lead = self.lead(&[("name", "Anna")], None).await;
        let outcome = delivered().map(|delivered| crate::delivery::Delivered {
            warning: Warning::of(notes),
            ..delivered
        });
        self.attempt(lead, outcome).await;
        lead
    }

    fn healthy(&self) {
        self.outlook.reset(vec![DestinationHealth {
            id: shop(),
            kind: "retailcrm",
            health: Health::Healthy {
                since: self.clock.now(),
            },
        }]);
    }

    async fn page_in(&self, path: &str, language: &str) -> String {
        let request = actix_web::test::TestRequest::get()
            .uri(path)
            .insert_header(bearer())
            .insert_header(("Accept-Language", language.to_owned()));
        self.send(request).await.body
    }
}

#[test]
fn warnings_are_grouped_without_what_was_typed_and_counted_by_form() {
    run(async {
        let world = World::new();
        world.healthy();
        world
            .delivered_with(&[left_out("customFields.a", "secret-one")])
            .await;
        let notes = [
            left_out("customFields.a", "secret-two"),
            left_out("customFields.b", "x"),
        ];
        let newest = world.delivered_with(&notes).await;
        world.delivered_with(&[]).await;
        let page = world.page_in("/admin/destinations", "en").await;
        assert!(!page.contains("secret"), "{page}");
        let (a, b) = (
            page.find("customFields.a was left out").expect("the group"),
            page.find("customFields.b was left out").expect("the group"),
        );
        assert!(a < b, "the most frequent first");
        assert!(page.contains(&format!(
            "<a href=\"/admin/leads/{newest}\">2 leads</a>: Callback × 2"
        )));
        assert!(page.contains("1 lead</a>: Callback × 1"));
        assert!(page.contains("Among all delivered leads"));
    });
}

#[test]
fn a_destination_that_was_never_compared_says_so_and_one_that_agrees_too() {
    run(async {
        let world = World::new();
        world.healthy();
        let page = world.page_in("/admin/destinations", "en").await;
        assert!(page.contains("was not compared with the account yet"));
        assert!(!page.contains("Delivered, but not all"), "{page}");
        let checked = Checked {
            at: Some(world.clock.now()),
            ..Checked::default()
        };
        world.outlook.note_check(&shop(), checked);
        let page = world.page_in("/admin/destinations", "en").await;
        assert!(page.contains("they agree"), "{page}");
        let list = world.page_in("/admin/", "en").await;
        assert!(!list.contains("disagree"), "{list}");
    });
}

#[test]
fn findings_are_shown_with_their_place_and_the_moment_of_the_last_comparison() {
    run(async {
        let world = World::new();
        world.healthy();
        let now = world.clock.now();
        let finding = Finding {
            key_path: "forms.callback.deliver[0].order.status".to_owned(),
            severity: Severity::Problem,
            message: Bilingual::new("нет такого кода", "no such code"),
            instead: Some(Bilingual::new("есть: new", "it has: new")),
            remedy: Bilingual::new("исправьте его", "correct it"),
        };
        let checked = Checked {
            at: Some(now - SignedDuration::from_hours(2)),
            findings: vec![finding],
            unanswered: Some((now, Cause::TimedOut { after_s: 30 })),
        };
        world.outlook.note_check(&shop(), checked);
        let english = [
            "forms.callback.deliver[0].order.status",
            "no such code",
            "it has: new",
            "correct it",
            "2 h ago",
            "did not answer within 30 s",
        ];
        let page = world.page_in("/admin/destinations", "en").await;
        for text in english {
            assert!(page.contains(text), "{text} in {page}");
        }
        let page = world.page_in("/admin/destinations", "ru").await;
        for text in ["нет такого кода", "есть: new", "исправьте его", "2 ч назад"]
        {
            assert!(page.contains(text), "{text} in {page}");
        }
        let list = world.page_in("/admin/", "ru").await;
        assert!(
            list.contains("1 расхождение настроек с аккаунтом"),
            "{list}"
        );
    });
}
