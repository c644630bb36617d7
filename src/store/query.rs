//! The list: which leads, newest first, a page at a time, from the index entry that narrows most.

use std::collections::BTreeSet;
use std::iter::Peekable;

use crate::delivery::{CauseKey, Delivery, State};
use crate::lead::{self, Attribution, Client, Contact, Language, Lead, LeadId};
use crate::store::index::{IdRange, Index};
use crate::store::record::{Table, decode};
use crate::store::search::{self, Query};
use crate::store::{Filter, LeadPage, Page, Status, StoreError, StoredLead};

/// The most leads that one word of a search may bring; a shorter word than needed shows the newest of these.
const MOST_HITS: usize = 50_000;

type Ids<'a> = Box<dyn Iterator<Item = Result<LeadId, StoreError>> + 'a>;

/// One lead.
pub(super) fn lead(index: &Index, id: LeadId) -> Result<Option<StoredLead>, StoreError> {
    let Some(status) = index.get(Table::Status, id.as_bytes())? else {
        return Ok(None);
    };
    load(index, decode(&status)?)
}

/// A lead that went with a damaged part of the journal is shown as an empty one: a row that says so is better than none.
fn load(index: &Index, status: Status) -> Result<Option<StoredLead>, StoreError> {
    let lead = match index.get(Table::Lead, status.lead.as_bytes())? {
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
pub(super) fn leads(index: &Index, filter: &Filter, page: Page) -> Result<LeadPage, StoreError> {
    let mut leads = Vec::with_capacity(page.limit.min(1_000));
    let mut next = None;
    for id in candidates(index, filter, range(filter, page))? {
        let id = id?;
        let Some(status) = index.get(Table::Status, id.as_bytes())? else {
            continue;
        };
        let status: Status = decode(&status)?;
        if !fits(&status, filter) {
            continue;
        }
        if leads.len() == page.limit {
            next = leads.last().map(|lead: &StoredLead| lead.status.lead);
            break;
        }
        leads.extend(load(index, status)?);
    }
    Ok(LeadPage { leads, next })
}

/// Adds up the statuses of at most `most` leads of the list, newest first, one in memory at a time. Whether there were more.
pub(super) fn fold<T>(
    index: &Index,
    filter: &Filter,
    most: usize,
    (start, add): (T, impl Fn(&mut T, &Status)),
) -> Result<(T, bool), StoreError> {
    let (mut sum, mut seen) = (start, 0);
    let page = Page {
        before: None,
        limit: most,
    };
    for id in candidates(index, filter, range(filter, page))? {
        let Some(status) = index.get(Table::Status, id?.as_bytes())? else {
            continue;
        };
        let status: Status = decode(&status)?;
        if !fits(&status, filter) {
            continue;
        }
        if seen == most {
            return Ok((sum, true));
        }
        seen += 1;
        add(&mut sum, &status);
    }
    Ok((sum, false))
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
    let owed = |delivery: &Delivery| {
        let destination = filter.destination.as_ref();
        destination.is_none_or(|destination| *destination == delivery.destination)
            && filter
                .cause
                .as_ref()
                .is_none_or(|cause| fails_for(delivery, cause))
    };
    let narrows = filter.destination.is_some() || filter.cause.is_some();
    state && form && (!narrows || status.deliveries.iter().any(owed))
}

fn fails_for(delivery: &Delivery, cause: &CauseKey) -> bool {
    let is_failing = matches!(delivery.state, State::Failed | State::Retrying);
    let last = delivery.last_error.as_ref().filter(|_| is_failing);
    last.is_some_and(|last| CauseKey::of(last) == *cause)
}

fn candidates<'a>(index: &'a Index, filter: &Filter, ids: IdRange) -> Result<Ids<'a>, StoreError> {
    let (low, high) = ids;
    if low >= high {
        return Ok(Box::new(std::iter::empty()));
    }
    if let Some(text) = &filter.text {
        let found = found(index, text)?;
        return Ok(Box::new(
            found
                .into_iter()
                .rev()
                .filter(move |id| (low..high).contains(id))
                .map(Ok),
        ));
    }
    // Delivered leads are nearly all: reading on past the others costs less than a second look-up for each.
    if !filter.states.is_empty() && !filter.states.contains(&State::Delivered) {
        let sources = filter
            .states
            .iter()
            .map(|state| index.leads_in(*state, ids).peekable())
            .collect();
        return Ok(Box::new(NewestFirst { sources }));
    }
    match &filter.form {
        Some(form) => Ok(Box::new(index.leads_of(form, ids))),
        None => Ok(Box::new(index.leads(ids))),
    }
}

/// Leads that have a token with each of the beginnings that were asked for.
fn found(index: &Index, text: &str) -> Result<BTreeSet<LeadId>, StoreError> {
    let prefixes = match search::parse(text) {
        Some(Query::Lead(id)) => return Ok(BTreeSet::from([id])),
        Some(Query::Prefixes(prefixes)) => prefixes,
        None => return Ok(BTreeSet::new()),
    };
    let mut all: Option<BTreeSet<LeadId>> = None;
    for prefix in prefixes {
        let hits: BTreeSet<LeadId> = index.find(&prefix, MOST_HITS)?.into_iter().collect();
        all = Some(all.map_or_else(
            || hits.clone(),
            |all| all.intersection(&hits).copied().collect(),
        ));
    }
    Ok(all.unwrap_or_default())
}

/// Merges rows of ids that are each newest first.
struct NewestFirst<I: Iterator<Item = Result<LeadId, StoreError>>> {
    sources: Vec<Peekable<I>>,
}

impl<I: Iterator<Item = Result<LeadId, StoreError>>> Iterator for NewestFirst<I> {
    type Item = Result<LeadId, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let newest = |source: &mut Peekable<I>| match source.peek() {
            Some(Ok(id)) => Some(*id),
            // An error comes first, so that it is not passed over.
            Some(Err(_)) => Some(LeadId::LAST),
            None => None,
        };
        let heads: Vec<Option<LeadId>> = self.sources.iter_mut().map(newest).collect();
        let best = (0..heads.len()).max_by_key(|at| heads.get(*at))?;
        self.sources.get_mut(best)?.next()
    }
}
