//! The gate that the benches measure: the real app with its store on the real disk.

use std::error::Error;
use std::path::Path;

use leadgate::app::App;
use leadgate::clock::Clock;
use leadgate::config::Config;
use leadgate::simulator::DEMO_API_KEY;
use tempfile::TempDir;

/// What goes wrong in a bench ends it.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// A running gate; its data goes with it.
pub(crate) struct Gate {
    /// The app.
    pub(crate) app: App,
    directory: TempDir,
}

impl Gate {
    /// Starts a gate whose destination is at `crm` and that lets everything in.
    pub(crate) async fn start(crm: &str) -> Outcome<Self> {
        Self::with(&text(crm, "127.0.0.1:0")).await
    }

    /// Starts a gate with this config. The data lies under `target`, because `/tmp` may be memory.
    pub(crate) async fn with(text: &str) -> Outcome<Self> {
        // Refused when the process has a provider already, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let config = config(text, directory.path())?;
        let app = App::start(config, Clock::system(), None).await?;
        Ok(Self { app, directory })
    }

    /// Stops in order.
    pub(crate) async fn stop(self) -> Outcome<()> {
        self.app.stop().await?;
        Ok(self.directory.close()?)
    }
}

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

fn config(text: &str, directory: &Path) -> Outcome<Config> {
    let config = Config::parse(text, &directory.join("config.toml"));
    config.map_err(|refused| format!("{:#?}", refused.problems).into())
}
