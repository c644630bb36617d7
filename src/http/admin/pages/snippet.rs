//! A form ready to be copied into a page, made from the fields that the config declares.

use maud::{Markup, html};
use url::Url;

use crate::http::admin::pages::frame::Screen;
use crate::http::script::Script;
use crate::lead::{FieldKind, FieldSpec, Form, Language};

/// The address a form is posted to, below `public_url`.
pub(super) fn address(form: &Form, public_url: &Url) -> String {
    format!(
        "{}/f/{}",
        public_url.as_str().trim_end_matches('/'),
        form.id
    )
}

/// The line that puts the script into a page, and the same pinned by its integrity hash.
pub(super) fn script_tags(script: &Script, public_url: &Url) -> (String, String) {
    let home = public_url.as_str().trim_end_matches('/');
    let plain = format!("<script src=\"{home}/leadgate.js\" async></script>");
    let pinned = format!(
        "<script src=\"{home}/{}\" integrity=\"{}\" crossorigin async></script>",
        script.name(),
        script.integrity
    );
    (plain, pinned)
}

/// The address and the HTML of a form.
pub(super) fn of(screen: &Screen, form: &Form, public_url: &Url) -> Markup {
    let address = address(form, public_url);
    html! {
        p { (screen.pick("Адрес формы", "The address of the form")) " «" (form.title) "»: " code { (address) } }
        pre tabindex="0" { code { (source(form, &address)) } }
    }
}

/// The HTML as a person would write it, in the language of the form's visitors.
fn source(form: &Form, address: &str) -> String {
    let mut lines = vec![format!("<form action=\"{address}\" method=\"post\">")];
    lines.extend(
        form.fields
            .iter()
            .map(|field| format!("  {}", input(field))),
    );
    if form.fields.is_empty() {
        let label = form.language.pick("Телефон", "Phone");
        lines.push(format!(
            "  <label>{label} <input type=\"tel\" name=\"phone\" required></label>"
        ));
    }
    lines.push("  <input name=\"_gotcha\" hidden tabindex=\"-1\" autocomplete=\"off\">".to_owned());
    let send = form.language.pick("Отправить", "Send");
    lines.push(format!("  <button>{send}</button>"));
    lines.push("</form>".to_owned());
    lines.join("\n")
}

fn input(field: &FieldSpec) -> String {
    let name = escaped(&field.name);
    let label = escaped(field.label.as_ref().unwrap_or(&field.name));
    let required = if field.required { " required" } else { "" };
    let kind = match &field.kind {
        FieldKind::Hidden => return format!("<input type=\"hidden\" name=\"{name}\" value=\"\">"),
        FieldKind::Boolean | FieldKind::Consent => {
            return format!(
                "<label><input type=\"checkbox\" name=\"{name}\" value=\"1\"{required}> {label}</label>"
            );
        }
        FieldKind::Choice(options) if !options.is_empty() => {
            let options: String = options
                .iter()
                .map(|option| format!("<option>{}</option>", escaped(option)))
                .collect();
            return format!(
                "<label>{label} <select name=\"{name}\"{required}>{options}</select></label>"
            );
        }
        FieldKind::Phone => "tel",
        FieldKind::Email => "email",
        FieldKind::Integer => "number",
        FieldKind::Date => "date",
        FieldKind::Url => "url",
        FieldKind::Text | FieldKind::Name | FieldKind::Number | FieldKind::Choice(_) => "text",
    };
    format!("<label>{label} <input type=\"{kind}\" name=\"{name}\"{required}></label>")
}

/// The snippet is source text: what is inside its attributes is escaped once here and once more when the page shows it.
fn escaped(text: &str) -> String {
    html! { (text) }.0
}

/// The line that lets another origin post a form, as it stands in the config.
pub(super) fn origins_line(allowed: &[String], added: &str) -> String {
    let mut origins: Vec<String> = allowed.iter().map(|origin| quoted(origin)).collect();
    origins.push(quoted(added));
    format!("origins = [{}]", origins.join(", "))
}

/// JSON's strings are TOML's basic strings.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// How many leads came today, said for the header of a form.
pub(super) fn today(count: usize, language: Language) -> String {
    let leads = crate::http::admin::words::leads(count, language);
    match language {
        Language::Ru => format!("сегодня {leads}"),
        Language::En => format!("{leads} today"),
    }
}
