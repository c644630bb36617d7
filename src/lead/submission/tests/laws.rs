//! What holds for any form and any submission.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::lead::submission::tests::*;

/// Names and values as forms send them, and worse.
fn any_pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = prop_oneof![
        "[a-cA-C]{1,2}(\\[\\])?",
        "(_id|_lang|_opened_at|_page_url|utm_source|phone|email|Name|tel|comment)",
        any::<String>()
    ];
    let value = prop_oneof!["[0-9 +()-]{0,14}", "[а-яa-z@. ]{0,12}", any::<String>()];
    prop::collection::vec((name, value), 0..12)
}

fn any_form() -> impl Strategy<Value = Vec<FieldSpec>> {
    let kinds = vec![
        FieldKind::Text,
        FieldKind::Name,
        FieldKind::Phone,
        FieldKind::Email,
        FieldKind::Number,
        FieldKind::Integer,
        FieldKind::Date,
        FieldKind::Boolean,
        FieldKind::Choice(vec!["a".to_owned()]),
        FieldKind::Url,
        FieldKind::Hidden,
        FieldKind::Consent,
    ];
    let field = (
        "[a-c]{1,2}|phone|name",
        prop::sample::select(kinds),
        any::<bool>(),
    );
    let field = field.prop_map(|(name, kind, required)| FieldSpec {
        required,
        from: vec!["A".to_owned()],
        ..spec(&name, kind)
    });
    prop::collection::vec(field, 0..4)
}

proptest! {
    #[test]
    fn nothing_that_was_typed_is_lost(pairs in any_pairs(), fields in any_form()) {
        let submission = Submission::from_pairs(pairs);
        let sent: BTreeSet<String> =
            submission.fields.iter().map(|(_, value)| value.clone()).filter(|value| !value.is_empty()).collect();
        if let Ok(lead) = accept(fields, submission) {
            let kept: Vec<String> =
                lead.fields.iter().flat_map(|field| [Some(field.value.to_text()), field.typed.clone()]).flatten().collect();
            for value in sent {
                prop_assert!(kept.iter().any(|text| text.contains(&value)), "{:?} is lost", value);
            }
        }
    }

    #[test]
    fn every_refusal_names_its_fields(pairs in any_pairs(), fields in any_form()) {
        if let Err(errors) = accept(fields, Submission::from_pairs(pairs)) {
            prop_assert!(!errors.0.is_empty());
        }
    }
}
