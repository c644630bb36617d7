//! The list: which leads, newest first, a page at a time, from the index entry that narrows most.

use std::iter::Peekable;
use std::sync::{Mutex, PoisonError};

use crate::delivery::{CauseKey, Delivery, State};
use crate::lead::{self, Attribution, Client, Contact, FormId, Language, Lead, LeadId};
use crate::store::index::{ALL_IDS, IdRange, Index, Row};
use crate::store::outbox::Outbox;
use crate::store::record::decode;
use crate::store::search::{self, Query};
use crate::store::{Filter, LeadPage, Page, Status, StoreError, StoredLead};

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

/// Adds up the statuses of at most `most` leads in the list, newest first, a chunk in memory at a time. Whether there were more.
pub(super) fn fold<T>(
    sources: Sources<'_>,
    filter: &Filter,
    most: usize,
    (start, add): (T, impl Fn(&mut T, &Status)),
) -> Result<(T, bool), StoreError> {
    let mut sum = start;
    let mut page = Page {
        before: None,
        limit: CHUNK.min(most),
    };
    let mut left = most;
    loop {
        let LeadPage { leads, next } = leads(sources, filter, page)?;
        leads.iter().for_each(|lead| add(&mut sum, &lead.status));
        left -= leads.len().min(left);
        match next {
            Some(_) if left == 0 => return Ok((sum, true)),
            None => return Ok((sum, false)),
            before => page.before = before,
        }
        page.limit = CHUNK.min(left);
    }
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

fn candidates<'a>(
    sources: Sources<'a>,
    filter: &Filter,
    asked: Option<&Query>,
    ids: IdRange,
) -> Result<Rows<'a>, StoreError> {
    let (low, high) = ids;
    let Sources { index, outbox, .. } = sources;
    if low >= high {
        return Ok(Box::new(std::iter::empty()));
    }
    let mut looking = index.looking();
    let mut row = move |id| looking.row(id).map(|row| Some((id, row?))).transpose();
    match asked {
        Some(Query::Lead(id)) => {
            let found = Some(*id).filter(|id| (low..high).contains(id));
            return Ok(Box::new(found.into_iter().filter_map(row)));
        }
        Some(Query::Prefixes(prefixes)) => {
            let found = index.find(prefixes.clone(), ids);
            return Ok(Box::new(found.filter_map(move |id| match id {
                Ok(id) => row(id),
                Err(error) => Some(Err(error)),
            })));
        }
        None => {}
    }
    let form = filter.form.as_ref();
    if filter.states.is_empty() {
        return Ok(rows_of(index, form, ids));
    }
    let (settled, open): (Vec<State>, Vec<State>) =
        filter.states.iter().partition(|state| state.is_final());
    let open_rows: Rows<'a> = Box::new(open_leads(outbox, open, ids).filter_map(row));
    let settled: Rows<'a> = match settled.as_slice() {
        [] => return Ok(open_rows),
        [State::Discarded] => Box::new(index.rows_near_discarded(ids)),
        // Delivered leads are nearly all of those that are not open.
        _ => {
            let form = form.cloned();
            let rows = settled_parts(outbox, ids);
            Box::new(rows.flat_map(move |ids| rows_of(index, form.as_ref(), ids)))
        }
    };
    let sources = vec![open_rows.peekable(), settled.peekable()];
    Ok(Box::new(NewestFirst { sources }))
}

/// The leads in a range, newest first: those of a form, and perhaps others, if a form is given.
fn rows_of<'a>(index: &'a Index, form: Option<&FormId>, ids: IdRange) -> Rows<'a> {
    match form {
        Some(form) => Box::new(index.rows_near_form(form, ids)),
        None => Box::new(index.rows(ids)),
    }
}

/// The parts of a range in which there may be leads in a final state, the highest first. Between them nothing needs to be read: after an outage
/// 100 000 leads may wait above the newest that is delivered.
fn settled_parts(
    outbox: &Mutex<Outbox>,
    (low, mut high): IdRange,
) -> impl Iterator<Item = IdRange> {
    std::iter::from_fn(move || {
        let outbox = outbox.lock().unwrap_or_else(PoisonError::into_inner);
        let part = outbox.final_leads_in((low, high))?;
        high = part.0;
        Some(part)
    })
}

/// The leads in some states that are not final, newest first. Taken from the outbox a chunk at a time, so that it is never held for long; of all
/// states at once, so that none is missed that changes between two of them.
fn open_leads(
    outbox: &Mutex<Outbox>,
    states: Vec<State>,
    (low, high): IdRange,
) -> impl Iterator<Item = LeadId> {
    let mut before = high;
    let chunks = std::iter::from_fn(move || {
        let outbox = outbox.lock().unwrap_or_else(PoisonError::into_inner);
        let chunk = outbox.leads_in(&states, (low, before), CHUNK);
        before = *chunk.last()?;
        Some(chunk)
    });
    chunks.flatten()
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

#[cfg(test)]
pub(in crate::store) mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::lead::{Form, OriginRule, Submission};
    use crate::store::index::IndexWriter;
    use crate::store::record::{Record, Table, encode};

    /// Of this name, received so many seconds after 1970.
    pub(in crate::store) fn lead(n: i64, name: &str) -> Lead {
        let form = Form {
            id: FormId::parse("callback").expect("id"),
            title: String::new(),
            origins: OriginRule::Any,
            language: Language::Ru,
            success_url: None,
            roistat_key: None,
            capture: None,
            fields: Vec::new(),
            deliver: Vec::new(),
        };
        let at = Timestamp::from_second(n).expect("a time");
        let submission = Submission::from_pairs(vec![("name".to_owned(), name.to_owned())]);
        let lead = submission.into_lead(&form, LeadId::mint(at), at, Client::default());
        lead.expect("a lead")
    }

    fn records(lead: &Lead) -> [Record; 2] {
        let status = Status {
            lead: lead.id,
            form: lead.form.clone(),
            held_reason: None,
            erased_at: None,
            contact_hashes: Vec::new(),
            deeds: Vec::new(),
            deliveries: Vec::new(),
        };
        let put = |table, value| Record::put(table, lead.id, value);
        [
            put(Table::Lead, encode(lead).expect("JSON")),
            put(Table::Status, encode(&status).expect("JSON")),
        ]
    }

    #[test]
    fn a_word_that_many_have_hides_nobody_who_is_asked_for_by_another() {
        let directory = tempfile::tempdir().expect("directory");
        let index = Index::open(directory.path()).expect("an index");
        let mut writer = IndexWriter::empty(index);
        let mut leads: Vec<Lead> = (0..30).map(|n| lead(n, "Иван Сидоров")).collect();
        leads.insert(0, lead(100, "Иван Петров"));
        leads.insert(0, lead(0, "Иван Первый"));
        let records: Vec<Record> = leads.iter().flat_map(records).collect();
        writer.apply(&records, Some(1)).expect("applied");
        let by = |text: &str| {
            let filter = Filter {
                text: Some(text.to_owned()),
                ..Filter::default()
            };
            let sources = Sources {
                index: writer.index(),
                outbox: &Mutex::default(),
            };
            let page = Page {
                before: None,
                limit: 50,
            };
            leads_of(super::leads(sources, &filter, page))
        };
        assert_eq!(by("иван петров"), ["Иван Петров"]);
        assert_eq!(by("перв ив"), ["Иван Первый"]);
        assert_eq!(by("ив").len(), 32);
        assert_eq!(by("ив сид").len(), 30);
    }

    #[test]
    fn a_writer_knows_when_words_of_an_erased_person_stay_behind() {
        let directory = tempfile::tempdir().expect("directory");
        let index = Index::open(directory.path()).expect("an index");
        let mut writer = IndexWriter::empty(index);
        let mut lead = lead(1, "Иван Петров");
        writer.apply(&records(&lead), Some(1)).expect("applied");
        writer.apply(&records(&lead), Some(1)).expect("again");
        assert!(!writer.has_stale_words());
        lead.contact = Contact::default();
        writer.apply(&records(&lead), Some(2)).expect("erased");
        assert!(writer.has_stale_words());
    }

    fn leads_of(page: Result<LeadPage, StoreError>) -> Vec<String> {
        let leads = page.expect("a page").leads.into_iter();
        leads
            .filter_map(|stored| Some(stored.lead.contact.name?.typed().to_owned()))
            .collect()
    }
}
