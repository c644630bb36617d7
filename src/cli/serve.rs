//! `leadgate serve`: the gate, until a signal ends it.

use std::io;
use std::path::Path;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::{App, ExtraRoutes, StartError};
use crate::cli::{ConfigFile, Exit, Terminal, report};
use crate::clock::Clock;
use crate::config::Config;
use crate::store::Store;
use crate::telemetry;

/// Its arguments.
#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    config: ConfigFile,
}

impl Arguments {
    /// Serves. A bad config is told on the error stream before anything is opened.
    pub(crate) fn run(&self, terminal: &mut Terminal<'_>) -> io::Result<Exit> {
        if let Err(error) = telemetry::start(telemetry::SERVE_FILTER) {
            writeln!(terminal.errors, "leadgate: {error}")?;
            return Ok(Exit::Usage);
        }
        let config = match Config::load(&self.config.file) {
            Ok(config) => config,
            Err(refused) => {
                report::problems(terminal.errors, &refused, terminal.language)?;
                return Ok(Exit::BadConfig);
            }
        };
        for warning in &config.warnings {
            tracing::warn!(
                { telemetry::field::KEY_PATH } = warning.key_path,
                "{}",
                warning.message
            );
        }
        runtime()?.block_on(async {
            let signals = Signals::listen()?;
            match App::start(config, Clock::system(), None).await {
                Ok(app) => {
                    tracing::info!(address = %app.address(), "leadgate is ready");
                    until_signal(app, signals, Some(&self.config.file)).await
                }
                Err(error) => Ok(refused(&error)),
            }
        })
    }
}

/// Files of the index and connections count against one limit, which many systems set to 1,024 although they allow more.
fn allow_open_files() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        // Nothing to ask for; the sandbox of the unit forbids to ask.
        return;
    }
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the number of open files stays as it is; `ulimit -n` tells it");
    }
}

/// The runtime of everything but the HTTP workers, which have threads of their own.
pub(super) fn runtime() -> io::Result<tokio::runtime::Runtime> {
    allow_open_files();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
}

/// Starts a gate with additional routes.
pub(super) async fn start(
    config: Config,
    extra: impl FnOnce(Store) -> ExtraRoutes + Send + 'static,
) -> Result<App, StartError> {
    App::start(config, Clock::system(), Some(Box::new(extra))).await
}

/// Says why the gate did not start, and with which code to end.
pub(super) fn refused(error: &StartError) -> Exit {
    tracing::error!("leadgate cannot start: {error}");
    match error {
        StartError::Listen { .. } | StartError::ListenForMetrics { .. } => Exit::Unavailable,
        StartError::Store(_) | StartError::StoreFailed(_) | StartError::Interrupted => Exit::Io,
    }
}

/// The signals that mean something to us. Listened to before anything is started: until then each of them would just kill the process, and
/// one that comes during the start is kept for when it is complete.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// From now on they no longer kill the process. Inside a runtime.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// The name of the signal that asks for the end.
    pub(super) async fn stop(&mut self) -> &'static str {
        stop_signal(&mut self.terminate, &mut self.interrupt).await
    }
}

/// Runs until SIGTERM or SIGINT; on SIGHUP reads `file` again.
pub(super) async fn until_signal(
    app: App,
    signals: Signals,
    file: Option<&Path>,
) -> io::Result<Exit> {
    let Signals {
        mut terminate,
        mut interrupt,
        mut hang_up,
    } = signals;
    loop {
        tokio::select! {
            name = stop_signal(&mut terminate, &mut interrupt) => {
                tracing::info!(signal = name, "stopping");
                return Ok(stop(app).await);
            }
            _ = hang_up.recv() => reload(&app, file).await,
            error = app.failed() => {
                tracing::error!(%error, "the store has failed; ending, so that the next start looks at everything");
                return Ok(Exit::Io);
            }
        }
    }
}

async fn stop_signal(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}

async fn stop(app: App) -> Exit {
    match app.stop().await {
        Ok(()) => {
            tracing::info!("stopped; everything is on the disk");
            Exit::Done
        }
        Err(error) => {
            tracing::error!(%error, "the store could not be closed in order; the next start looks at everything");
            Exit::Io
        }
    }
}

/// A bad config is refused with its problems, and the running one stays.
async fn reload(app: &App, file: Option<&Path>) {
    let Some(file) = file else { return };
    match Config::load(file) {
        Ok(config) => match app.reload(&config).await {
            Ok(()) => tracing::info!(file = %file.display(), "config reloaded"),
            Err(error) => tracing::error!(%error, "the reload could not be recorded"),
        },
        Err(refused) => {
            for problem in &refused.problems {
                tracing::error!(
                    { telemetry::field::KEY_PATH } = problem.key_path,
                    "{}",
                    problem.message
                );
            }
            tracing::error!(
                problems = refused.problems.len(),
                "the new config is refused; the running one stays"
            );
        }
    }
}
