//! A gate in the bench's own process: the real app with its store on the real disk.

use std::path::Path;

use leadgate::app::App;
use leadgate::clock::Clock;
use leadgate::config::Config;
use tempfile::TempDir;

use crate::support::{Outcome, text};

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

fn config(text: &str, directory: &Path) -> Outcome<Config> {
    let config = Config::parse(text, &directory.join("config.toml"));
    config.map_err(|refused| format!("{:#?}", refused.problems).into())
}
