//! What the pages hold for whom: nothing of the visitor's is lost, nothing of it is markup.

use proptest::prelude::*;

use super::*;
use crate::http::tests::form;
use crate::lead::{FieldError, FieldErrorCode, FieldErrors, FieldKind, FieldSpec};

const LOOK: Look<'static> = Look {
    language: Language::En,
    base: "/gate",
};

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn errors(list: &[(&str, FieldErrorCode)]) -> FieldErrors {
    let error = |(name, code): &(&str, FieldErrorCode)| FieldError {
        field: (*name).to_owned(),
        label: None,
        code: *code,
    };
    FieldErrors(list.iter().map(error).collect())
}

fn corrected(list: &[(&str, FieldErrorCode)], typed: &[(&str, &str)]) -> String {
    let form = form(OriginRule::Any);
    correction(&LOOK, &form, &errors(list), &pairs(typed)).into_string()
}

#[test]
fn a_declared_field_is_shown_under_the_name_it_was_sent_by() {
    let page = corrected(
        &[("Tel", FieldErrorCode::TypePhone)],
        &[("phone", ""), ("Tel", "12"), ("name", "Anna")],
    );
    assert!(page.contains("name=\"Tel\" value=\"12\""), "{page}");
    assert!(page.contains("<label for=\"field-2\">Телефон"), "{page}");
}

#[test]
fn a_missing_field_gets_an_input_although_nothing_was_sent() {
    let page = corrected(&[("phone", FieldErrorCode::RequiredFieldMissing)], &[]);
    assert!(page.contains("type=\"tel\" name=\"phone\""), "{page}");
}

#[test]
fn what_the_form_does_not_declare_is_folded_unless_it_is_wrong() {
    let typed = [("note", "a"), ("essay", "b")];
    let page = corrected(&[("essay", FieldErrorCode::TooLong)], &typed);
    let (seen, folded) = page.split_once("<details>").expect("a fold");
    assert!(seen.contains("name=\"essay\" value=\"b\""), "{page}");
    assert!(folded.contains("name=\"note\" value=\"a\""), "{page}");
}

#[test]
fn chosen_options_stay_chosen_and_a_list_stays_a_list() {
    let page = corrected(
        &[("phone", FieldErrorCode::TypePhone)],
        &[("size[]", "M"), ("size[]", "XXL"), ("phone", "1")],
    );
    let tick = |value| format!("type=\"checkbox\" name=\"size[]\" value=\"{value}\"");
    assert!(page.contains(&(tick("M") + " checked")), "{page}");
    assert!(page.contains(&(tick("XXL") + " checked")), "{page}");
    assert!(page.contains(&tick("S")), "{page}");
    assert!(!page.contains(&(tick("S") + " checked")), "{page}");
}

#[test]
fn a_consent_that_is_missing_is_a_tick_to_be_ticked() {
    let mut form = form(OriginRule::Any);
    form.fields = vec![FieldSpec {
        name: "agree".to_owned(),
        kind: FieldKind::Consent,
        required: true,
        from: Vec::new(),
        label: Some("I agree".to_owned()),
        max_length: None,
    }];
    let errors = errors(&[("agree", FieldErrorCode::ConsentRequired)]);
    let page = correction(&LOOK, &form, &errors, &pairs(&[("agree", "0")])).into_string();
    assert!(page.contains("type=\"checkbox\" name=\"agree\" value=\"on\""));
    assert!(!page.contains(" checked"), "{page}");
}

#[test]
fn a_form_without_a_single_input_says_that_it_is_empty() {
    let mut form = form(OriginRule::Any);
    form.fields.clear();
    let errors = errors(&[("", FieldErrorCode::RequiredFieldMissing)]);
    let page = correction(&LOOK, &form, &errors, &Vec::new()).into_string();
    assert!(page.contains("The form arrived empty"), "{page}");
    assert!(!page.contains("<form"), "{page}");
}

#[test]
fn a_key_is_minted_only_where_there_is_none() {
    let problem = Problem::Unavailable;
    let minted = retry(&LOOK, &problem, &pairs(&[("phone", "1")])).into_string();
    assert_eq!(minted.matches("name=\"_id\"").count(), 1);
    let kept = retry(&LOOK, &problem, &pairs(&[("_id", "k")])).into_string();
    assert_eq!(kept.matches("name=\"_id\"").count(), 1);
    assert!(kept.contains("name=\"_id\" value=\"k\""));
}

#[test]
fn the_stylesheet_is_found_behind_a_path() {
    let page = refusal(&LOOK, &Problem::UnknownForm).into_string();
    assert!(page.contains("href=\"/gate/static/public.css\""));
    assert!(page.contains("lang=\"en\""));
}

proptest! {
    /// Every value stands on the page once and escaped: none can open a tag or leave its attribute.
    #[test]
    fn nothing_typed_is_lost_and_nothing_typed_is_markup(
        typed in proptest::collection::vec(("[a-z_<>\"']{1,8}", "[a-z<>\"'&\n/]{1,30}"), 1..6),
    ) {
        let form = form(OriginRule::Any);
        let page = correction(&LOOK, &form, &errors(&[]), &typed).into_string();
        let (before, after) = page.split_once("</h1>").expect("a title");
        for tag in ["<script", "<a ", "<b>"] {
            prop_assert!(!before.contains(tag));
        }
        for (name, value) in &typed {
            let escaped = |text: &str| html! { (text) }.into_string();
            prop_assert!(after.contains(&format!("name=\"{}\"", escaped(name))), "{}", page);
            prop_assert!(after.contains(&escaped(value)), "{}", page);
        }
    }
}
