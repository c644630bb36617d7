//! What CRMs did not take of leads that they have: the same trouble told once, with how many leads of which forms have it.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::delivery::State;
use crate::http::admin::pages::frame::Screen;
use crate::http::admin::words;
use crate::lead::{Bilingual, DestinationId, LeadId};
use crate::store::{Filter, Page, Store, StoreError, StoredLead};

/// How many of the newest delivered leads are looked at: the store has no index of warnings.
const LOOKED_AT: usize = 1_000;

/// One trouble.
#[derive(Debug, PartialEq, Eq)]
struct Group {
    about: Bilingual,
    leads: usize,
    newest: LeadId,
    /// Form title -> leads.
    forms: BTreeMap<String, usize>,
}

/// Groups by destination, the most frequent first, and whether there are more leads than were looked at.
pub(super) struct Warnings {
    groups: BTreeMap<DestinationId, Vec<Group>>,
    is_cut: bool,
}

impl Warnings {
    /// Those of the newest delivered leads.
    pub(super) async fn of(store: &Store) -> Result<Self, StoreError> {
        let filter = Filter {
            states: vec![State::Delivered],
            ..Filter::default()
        };
        let page = Page {
            before: None,
            limit: LOOKED_AT,
        };
        let listed = store.leads(filter, page).await?;
        Ok(Self {
            groups: group(&listed.leads),
            is_cut: listed.next.is_some(),
        })
    }

    /// The table of one destination; nothing when it took everything.
    pub(super) fn section(&self, screen: &Screen, id: &DestinationId) -> Markup {
        let Some(groups) = self.groups.get(id) else {
            return html! {};
        };
        let among = if self.is_cut {
            screen.pick(
                "Среди 1000 последних доставленных заявок.",
                "Among the newest 1000 delivered leads.",
            )
        } else {
            screen.pick(
                "Среди всех доставленных заявок.",
                "Among all delivered leads.",
            )
        };
        html! {
            h3 { (screen.pick("Доставлено не всё", "Delivered, but not all of it")) }
            p.muted {
                (among) " "
                (screen.pick("Значения стоят в комментарии менеджера.", "The values stand in the manager's comment."))
            }
            ul.findings { @for group in groups { (row(screen, group)) } }
        }
    }
}

fn row(screen: &Screen, group: &Group) -> Markup {
    html! {
        li {
            p.warning { (group.about.pick(screen.language)) }
            p {
                a href={ "/admin/leads/" (group.newest) } { (words::leads(group.leads, screen.language)) }
                ": "
                @for (place, (form, leads)) in group.forms.iter().enumerate() {
                    @if place > 0 { ", " }
                    (form) " × " (leads)
                }
            }
        }
    }
}

/// `leads` newest first.
fn group(leads: &[StoredLead]) -> BTreeMap<DestinationId, Vec<Group>> {
    let mut groups: BTreeMap<DestinationId, Vec<Group>> = BTreeMap::new();
    for StoredLead { lead, status } in leads {
        for delivery in &status.deliveries {
            let Some(warning) = &delivery.warning else {
                continue;
            };
            let known = groups.entry(delivery.destination.clone()).or_default();
            let older = [Bilingual::new(
                "передано не всё (запись прежней версии)",
                "not everything was taken (a record of an older version)",
            )];
            let about = match warning.about.as_slice() {
                [] => &older,
                about => about,
            };
            for about in about {
                add(known, about, (lead.id, &lead.form_title));
            }
        }
    }
    for groups in groups.values_mut() {
        groups.sort_by_key(|group| std::cmp::Reverse(group.leads));
    }
    groups
}

fn add(groups: &mut Vec<Group>, about: &Bilingual, (lead, form): (LeadId, &str)) {
    let place = groups.iter().position(|group| group.about == *about);
    let place = place.unwrap_or_else(|| {
        groups.push(Group {
            about: about.clone(),
            leads: 0,
            newest: lead,
            forms: BTreeMap::new(),
        });
        groups.len() - 1
    });
    if let Some(group) = groups.get_mut(place) {
        group.leads += 1;
        *group.forms.entry(form.to_owned()).or_default() += 1;
    }
}
