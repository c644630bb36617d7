//! The example config that is compiled in: the reference of every key, and the stuff that `leadgate init` writes.

/// `config.example.toml`: every key with its default and meaning. A key after a bare `#` has no default.
pub const EXAMPLE: &str = include_str!("../../config.example.toml");

/// What stands in [`EXAMPLE`] where an API key belongs.
pub const PLACEHOLDER: &str = "put-the-api-key-here";

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::config::{Config, document, read, reader::Reading};

    /// Tables whose keys are the operator's own.
    pub(crate) const OWN: [&str; 3] = [
        "forms[].capture.js",
        "forms[].deliver[].order",
        "forms[].deliver[].customer_fields",
    ];

    const FILE: &str = "/etc/leadgate/config.toml";

    /// The required keys alone, and one field, so that a field's defaults can be compared.
    const MINIMAL: &str = r#"
        [[destinations]]
        id = "shop"
        kind = "retailcrm"
        url = "https://demo.retailcrm.ru"
        api_key = "put-the-api-key-here"
        [[forms]]
        id = "callback"
        [[forms.fields]]
        name = "comment"
    "#;

    fn parsed(text: &str) -> Config {
        Config::parse(text, Path::new(FILE))
            .unwrap_or_else(|refused| panic!("{:#?}", refused.problems))
    }

    /// The example with every key in use, its secrets plain.
    pub(crate) fn all_in_use() -> String {
        let lines = EXAMPLE
            .lines()
            .map(|line| uncommented(line).unwrap_or(line).to_owned() + "\n");
        let text: String = lines.collect();
        text.replace("{ env = \"LEADGATE_ADMIN_TOKEN\" }", "\"0123456789abcdef\"")
            .replace("{ env = \"LEADGATE_SMTP_PASSWORD\" }", "\"password\"")
            .replace(
                "{ file = \"mail-ca.pem\" }",
                "\"-----BEGIN CERTIFICATE-----\"",
            )
            .replace(
                "{ env = \"LEADGATE_ALERTS_SECRET\" }",
                "\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"",
            )
    }

    /// A key or head after a bare `#`; prose has one space after it.
    fn uncommented(line: &str) -> Option<&str> {
        line.strip_prefix('#')
            .filter(|rest| rest.starts_with("  ") || rest.starts_with(|c: char| c != ' '))
    }

    #[test]
    fn the_example_is_a_good_config() {
        let warned: Vec<_> = parsed(EXAMPLE)
            .warnings
            .into_iter()
            .map(|warning| warning.key_path)
            .collect();
        assert_eq!(warned, ["admin", "destinations[0].api_key"]);
    }

    #[test]
    fn every_default_in_the_example_is_the_default_of_the_code() {
        let (example, minimal) = (parsed(EXAMPLE), parsed(MINIMAL));
        let blocks = |config: &Config| {
            let form = (**config.forms.get("callback").expect("the form")).clone();
            format!(
                "{:#?}",
                (
                    &config.server,
                    &config.store,
                    &config.keep,
                    &config.admin,
                    &config.limits,
                    &config.alerts,
                    &config.destinations,
                    &form.fields[0],
                    crate::lead::Form {
                        fields: Vec::new(),
                        ..form
                    }
                )
            )
        };
        assert_eq!(blocks(&example), blocks(&minimal));
    }

    #[test]
    fn the_example_names_exactly_the_keys_that_are_read() {
        let document = document::parse(&all_in_use()).expect("valid with every key in use");
        let reading = Reading::new("/".into());
        read(&document, &reading).expect("a config");
        let known = reading.known();
        assert_eq!(
            reading.into_findings().0,
            [],
            "problems with every key in use"
        );

        let mut named = BTreeSet::new();
        name_keys(&document, "", &mut named);
        assert_eq!(named, known);
    }

    /// The keys of the document with `[]` for lists of tables; tables whose keys are the operator's own are not entered.
    fn name_keys(table: &toml::Table, path: &str, named: &mut BTreeSet<String>) {
        for (key, value) in table {
            let path = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            match value {
                toml::Value::Table(table) if !OWN.contains(&path.as_str()) => {
                    name_keys(table, &path, named);
                }
                toml::Value::Array(items) => {
                    for table in items.iter().filter_map(toml::Value::as_table) {
                        name_keys(table, &format!("{path}[]"), named);
                    }
                }
                _ => {}
            }
            named.insert(path);
        }
    }
}
