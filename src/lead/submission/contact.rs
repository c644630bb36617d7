//! Who the visitor is: the contact data among the fields of a lead.
//!
//! Declared kinds say it for certain. Where a form declares no field of a kind, the names that form builders and people use are
//! recognised, and a value that cannot be read is then no error: it stays an ordinary text field, and the lead is taken.

use crate::lead::submission::check::Checked;
use crate::lead::submission::parse::Visitor;
use crate::lead::{Contact, Email, Field, FieldKind, Form, PersonName, Phone, Value, text};

/// Names of fields, compared as [`text::loose_name`] folds them.
const WHOLE_NAMES: [&str; 10] = [
    "name",
    "fio",
    "фио",
    "имя",
    "yourname",
    "fullname",
    "clientname",
    "customername",
    "contactname",
    "username",
];
const FIRST_NAMES: [&str; 4] = ["firstname", "fname", "givenname", "yourfirstname"];
const LAST_NAMES: [&str; 7] = [
    "lastname",
    "lname",
    "surname",
    "familyname",
    "secondname",
    "фамилия",
    "yourlastname",
];
const PATRONYMICS: [&str; 4] = ["patronymic", "middlename", "отчество", "patronymicname"];
const PHONES: [&str; 13] = [
    "phone",
    "tel",
    "telephone",
    "телефон",
    "yourphone",
    "yourtel",
    "phonenumber",
    "clientphone",
    "customerphone",
    "mobile",
    "номертелефона",
    "ваштелефон",
    "номер",
];
const EMAILS: [&str; 9] = [
    "email",
    "mail",
    "youremail",
    "yourmail",
    "emailaddress",
    "почта",
    "электроннаяпочта",
    "clientemail",
    "емейл",
];
const COMMENTS: [&str; 9] = [
    "comment",
    "comments",
    "message",
    "yourmessage",
    "yourcomment",
    "text",
    "комментарий",
    "сообщение",
    "вопрос",
];

/// What a field called so means for a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Whole,
    First,
    Last,
    Patronymic,
}

impl Role {
    fn of(loose_name: &str) -> Option<Self> {
        if WHOLE_NAMES.contains(&loose_name) {
            Some(Self::Whole)
        } else if FIRST_NAMES.contains(&loose_name) {
            Some(Self::First)
        } else if LAST_NAMES.contains(&loose_name) {
            Some(Self::Last)
        } else {
            PATRONYMICS
                .contains(&loose_name)
                .then_some(Self::Patronymic)
        }
    }
}

/// The fields as the lead will hold them, and the contact data read from them.
pub(super) fn recognise(form: &Form, mut fields: Vec<Checked<'_>>) -> (Vec<Field>, Contact) {
    let mut contact = Contact::default();
    find_name(form, &mut fields, &mut contact);
    find_phone(form, &mut fields, &mut contact);
    find_email(form, &mut fields, &mut contact);
    find_comment(&fields, &mut contact);
    // Collected, they would stay in the room of what was known of them, cut down: each lead would leave a hole behind.
    let mut kept = Vec::with_capacity(fields.len());
    kept.extend(fields.into_iter().map(|checked| checked.field));
    (kept, contact)
}

fn declares(form: &Form, kind: &FieldKind) -> bool {
    form.fields.iter().any(|spec| spec.kind == *kind)
}

/// Fields that may hold contact data of this kind: the declared ones, or those named so by convention.
fn candidates(form: &Form, fields: &[Checked<'_>], kind: &FieldKind, names: &[&str]) -> Vec<usize> {
    if declares(form, kind) {
        return positions(fields, |checked| {
            checked.spec.is_some_and(|spec| spec.kind == *kind)
        });
    }
    let named = |name: &&str| {
        positions(fields, |checked| {
            checked.is_plain() && checked.loose_name == **name
        })
    };
    names.iter().flat_map(named).collect()
}

fn positions(fields: &[Checked<'_>], is_wanted: impl Fn(&Checked<'_>) -> bool) -> Vec<usize> {
    fields
        .iter()
        .enumerate()
        .filter(|(_, checked)| is_wanted(checked))
        .map(|(at, _)| at)
        .collect()
}

fn find_name(form: &Form, fields: &mut [Checked<'_>], contact: &mut Contact) {
    let is_declared = declares(form, &FieldKind::Name);
    let role_of = |checked: &Checked<'_>| match checked.spec {
        Some(spec) if spec.kind == FieldKind::Name => {
            Role::of(&checked.loose_name).or(Some(Role::Whole))
        }
        _ if is_declared || !checked.is_plain() => None,
        _ => Role::of(&checked.loose_name),
    };
    let first_in = |role: Role| {
        let mut roles = fields.iter().map(&role_of);
        roles.position(|known| known == Some(role))
    };
    let (whole, last, patronymic) = (
        first_in(Role::Whole),
        first_in(Role::Last),
        first_in(Role::Patronymic),
    );
    let first = first_in(Role::First);
    let is_one_word = |at: &usize| !text::folded_line(&fields[*at].read).contains(' ');
    let first_part = || first.or(whole.filter(is_one_word));
    let is_in_parts = last.or(patronymic).is_some() && (whole.is_none() || first_part().is_some());
    let sources = match is_in_parts {
        true => [last, first_part(), patronymic],
        false => [whole.or(first), None, None],
    };
    contact.name = match sources {
        [Some(whole), None, None] if !is_in_parts => match fields[whole].visitor.take() {
            Some(Visitor::Name(name)) => Some(name),
            _ => PersonName::parse(&fields[whole].read),
        },
        parts => {
            let [last, first, patronymic] =
                parts.map(|part| part.map(|at| fields[at].read.as_ref()));
            PersonName::from_parts(first, last, patronymic)
        }
    };
    if contact.name.is_some() {
        let names = sources.into_iter().flatten();
        let names = names.map(|at| fields[at].field.name.clone());
        contact.read_from.extend(names);
    }
}

fn find_phone(form: &Form, fields: &mut [Checked<'_>], contact: &mut Contact) {
    for at in candidates(form, fields, &FieldKind::Phone, &PHONES) {
        let checked = &mut fields[at];
        let phone = match checked.visitor.take() {
            Some(Visitor::Phone(phone)) => Ok(phone),
            _ => Phone::parse(&checked.read),
        };
        if let Ok(phone) = phone {
            normalise(checked, phone.e164());
            contact.read_from.push(checked.field.name.clone());
            contact.phone = Some(phone);
            return;
        }
    }
}

fn find_email(form: &Form, fields: &mut [Checked<'_>], contact: &mut Contact) {
    for at in candidates(form, fields, &FieldKind::Email, &EMAILS) {
        let checked = &mut fields[at];
        let email = match checked.visitor.take() {
            Some(Visitor::Email(email)) => Ok(email),
            _ => Email::parse(&checked.read),
        };
        if let Ok(email) = email {
            normalise(checked, email.as_str());
            contact.read_from.push(checked.field.name.clone());
            contact.email = Some(email);
            return;
        }
    }
}

/// Gives an undeclared field the value that a declared one would have got.
fn normalise(checked: &mut Checked<'_>, value: &str) {
    if checked.spec.is_none() && checked.field.value.as_text() != value {
        checked.field.typed = Some(checked.field.value.to_text());
        checked.field.value = Value::Text(value.to_owned());
    }
}

/// A declared field called so comes before others; among equals the order of [`COMMENTS`] decides.
fn find_comment(fields: &[Checked<'_>], contact: &mut Contact) {
    let rank = |checked: &Checked<'_>| {
        let place = COMMENTS
            .iter()
            .position(|comment| *comment == checked.loose_name)?;
        let is_text = checked.is_plain()
            || checked
                .spec
                .is_some_and(|spec| spec.kind == FieldKind::Hidden);
        is_text.then_some((checked.spec.is_none(), place))
    };
    let ranked = fields
        .iter()
        .filter_map(|checked| Some((rank(checked)?, checked)));
    if let Some((_, checked)) = ranked.min_by_key(|(rank, _)| *rank) {
        contact.read_from.push(checked.field.name.clone());
        contact.comment = Some(checked.field.value.to_text());
    }
}
