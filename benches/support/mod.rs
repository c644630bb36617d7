//! What the benches have in common: how they end, and the config of the gate that they measure.

use std::error::Error;

use leadgate::simulator::DEMO_API_KEY;

/// What goes wrong in a bench ends it.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// A config with one form of the fields that most forms have, and the defaults wherever they do not limit the load.
pub(crate) fn text(crm: &str, listen: &str) -> String {
    format!(
        r#"
[server]
listen = "{listen}"
[store]
path = "data"
[limits]
per_address = "1000000/s"
per_form = "1000000/s"
whole = "1000000/s"
[[destinations]]
id = "shop"
kind = "retailcrm"
url = "{crm}"
api_key = "{DEMO_API_KEY}"
[[forms]]
id = "callback"
title = "Callback"
origins = ["https://shop.example"]
  [[forms.fields]]
  name = "name"
  kind = "name"
  [[forms.fields]]
  name = "phone"
  kind = "phone"
  required = true
  [[forms.fields]]
  name = "email"
  kind = "email"
  [[forms.fields]]
  name = "comment"
  kind = "text"
  [[forms.deliver]]
  destination = "shop"
  [forms.deliver.order]
  orderMethod = "callback-request"
"#
    )
}
