//! RetailCRM (API v5): a lead becomes a customer and an order with custom fields.
//!
//! The rooms, from the wire inwards: `api` sends and judges, `customer` and `deliver` are the flow of an attempt, `batch` is that of many
//! at once, `repair` and `dropped` save a lead from one refused value, `mapping` computes what is sent, `fields` knows what may be sent, `check`
//! compares the config with the account and leaves in `known_fields` what deliveries need to know of it.

mod api;
mod batch;
mod check;
mod conflict;
mod contacts;
mod customer;
mod deliver;
mod deliver_customer;
mod drafts;
mod dropped;
mod fields;
mod known_fields;
mod mapping;
mod notice;
mod preview;
mod repair;
mod settings;
mod standings;
mod suggest;
mod zone;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

pub use settings::{ContactConflict, Settings};

use crate::clock::Clock;
use crate::delivery::{Delivery, Failure, Lane, OrderStanding, Receipt, State};
use crate::destination::paces::Paces;
use crate::destination::preview::Preview;
use crate::destination::registry::MappingProblem;
use crate::destination::{Claim, Destination, Finding, Notice, NotifyError, Report};
use crate::lead::{
    Create, CustomerMatching, DeliverRule, DestinationId, Form, FormId, Forms, Lead,
};

use api::{Api, Fault, MOST_ROWS};
use contacts::KnownContacts;
use deliver::Attempt;
use known_fields::KnownFields;
use mapping::Mapping;
use standings::StatusNames;
use zone::AccountZone;

/// One RetailCRM account.
pub struct RetailCrm {
    id: DestinationId,
    /// Its place in the config, for key paths.
    index: usize,
    /// Alerts are shown in its notifications.
    shows_alerts: bool,
    account: Account,
    rules: Vec<Rule>,
    by_form: BTreeMap<(FormId, Create), usize>,
}

/// The account, and what is remembered of it between attempts.
struct Account {
    api: Api,
    /// The same, with the part of the pace that the backlog has.
    backlog_api: Api,
    zone: AccountZone,
    known: KnownContacts,
    conflict: ContactConflict,
    status_names: StatusNames,
    fields: KnownFields,
}

/// One deliver rule that ends here.
struct Rule {
    /// `forms.callback.deliver[0]`: forms are known by their id, not by their place in the file.
    key_path: String,
    mapping: Mapping,
    /// Whose leads it is for.
    form: Arc<Form>,
}

impl RetailCrm {
    /// Builds the client; `index` is its place in the config, for key paths.
    pub fn new(
        id: DestinationId,
        index: usize,
        settings: &Settings,
        forms: &Forms,
        around: (&Clock, &Paces),
    ) -> Self {
        let (clock, paces) = around;
        let pace = paces.of(
            &settings.url,
            &settings.api_key,
            (&id, settings.requests_per_second),
            clock,
        );
        let requests = paces.requests_of(&id);
        let api = Api::new(settings, (pace, requests), clock.clone());
        let account = Account {
            backlog_api: api.for_lane(Lane::Backlog),
            api,
            zone: AccountZone::new(clock.clone()),
            known: KnownContacts::default(),
            conflict: settings.conflict,
            status_names: StatusNames::new(clock.clone()),
            fields: KnownFields::default(),
        };
        let (mut rules, mut by_form) = (Vec::new(), BTreeMap::new());
        for form in forms.iter() {
            for (place, rule) in form
                .deliver
                .iter()
                .enumerate()
                .filter(|(_, rule)| rule.destination == id)
            {
                by_form.insert((form.id.clone(), rule.create), rules.len());
                rules.push(Rule {
                    key_path: format!("forms.{}.deliver[{place}]", form.id),
                    mapping: Mapping::compile(rule, &mut Vec::new()),
                    form: Arc::clone(form),
                });
            }
        }
        Self {
            id,
            index,
            shows_alerts: false,
            account,
            rules,
            by_form,
        }
    }

    /// The same, with or without its notifications as a way of the alerts, for which the key needs a right.
    pub fn showing_alerts(self, shows_alerts: bool) -> Self {
        Self {
            shows_alerts,
            ..self
        }
    }

    async fn deliver_one(&self, lane: Lane, claim: &Claim) -> Report {
        let Some(mapping) = self.mapping(claim) else {
            return no_rule(claim);
        };
        Attempt::new(&self.account, lane, claim, mapping)
            .run()
            .await
    }

    async fn deliver_many(&self, lane: Lane, claims: &[Claim]) -> Vec<Report> {
        let attempts = claims.iter().filter_map(|claim| {
            let mapping = self.mapping(claim)?;
            Some(Attempt::new(&self.account, lane, claim, mapping))
        });
        let mut reports = batch::deliver(&self.account, lane, attempts.collect())
            .await
            .into_iter();
        let mut report = |claim| match self.mapping(claim) {
            Some(_) => reports.next().unwrap_or_else(|| no_rule(claim)),
            None => no_rule(claim),
        };
        claims.iter().map(&mut report).collect()
    }

    fn mapping(&self, claim: &Claim) -> Option<&Mapping> {
        self.mapping_of(&claim.lead.form, claim.delivery.create)
    }

    fn mapping_of(&self, form: &FormId, create: Create) -> Option<&Mapping> {
        let place = self.by_form.get(&(form.clone(), create))?;
        self.rules.get(*place).map(|rule| &rule.mapping)
    }
}

impl Account {
    /// The API as the work of a lane uses it.
    fn api(&self, lane: Lane) -> &Api {
        match lane {
            Lane::Fresh => &self.api,
            Lane::Backlog => &self.backlog_api,
        }
    }
}

fn no_rule(claim: &Claim) -> Report {
    Report {
        outcome: Err(deliver::no_rule(&claim.lead)),
        steps: Vec::new(),
    }
}

/// Checks the mapping of one rule.
pub fn check_rule(rule: &DeliverRule) -> Vec<MappingProblem> {
    let mut problems = Vec::new();
    drop(Mapping::compile(rule, &mut problems));
    problems
}

impl Destination for RetailCrm {
    fn id(&self) -> &DestinationId {
        &self.id
    }

    fn kind(&self) -> &'static str {
        "retailcrm"
    }

    fn deliver<'a>(&'a self, lane: Lane, claims: &'a [Claim]) -> BoxFuture<'a, Vec<Report>> {
        async move {
            match claims {
                [claim] => vec![self.deliver_one(lane, claim).await],
                claims => self.deliver_many(lane, claims).await,
            }
        }
        .boxed()
    }

    fn preview(&self, claim: &Claim) -> Result<Preview, Failure> {
        let mapping = self
            .mapping(claim)
            .ok_or_else(|| deliver::no_rule(&claim.lead))?;
        Ok(preview::preview(&self.account, claim, mapping))
    }

    fn most_at_once(&self) -> usize {
        MOST_ROWS
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), Failure>> {
        async move {
            let answer = self.account.api.credentials(&mut Vec::new()).await;
            answer.map(drop).map_err(Fault::into_failure)
        }
        .boxed()
    }

    fn is_ours(&self, receipt: &Receipt) -> bool {
        let page = receipt.url.as_deref().unwrap_or_default();
        self.account.api.is_page(page)
    }

    fn recall(&self, lead: &Lead, delivery: &Delivery) {
        let mapping = self.mapping_of(&lead.form, delivery.create);
        let is_matched = mapping.is_some_and(|rule| rule.customer == CustomerMatching::Match);
        // A warning may tell of two customers, or of one that was refused: the CRM is asked anew.
        let is_plain = delivery.state == State::Delivered && delivery.warning.is_none();
        let receipt = delivery.receipt.as_ref();
        let customer = receipt.and_then(|receipt| receipt.customer_id);
        if let Some(customer) = customer.filter(|_| is_matched && is_plain) {
            self.account.known.recall(&lead.contact, customer);
        }
    }

    fn standings<'a>(
        &'a self,
        orders: &'a [(u64, Option<OrderStanding>)],
    ) -> BoxFuture<'a, Result<Vec<(u64, OrderStanding)>, Failure>> {
        standings::ask(&self.account.api, &self.account.status_names, orders).boxed()
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<Finding>, Failure>> {
        check::run(self).boxed()
    }

    fn notify<'a>(&'a self, notice: &'a Notice) -> BoxFuture<'a, Result<(), NotifyError>> {
        async move {
            let (kind, html) = notice::html(notice);
            let mut unlogged = Vec::new();
            let answer = self.account.api.notify((kind, &html), &mut unlogged).await;
            Ok(answer.map_err(Fault::into_failure)?)
        }
        .boxed()
    }
}
