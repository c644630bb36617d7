//! The blocks `[[forms]]`: one reader for a form, wherever its document comes from.

mod capture;
mod deliver;
mod fields;

use crate::config::destinations::Destinations;
use crate::config::reader::Block;
use crate::config::unique::Unique;
use crate::config::values;
use crate::lead::{Form, FormId, Forms, OriginRule};

/// Reads every `[[forms]]` of the document.
pub(crate) fn read(root: &mut Block<'_>, destinations: &Destinations) -> Forms {
    let (mut ids, mut roistat_keys) = (Unique::new("id"), Unique::new("roistat_key"));
    let mut forms = Vec::new();
    for mut block in root.blocks("forms") {
        let form = read_form(&mut block, destinations);
        if let Some(form) = &form {
            ids.claim(&block, "id", form.id.as_str());
        }
        if let Some(key) = form.as_ref().and_then(|form| form.roistat_key.as_ref()) {
            roistat_keys.claim(&block, "roistat_key", key.reveal());
        }
        block.finish();
        forms.extend(form);
    }
    if root.value("forms").is_none() {
        root.warning(
            "forms",
            "there is no form, so no lead can come in; add [[forms]]",
        );
    }
    Forms::new(forms)
}

/// Reads one form; `None` when it has no usable id, which is then noted.
pub(crate) fn read_form(block: &mut Block<'_>, destinations: &Destinations) -> Option<Form> {
    let id = block.required("id", |value| {
        values::parsed(
            value,
            "an id of letters, digits, - and _, at most 64",
            FormId::parse,
        )
    });
    let title = block.optional("title", values::text);
    let origins = origins(block);
    let language = block.value_or(
        "language",
        Default::default(),
        values::word(values::LANGUAGES),
    );
    let success_url = block.optional("success_url", values::web_address);
    let roistat_key = block.secret("roistat_key");
    let fields = fields::read(block);
    let capture = capture::read(block.block("capture"));
    let deliver = deliver::read(block, destinations);
    let id = id?;
    let title = title.unwrap_or_else(|| id.to_string());
    Some(Form {
        id,
        title,
        origins,
        language,
        success_url,
        roistat_key,
        fields,
        capture,
        deliver,
    })
}

/// `origins`: none unless the config says so, because a form that any site may post is a choice and not a default.
fn origins(block: &mut Block<'_>) -> OriginRule {
    let mut listed = block.list("origins", values::origin).unwrap_or_default();
    let any = listed.iter().any(|origin| origin == "*");
    if any && listed.len() > 1 {
        block.problem(
            "origins",
            "\"*\" lets every site in; write [\"*\"] alone, or leave it out",
        );
    }
    if any {
        return OriginRule::Any;
    }
    listed.sort();
    listed.dedup();
    OriginRule::Listed(listed)
}
