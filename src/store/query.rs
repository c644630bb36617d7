//! The list: which leads, newest first, a page at a time, from the index entry that narrows most.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::sync::{Mutex, PoisonError};

use crate::delivery::State;
use crate::lead::{self, Attribution, Client, Contact, FormId, Language, Lead, LeadId};
use crate::store::index::{ALL_IDS, IdRange, Index, Row};
use crate::store::outbox::Outbox;
use crate::store::record::decode;
use crate::store::search::{self, Query};
use crate::store::{Filter, LeadPage, Page, Status, StoreError, StoredLead};

/// The most leads that one word of a search may bring; a shorter word than needed shows the newest of these.
const MOST_HITS: usize = 50_000;

/// So many leads are taken from the outbox at a time.
const CHUNK: usize = 256;

/// What is read from.
#[derive(Clone, Copy)]
pub(super) struct Sources<'a> {
    pub(super) index: &'a Index,
    pub(super) outbox: &'a Mutex<Outbox>,
}

type Rows<'a> = Box<dyn Iterator<Item = Result<(LeadId, Row), StoreError>> + 'a>;

/// One lead.
pub(super) fn lead(index: &Index, id: LeadId) -> Result<Option<StoredLead>, StoreError> {
    match index.row(id)? {
        Some(row) => load(row, |_| true),
        None => Ok(None),
    }
}

/// The newest lead of a form.
pub(super) fn newest_of(index: &Index, form: &FormId) -> Result<Option<LeadId>, StoreError> {
    for row in index.rows_near_form(form, ALL_IDS) {
        let (id, row) = row?;
        if load(row, |status| status.form == *form)?.is_some() {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// What a row holds, if its status is wanted. A lead that went with a damaged part of the journal is shown as an empty one: a row that
/// says so is better than none.
fn load(row: Row, wanted: impl FnOnce(&Status) -> bool) -> Result<Option<StoredLead>, StoreError> {
    let Some(status) = row.status else {
        return Ok(None);
    };
    let status: Status = decode(&status)?;
    if !wanted(&status) {
        return Ok(None);
    }
    let lead = match row.lead {
        Some(bytes) => decode(&bytes)?,
        None => empty(&status),
    };
    Ok(Some(StoredLead { lead, status }))
}

fn empty(status: &Status) -> Lead {
    Lead {
        id: status.lead,
        form: status.form.clone(),
        form_title: status.form.to_string(),
        received_at: status.lead.received_at().unwrap_or_default(),
        language: Language::default(),
        contact: Contact::default(),
        fields: Vec::new(),
        attribution: Attribution::default(),
        page: lead::Page::default(),
        client: Client::default(),
        key_reused: false,
    }
}

/// A page of the list.
pub(super) fn leads(
    sources: Sources<'_>,
    filter: &Filter,
    page: Page,
) -> Result<LeadPage, StoreError> {
    let asked = filter.text.as_deref().map(search::parse);
    if asked == Some(None) {
        return Ok(LeadPage {
            leads: Vec::new(),
            next: None,
        });
    }
    let asked = asked.flatten();
    let mut leads: Vec<StoredLead> = Vec::with_capacity(page.limit.min(1_000));
    let mut next = None;
    for row in candidates(sources, filter, asked.as_ref(), range(filter, page))? {
        let (_, row) = row?;
        let Some(lead) = load(row, |status| fits(status, filter))? else {
            continue;
        };
        if asked.as_ref().is_some_and(|asked| !asked.asks_for(&lead)) {
            continue;
        }
        if leads.len() == page.limit {
            next = leads.last().map(|lead| lead.status.lead);
            break;
        }
        leads.push(lead);
    }
    Ok(LeadPage { leads, next })
}

/// Ids sort by time of receipt, so times and cursor are one range of ids.
fn range(filter: &Filter, page: Page) -> IdRange {
    let low = filter.from.map_or(LeadId::FIRST, LeadId::floor);
    let until = filter.until.map_or(LeadId::LAST, LeadId::floor);
    (low, until.min(page.before.unwrap_or(LeadId::LAST)))
}

fn fits(status: &Status, filter: &Filter) -> bool {
    let state = filter.states.is_empty() || filter.states.contains(&status.state());
    let form = filter.form.as_ref().is_none_or(|form| *form == status.form);
    let owed = |delivery: &crate::delivery::Delivery| {
        filter.destination.as_ref() == Some(&delivery.destination)
    };
    state && form && (filter.destination.is_none() || status.deliveries.iter().any(owed))
}

fn candidates<'a>(
    sources: Sources<'a>,
    filter: &Filter,
    asked: Option<&Query>,
    ids: IdRange,
) -> Result<Rows<'a>, StoreError> {
    let (low, high) = ids;
    let Sources { index, outbox } = sources;
    if low >= high {
        return Ok(Box::new(std::iter::empty()));
    }
    let row = |id| index.row(id).map(|row| Some((id, row?))).transpose();
    if let Some(asked) = asked {
        let found = found(index, asked)?.into_iter().rev();
        let found = found.filter(move |id| (low..high).contains(id));
        return Ok(Box::new(found.filter_map(row)));
    }
    // Delivered leads are nearly all: reading on past the others costs less than a second look-up for each.
    if !filter.states.is_empty() && !filter.states.contains(&State::Delivered) {
        let sources = filter.states.iter().map(|state| -> Rows<'a> {
            match state {
                State::Discarded => Box::new(index.rows_near_discarded(ids)),
                open => Box::new(open_leads(outbox, *open, ids).filter_map(row)),
            }
        });
        let sources = sources.map(Iterator::peekable).collect();
        return Ok(Box::new(NewestFirst { sources }));
    }
    match &filter.form {
        Some(form) => Ok(Box::new(index.rows_near_form(form, ids))),
        None => Ok(Box::new(index.rows(ids))),
    }
}

/// The leads in a state that is not final, newest first. Taken from the outbox a chunk at a time, so that it is never held for long.
fn open_leads(
    outbox: &Mutex<Outbox>,
    state: State,
    (low, high): IdRange,
) -> impl Iterator<Item = LeadId> {
    let mut before = high;
    let chunks = std::iter::from_fn(move || {
        let outbox = outbox.lock().unwrap_or_else(PoisonError::into_inner);
        let chunk = outbox.leads_in(state, (low, before), CHUNK);
        before = *chunk.last()?;
        Some(chunk)
    });
    chunks.flatten()
}

/// Leads that have, or had, a word with each of the beginnings that are asked for.
fn found(index: &Index, asked: &Query) -> Result<BTreeSet<LeadId>, StoreError> {
    let prefixes = match asked {
        Query::Lead(id) => return Ok(BTreeSet::from([*id])),
        Query::Prefixes(prefixes) => prefixes,
    };
    let mut all: Option<BTreeSet<LeadId>> = None;
    for prefix in prefixes {
        let hits = index.find(prefix, MOST_HITS)?;
        all = Some(match all {
            Some(all) => all.intersection(&hits).copied().collect(),
            None => hits,
        });
    }
    Ok(all.unwrap_or_default())
}

/// Merges rows that are each newest first. A lead that changed its state in between may come twice; it is given once.
struct NewestFirst<I: Iterator<Item = Result<(LeadId, Row), StoreError>>> {
    sources: Vec<Peekable<I>>,
}

impl<I: Iterator<Item = Result<(LeadId, Row), StoreError>>> Iterator for NewestFirst<I> {
    type Item = Result<(LeadId, Row), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let newest = |source: &mut Peekable<I>| match source.peek() {
            Some(Ok((id, _))) => Some(*id),
            // An error comes first, so that it is not passed over.
            Some(Err(_)) => Some(LeadId::LAST),
            None => None,
        };
        let heads: Vec<Option<LeadId>> = self.sources.iter_mut().map(newest).collect();
        let best = (0..heads.len()).max_by_key(|at| heads.get(*at))?;
        let row = self.sources.get_mut(best)?.next();
        if let Some(Ok((id, _))) = &row {
            for source in &mut self.sources {
                source.next_if(|other| matches!(other, Ok((other, _)) if other == id));
            }
        }
        row
    }
}
