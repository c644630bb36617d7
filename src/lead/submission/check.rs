//! The fields of a submission against those a form declares.

use std::borrow::Cow;

use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::lead::submission::parse::{self, Reading, Visitor};
use crate::lead::{
    Field, FieldError, FieldErrorCode, FieldErrors, FieldKind, FieldSpec, Form, Value, text,
};

/// The most bytes of one value, by the contract.
const MAX_VALUE_BYTES: usize = 64 * 1024;

/// One field that has passed, with what the search for contact data needs to know of it.
pub(super) struct Checked<'a> {
    /// As the lead will hold it.
    pub(super) field: Field,
    /// Its declaration, if the form has one.
    pub(super) spec: Option<&'a FieldSpec>,
    /// The typed text from which the value was read.
    pub(super) read: Cow<'a, str>,
    /// What that tells of the visitor, if its kind says so.
    pub(super) visitor: Option<Visitor>,
    /// The field's name, folded by [`text::loose_name`] to be compared with the usual names.
    pub(super) loose_name: Cow<'a, str>,
}

impl<'a> Checked<'a> {
    /// An undeclared field of this name.
    fn undeclared(name: &'a str, value: Value, read: Cow<'a, str>) -> Self {
        Self {
            field: Field {
                name: name.to_owned(),
                label: None,
                value,
                typed: None,
            },
            spec: None,
            read,
            visitor: None,
            loose_name: text::loose_name(name),
        }
    }

    /// A declared field; what was typed is kept where its value does not show it.
    fn declared(
        spec: &'a FieldSpec,
        Reading { value, visitor }: Reading,
        read: Cow<'a, str>,
        typed: &str,
    ) -> Self {
        let typed = Some(typed).filter(|typed| *typed != value.as_text());
        Self {
            field: Field {
                name: spec.name.clone(),
                label: spec.label.clone(),
                typed: typed.map(str::to_owned),
                value,
            },
            spec: Some(spec),
            read,
            visitor,
            loose_name: text::loose_name(&spec.name),
        }
    }

    /// The form says nothing about its kind: undeclared, or declared as mere text.
    pub(super) fn is_plain(&self) -> bool {
        self.spec.is_none_or(|spec| spec.kind == FieldKind::Text)
    }
}

/// All values that came under one name.
struct Group<'a> {
    /// The name as sent, so that an error finds its input.
    sent_as: &'a str,
    /// The name without `[]`.
    name: &'a str,
    /// `name` in lower case.
    folded: Cow<'a, str>,
    /// It was sent as `name[]`.
    is_list: bool,
    /// The values that are not empty.
    values: Vec<&'a str>,
    /// It has found its declaration.
    used: bool,
}

/// A submission on its way through the form's declarations. Goes on after an error, to find them all.
pub(super) struct Check<'a> {
    form: &'a Form,
    groups: Vec<Group<'a>>,
    passed: Vec<Checked<'a>>,
    errors: Vec<FieldError>,
}

impl<'a> Check<'a> {
    /// Brings values of one name together.
    pub(super) fn new(form: &'a Form, fields: &'a [(String, String)]) -> Self {
        let mut groups: Vec<Group<'a>> = Vec::with_capacity(fields.len());
        // Whoever computes names that collide makes it look through a few hundred of them.
        let mut by_name: FxHashMap<&str, usize> =
            FxHashMap::with_capacity_and_hasher(fields.len(), FxBuildHasher);
        for (sent_as, value) in fields {
            let name = sent_as
                .strip_suffix("[]")
                .filter(|name| !name.is_empty())
                .unwrap_or(sent_as);
            let at = *by_name.entry(name).or_insert(groups.len());
            if at == groups.len() {
                groups.push(Group {
                    sent_as,
                    name,
                    folded: text::lower_case(name),
                    is_list: false,
                    values: Vec::new(),
                    used: false,
                });
            }
            let group = &mut groups[at];
            group.is_list |= name.len() != sent_as.len();
            group
                .values
                .extend((!value.is_empty()).then_some(value.as_str()));
        }
        Self {
            form,
            groups,
            passed: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// Checks what the form declares, in its order.
    pub(super) fn declared_fields(&mut self) {
        let form = self.form;
        for spec in &form.fields {
            let found = self.find(spec);
            let group = found.map(|at| &self.groups[at]);
            let sent_as = group.map_or(spec.name.as_str(), |group| group.sent_as);
            match declared(spec, group) {
                Ok(Some(passed)) => self.passed.push(passed),
                Ok(None) => {}
                Err(code) => {
                    self.errors.push(FieldError {
                        field: sent_as.to_owned(),
                        label: spec.label.clone(),
                        code,
                    });
                }
            }
        }
    }

    /// Keeps what the form does not declare, as text under its own name.
    pub(super) fn other_fields(&mut self) {
        for group in self
            .groups
            .iter()
            .filter(|group| !group.used && !group.values.is_empty())
        {
            if group
                .values
                .iter()
                .any(|value| value.len() > MAX_VALUE_BYTES)
            {
                let field = group.sent_as.to_owned();
                self.errors.push(FieldError {
                    field,
                    label: None,
                    code: FieldErrorCode::TooLong,
                });
                continue;
            }
            let (name, value, read) = (group.name, group.text_or_list(), group.joined());
            self.passed.push(Checked::undeclared(name, value, read));
        }
    }

    /// The fields that passed, or all errors.
    pub(super) fn finish(mut self) -> Result<Vec<Checked<'a>>, FieldErrors> {
        if self.errors.is_empty() && self.passed.is_empty() {
            let code = FieldErrorCode::RequiredFieldMissing;
            self.errors.push(FieldError {
                field: String::new(),
                label: None,
                code,
            });
        }
        if self.errors.is_empty() {
            Ok(self.passed)
        } else {
            Err(FieldErrors(self.errors))
        }
    }

    /// The group that a declaration means: the first of its names that has a value, else the first that was sent at all.
    /// Another name of it that has a value too stays a field of its own, so that nothing is lost.
    fn find(&mut self, spec: &FieldSpec) -> Option<usize> {
        let mut empty = None;
        let mut filled = None;
        for name in std::iter::once(&spec.name).chain(&spec.from) {
            let folded = text::lower_case(name);
            let folded = folded.strip_suffix("[]").unwrap_or(&folded);
            let all = self.groups.iter().enumerate();
            for (at, group) in all.filter(|(_, group)| !group.used && group.folded == folded) {
                let kept = match group.values.is_empty() {
                    true => &mut empty,
                    false => &mut filled,
                };
                kept.get_or_insert(at);
            }
        }
        let found = filled.or(empty)?;
        self.groups[found].used = true;
        Some(found)
    }
}

impl<'a> Group<'a> {
    /// All values in one text.
    fn joined(&self) -> Cow<'a, str> {
        match self.values.as_slice() {
            [one] => Cow::Borrowed(one),
            many => Cow::Owned(many.join(", ")),
        }
    }

    fn text_or_list(&self) -> Value {
        match self.values.as_slice() {
            [one] if !self.is_list => Value::Text((*one).to_owned()),
            many => Value::List(many.iter().map(|value| (*value).to_owned()).collect()),
        }
    }
}

/// Checks one declared field; `None` when it is empty and may be.
fn declared<'a>(
    spec: &'a FieldSpec,
    group: Option<&Group<'a>>,
) -> Result<Option<Checked<'a>>, FieldErrorCode> {
    let is_consent = spec.kind == FieldKind::Consent;
    let Some(group) = group.filter(|group| !group.values.is_empty()) else {
        return match (spec.required, is_consent) {
            (false, _) => Ok(None),
            (true, true) => Err(FieldErrorCode::ConsentRequired),
            (true, false) => Err(FieldErrorCode::RequiredFieldMissing),
        };
    };
    let limit = spec.max_length.unwrap_or(usize::MAX);
    let is_long = |value: &&str| value.len() > MAX_VALUE_BYTES || value.chars().count() > limit;
    if group.values.iter().any(is_long) {
        return Err(FieldErrorCode::TooLong);
    }
    let (reading, read) = read_group(&spec.kind, group)?;
    if is_consent && spec.required && reading.value == Value::Boolean(false) {
        return Err(FieldErrorCode::ConsentRequired);
    }
    let typed = group.joined();
    Ok(Some(Checked::declared(spec, reading, read, &typed)))
}

/// The value of a group with at least one non-empty text, and the text it was read from.
///
/// Of several texts a tick box takes the last (pages put a hidden "no" before the box) and a choice or text takes all.
/// Any other kind takes the first that can be read; the rest is kept in what was typed.
fn read_group<'a>(
    kind: &FieldKind,
    group: &Group<'a>,
) -> Result<(Reading, Cow<'a, str>), FieldErrorCode> {
    let several = group.is_list || group.values.len() > 1;
    let all = || group.joined();
    match kind {
        FieldKind::Text | FieldKind::Hidden => Ok((group.text_or_list().into(), all())),
        FieldKind::Choice(known) if several => {
            let chosen = parse::options(known, &group.values).ok_or(FieldErrorCode::NotAnOption)?;
            Ok((Value::List(chosen).into(), all()))
        }
        FieldKind::Choice(known) => {
            let divided = || parse::divided(known, &all()).map(Value::List);
            let one = parse::reading(kind, &all());
            let reading = one.or_else(|code| divided().map(Reading::from).ok_or(code))?;
            Ok((reading, all()))
        }
        FieldKind::Boolean | FieldKind::Consent => {
            let last = group.values.last().copied().unwrap_or_default();
            parse::reading(kind, last).map(|reading| (reading, Cow::Borrowed(last)))
        }
        _ => {
            let mut first_code = None;
            for text in &group.values {
                match parse::reading(kind, text) {
                    Ok(reading) => return Ok((reading, Cow::Borrowed(text))),
                    Err(code) => first_code = first_code.or(Some(code)),
                }
            }
            Err(first_code.unwrap_or(FieldErrorCode::RequiredFieldMissing))
        }
    }
}
