//! `leadgate simulate-crm`: the simulated RetailCRM alone, until a signal ends it.

use std::io;
use std::net::SocketAddr;

use crate::cli::{Exit, Terminal, serve};
use crate::simulator::{DEMO_API_KEY, Options, SimulatedCrm};

/// Its arguments.
#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
    /// The API key it accepts, at least 32 characters
    #[arg(long, value_name = "KEY", default_value = DEMO_API_KEY)]
    api_key: String,
}

impl Arguments {
    /// Simulates.
    pub(crate) fn run(&self, terminal: &mut Terminal<'_>) -> io::Result<Exit> {
        let options = Options {
            listen: self.listen,
            api_key: self.api_key.clone(),
            ..Options::default()
        };
        serve::runtime()?.block_on(async {
            let mut signals = serve::Signals::listen()?;
            let crm = match SimulatedCrm::start(options).await {
                Ok(crm) => crm,
                Err(error) => {
                    writeln!(terminal.errors, "leadgate: {error}")?;
                    return Ok(Exit::Unavailable);
                }
            };
            let ready = terminal
                .language
                .pick("имитация RetailCRM", "simulated RetailCRM");
            writeln!(
                terminal.output,
                "{ready}: {}\nX-API-KEY: {}",
                crm.url(),
                self.api_key
            )?;
            terminal.output.flush()?;
            signals.stop().await;
            crm.stop().await;
            Ok(Exit::Done)
        })
    }
}
