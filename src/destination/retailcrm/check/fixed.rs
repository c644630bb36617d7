//! The values of the mappings that are the same for every lead, with their places. What a template computes is known with the lead.

use crate::destination::retailcrm::check::Check;

/// A fixed value of a mapping and where it stands.
pub(super) struct Fixed {
    /// Which deliver rule it belongs to.
    pub(super) rule: usize,
    /// `forms.callback.deliver[0].order.items[0].status`.
    pub(super) key_path: String,
    /// The field without indexes: `items.status`.
    pub(super) field: String,
    /// As text.
    pub(super) value: String,
}

impl Check<'_> {
    /// All of them, rule by rule.
    pub(super) fn fixed(&self) -> Vec<Fixed> {
        let mut all = Vec::new();
        for (place, rule) in self.rules.iter().enumerate() {
            for (block, tree) in [
                ("order", &rule.mapping.order),
                ("customer_fields", &rule.mapping.customer_fields),
            ] {
                let values = tree.fixed().into_iter();
                all.extend(values.map(|(path, value)| Fixed {
                    rule: place,
                    key_path: format!("{}.{block}.{path}", rule.key_path),
                    field: without_indexes(&path),
                    value,
                }));
            }
        }
        all
    }
}

/// `items[0].status` as `items.status`.
fn without_indexes(path: &str) -> String {
    let mut plain = String::new();
    let mut inside = false;
    for letter in path.chars() {
        match letter {
            '[' => inside = true,
            ']' => inside = false,
            letter if !inside => plain.push(letter),
            _ => {}
        }
    }
    plain
}
