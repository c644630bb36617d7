//! The blocks `[[forms.fields]]`: what a form asks.

use std::collections::HashMap;

use crate::config::reader::Block;
use crate::config::unique::Unique;
use crate::config::values;
use crate::lead::{FieldKind, FieldSpec};

/// The words of `kind`; the options of a choice are read afterwards.
static KINDS: [(&str, FieldKind); 12] = [
    ("text", FieldKind::Text),
    ("name", FieldKind::Name),
    ("phone", FieldKind::Phone),
    ("email", FieldKind::Email),
    ("number", FieldKind::Number),
    ("integer", FieldKind::Integer),
    ("date", FieldKind::Date),
    ("boolean", FieldKind::Boolean),
    ("choice", FieldKind::Choice(Vec::new())),
    ("url", FieldKind::Url),
    ("hidden", FieldKind::Hidden),
    ("consent", FieldKind::Consent),
];

/// Names that templates know already; a field of that name can be reached as `fields["..."]` only.
const CONTEXT_NAMES: [&str; 7] = ["page", "utm", "visit", "client", "form", "lead", "fields"];

/// Reads the fields of a form, in order.
pub(crate) fn read(form: &mut Block<'_>) -> Vec<FieldSpec> {
    let mut names = Unique::new("name");
    let (mut specs, mut blocks) = (Vec::new(), Vec::new());
    for mut block in form.blocks("fields") {
        if let Some(spec) = read_one(&mut block) {
            names.claim(&block, "name", &spec.name);
            specs.push(spec);
            blocks.push(block);
        }
    }
    check_aliases(&specs, &blocks);
    specs
}

fn read_one(block: &mut Block<'_>) -> Option<FieldSpec> {
    let name = block.required("name", values::text);
    match &name {
        Some(name) if name.starts_with('_') => {
            block.problem("name", "names that start with _ are controls such as _id and are never stored; take another");
        }
        Some(name) if CONTEXT_NAMES.contains(&name.as_str()) => {
            let message = format!(
                "templates know {name} as something else; they reach this field as fields[\"{name}\"]"
            );
            block.warning("name", message);
        }
        _ => {}
    }
    let kind = block.value_or("kind", FieldKind::Text, values::word(&KINDS));
    let kind = options(block, kind);
    let required = block.value_or("required", false, values::flag);
    let from = block.list("from", values::text).unwrap_or_default();
    let label = block.optional("label", values::text);
    let max_length = block
        .optional("max_length", values::whole(1..=65_536))
        .map(|length| length as usize);
    block.finish();
    Some(FieldSpec {
        name: name?,
        kind,
        required,
        from,
        label,
        max_length,
    })
}

/// Gives a choice its options; complains of options where there is no choice.
fn options(block: &mut Block<'_>, kind: FieldKind) -> FieldKind {
    match (kind, block.list("options", values::text)) {
        (FieldKind::Choice(_), options) => FieldKind::Choice(options.unwrap_or_default()),
        (kind, None) => kind,
        (kind, Some(_)) => {
            block.problem(
                "options",
                "belongs to kind = \"choice\" only; change the kind or remove the options",
            );
            kind
        }
    }
}

/// A name in `from` must not lead to two fields: which one it fills would depend on their order.
fn check_aliases(specs: &[FieldSpec], blocks: &[Block<'_>]) {
    let mut owners: HashMap<String, usize> = HashMap::new();
    for (index, spec) in specs.iter().enumerate() {
        owners.entry(spec.name.to_lowercase()).or_insert(index);
    }
    for (index, (spec, block)) in specs.iter().zip(blocks).enumerate() {
        for alias in &spec.from {
            let owner = *owners.entry(alias.to_lowercase()).or_insert(index);
            if let Some(owner) = specs.get(owner).filter(|_| owner != index) {
                block.problem(
                    "from",
                    format!(
                        "\"{alias}\" leads to the field \"{}\" already; remove one",
                        owner.name
                    ),
                );
            }
        }
    }
}
