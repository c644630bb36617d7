//! The columns of the export and the row of a lead.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::delivery::Delivery;
use crate::http::admin::csv::{Dialect, cells};
use crate::http::admin::words;
use crate::lead::{Field, FieldKind, FormId, Forms, Language, Lead};
use crate::store::StoredLead;

/// The columns that every export has, in Russian and English. The first gets the zone in brackets.
const FIXED: [(&str, &str); 19] = [
    ("Получена", "Received"),
    ("Номер заявки", "Lead id"),
    ("Форма", "Form"),
    ("Состояние", "State"),
    ("Имя", "Name"),
    ("Телефон", "Phone"),
    ("E-mail", "E-mail"),
    ("Назначение", "Destination"),
    ("Заказ", "Order"),
    ("Ссылка", "Link"),
    ("Попыток", "Attempts"),
    ("Предупреждение", "Warning"),
    ("Последняя ошибка", "Last error"),
    ("Страница", "Page"),
    ("utm_source", "utm_source"),
    ("utm_medium", "utm_medium"),
    ("utm_campaign", "utm_campaign"),
    ("utm_term", "utm_term"),
    ("utm_content", "utm_content"),
];

/// The columns that come from the forms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::http::admin) struct Columns {
    /// Name and heading of each, in the order of the forms.
    declared: Vec<(String, String)>,
}

impl Columns {
    /// The declared fields of this form, or of all. Name, phone and e-mail have fixed columns.
    pub(in crate::http::admin) fn new(forms: &Forms, only: Option<&FormId>) -> Self {
        let mut declared: Vec<(String, String)> = Vec::new();
        let fields = forms
            .iter()
            .filter(|form| only.is_none_or(|only| *only == form.id))
            .flat_map(|form| &form.fields)
            .filter(|field| {
                !matches!(
                    field.kind,
                    FieldKind::Name | FieldKind::Phone | FieldKind::Email
                )
            });
        for field in fields {
            if declared.iter().all(|(name, _)| *name != field.name) {
                let heading = field.label.as_ref().unwrap_or(&field.name);
                declared.push((field.name.clone(), heading.clone()));
            }
        }
        Self { declared }
    }

    fn has(&self, field: &Field) -> bool {
        self.declared.iter().any(|(name, _)| *name == field.name)
    }
}

/// Writes header and rows.
#[derive(Clone, Debug)]
pub(in crate::http::admin) struct Sheet {
    dialect: Dialect,
    columns: Columns,
    zone: TimeZone,
}

impl Sheet {
    /// A sheet in this dialect; times are in `zone`.
    pub(in crate::http::admin) fn new(dialect: Dialect, columns: Columns, zone: TimeZone) -> Self {
        Self {
            dialect,
            columns,
            zone,
        }
    }

    /// The first line.
    pub(in crate::http::admin) fn header(&self) -> String {
        let language = self.dialect.language;
        let zone = self.zone.iana_name().unwrap_or("UTC");
        let mut headings: Vec<String> = FIXED
            .iter()
            .map(|(ru, en)| language.pick(ru, en).to_owned())
            .collect();
        headings[0] = format!("{} ({zone})", headings[0]);
        headings.extend(
            self.columns
                .declared
                .iter()
                .map(|(_, heading)| heading.clone()),
        );
        headings.push(language.pick("Другие поля", "Other fields").to_owned());
        cells::line(headings, self.dialect.separator)
    }

    /// The line of a lead.
    pub(in crate::http::admin) fn row(&self, stored: &StoredLead) -> String {
        let mut row: Vec<String> = self.fixed(stored).into();
        let fields = &stored.lead.fields;
        row.extend(self.columns.declared.iter().map(|(name, _)| {
            let field = fields.iter().find(|field| field.name == *name);
            field.map(|field| field.value.to_text()).unwrap_or_default()
        }));
        row.push(self.other_fields(&stored.lead));
        cells::line(row, self.dialect.separator)
    }

    fn fixed(&self, stored: &StoredLead) -> [String; FIXED.len()] {
        let StoredLead { lead, status } = stored;
        let language = self.dialect.language;
        let contact = &lead.contact;
        let utm = lead.attribution.utm.clone();
        let of_each = |text: fn(&Delivery, Language) -> String| {
            let texts = status.deliveries.iter().map(|each| text(each, language));
            let texts: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
            texts.join(", ")
        };
        [
            self.time(lead.received_at),
            lead.id.to_string(),
            lead.form.to_string(),
            words::state(status.state(), language).to_owned(),
            text(contact.name.as_ref().map(|name| name.typed())),
            text(contact.phone.as_ref().map(|phone| phone.e164())),
            text(contact.email.as_ref().map(|email| email.as_str())),
            of_each(|delivery, _| delivery.destination.to_string()),
            of_each(|delivery, _| order_number(delivery).unwrap_or_default()),
            of_each(|delivery, _| {
                let receipt = delivery.receipt.as_ref();
                receipt
                    .and_then(|receipt| receipt.url.clone())
                    .unwrap_or_default()
            }),
            of_each(|delivery, _| delivery.attempts.to_string()),
            of_each(|delivery, language| {
                let warning = delivery.warning.as_ref();
                warning
                    .map(|warning| warning.pick(language).to_owned())
                    .unwrap_or_default()
            }),
            of_each(|delivery, language| {
                let cause = delivery.last_error.as_ref();
                cause.map(|cause| cause.text(language)).unwrap_or_default()
            }),
            text(lead.page.url.as_deref()),
            utm.source.unwrap_or_default(),
            utm.medium.unwrap_or_default(),
            utm.campaign.unwrap_or_default(),
            utm.term.unwrap_or_default(),
            utm.content.unwrap_or_default(),
        ]
    }

    /// Every field without a column of its own; those that the name, phone and e-mail columns show are not repeated.
    fn other_fields(&self, lead: &Lead) -> String {
        let comment = lead.contact.comment.as_deref();
        let others = lead.fields.iter().filter(|field| {
            let in_contact = lead.contact.read_from.contains(&field.name)
                && comment != Some(field.value.to_text().as_str());
            !self.columns.has(field) && !in_contact
        });
        let others: Vec<String> = others
            .map(|field| {
                let name = field.label.as_ref().unwrap_or(&field.name);
                format!("{name}: {}", field.value.to_text())
            })
            .collect();
        others.join("; ")
    }

    /// The way that spreadsheets in every language read as a time.
    fn time(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone())
            .strftime("%Y-%m-%d %H:%M:%S")
            .to_string()
    }
}

/// The number people know the order by, else the CRM's internal id.
fn order_number(delivery: &Delivery) -> Option<String> {
    let receipt = delivery.receipt.as_ref()?;
    receipt
        .order_number
        .clone()
        .or_else(|| receipt.order_id.map(|id| id.to_string()))
}

fn text(value: Option<&str>) -> String {
    value.unwrap_or_default().to_owned()
}
