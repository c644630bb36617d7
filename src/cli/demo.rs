//! `leadgate demo`: the whole product in one process. A simulated RetailCRM, the gate, a page with forms, the admin.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rand::Rng;
use rand::distr::Alphanumeric;
use url::Url;

use crate::cli::{Exit, Terminal, hash_password, report, serve};
use crate::config::Config;
use crate::http::demo::{self, DemoCrm, DemoLogin, DemoParts};
use crate::lead::{DestinationId, Language};
use crate::simulator::{DEMO_API_KEY, Fault, FaultKind, Options, SimulatedCrm};
use crate::telemetry;

/// The id of the demo's only destination, as its forms name it.
const DESTINATION: &str = "retailcrm";

/// Its arguments.
#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Where the gate listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where the simulated CRM listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    crm_listen: SocketAddr,
    /// Keep leads in this directory instead of a temporary one
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Arguments {
    /// Shows the product until a signal ends it.
    pub(crate) fn run(&self, terminal: &mut Terminal<'_>) -> io::Result<Exit> {
        if let Err(error) = telemetry::start(telemetry::DEMO_FILTER) {
            writeln!(terminal.errors, "leadgate: {error}")?;
            return Ok(Exit::Usage);
        }
        let data = DataDirectory::new(self.data.clone())?;
        serve::runtime()?.block_on(self.show(data.path(), terminal))
    }

    async fn show(&self, data: &Path, terminal: &mut Terminal<'_>) -> io::Result<Exit> {
        let signals = serve::Signals::listen()?;
        let options = Options {
            listen: self.crm_listen,
            ..Options::default()
        };
        let crm = match SimulatedCrm::start(options).await {
            Ok(crm) => Arc::new(Switchable {
                crm,
                is_on: AtomicBool::new(true),
            }),
            Err(error) => {
                writeln!(terminal.errors, "leadgate: --crm-listen: {error}")?;
                return Ok(Exit::Unavailable);
            }
        };
        let login = DemoLogin {
            name: "demo".to_owned(),
            password: random_text(12),
        };
        let config = match self.config(&crm.url(), data, &login) {
            Ok(config) => config,
            Err(refused) => return refused.told(terminal),
        };
        let parts = Parts {
            crm: Arc::clone(&crm),
            login,
            public_url: config.server.public_url.clone(),
        };
        let (name, password) = (parts.login.name.clone(), parts.login.password.clone());
        let app = match parts.start(config).await {
            Ok(app) => app,
            Err(error) => return Ok(serve::refused(&error)),
        };
        let base = format!("http://{}", app.address());
        // A reader that has gone away (`demo | head`) is no reason to end.
        if let Err(error) = greet(terminal, &base, &crm.url(), (&name, &password)) {
            tracing::warn!(%error, "the addresses could not be printed");
        }
        serve::until_signal(app, signals, None).await
    }

    fn config(&self, crm: &str, data: &Path, login: &DemoLogin) -> Result<Config, NoConfig> {
        let hash = hash_password::hash(&login.password)?;
        let text = format!(
            "[server]\nlisten = \"{listen}\"\n[store]\npath = {data:?}\n[[admin.users]]\nname = \"{name}\"\npassword_hash = \"{hash}\"\n\
             [[destinations]]\nid = \"{DESTINATION}\"\nkind = \"retailcrm\"\nurl = \"{crm}\"\napi_key = \"{DEMO_API_KEY}\"\n{forms}",
            listen = self.listen,
            name = login.name,
            forms = demo::FORMS,
        );
        Ok(Config::parse(&text, Path::new("demo.toml"))?)
    }
}

/// Why the demo has no config: its own text is good, but the addresses and the directory are the caller's.
#[derive(Debug, thiserror::Error)]
enum NoConfig {
    #[error(transparent)]
    Problems(#[from] crate::config::ConfigProblems),
    #[error(transparent)]
    Hash(#[from] hash_password::HashError),
}

impl NoConfig {
    fn told(&self, terminal: &mut Terminal<'_>) -> io::Result<Exit> {
        match self {
            Self::Problems(problems) => {
                report::problems(terminal.errors, problems, terminal.language)?;
            }
            Self::Hash(error) => writeln!(terminal.errors, "leadgate: {error}")?,
        }
        Ok(Exit::BadConfig)
    }
}

struct Parts {
    crm: Arc<Switchable>,
    login: DemoLogin,
    public_url: Url,
}

impl Parts {
    /// Starts the gate with the demo's page among its routes.
    async fn start(self, config: Config) -> Result<crate::app::App, crate::app::StartError> {
        let Self {
            crm,
            login,
            public_url,
        } = self;
        let destination = config
            .destinations
            .first()
            .map(|settings| settings.id.clone());
        serve::start(config, move |store| {
            let destination = destination.or_else(|| DestinationId::parse(DESTINATION));
            let parts = destination.map(|destination| DemoParts {
                crm,
                login,
                store,
                destination,
                public_url,
            });
            Arc::new(move |routes| parts.iter().for_each(|parts| demo::routes(routes, parts)))
        })
        .await
    }
}

/// The simulated CRM with the page's switch.
struct Switchable {
    crm: SimulatedCrm,
    is_on: AtomicBool,
}

impl Switchable {
    fn url(&self) -> String {
        self.crm.url()
    }
}

impl DemoCrm for Switchable {
    fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Relaxed)
    }

    fn switch(&self, on: bool) {
        self.is_on.store(on, Ordering::Relaxed);
        self.crm.clear_faults();
        if !on {
            self.crm.fault(Fault::new(FaultKind::Down));
        }
    }

    fn orders(&self) -> usize {
        self.crm.stats().orders
    }

    fn url(&self) -> String {
        self.crm.url()
    }
}

fn greet(
    terminal: &mut Terminal<'_>,
    base: &str,
    crm: &str,
    (name, password): (&str, &str),
) -> io::Result<()> {
    let text = match terminal.language {
        Language::Ru => format!(
            "\nleadgate: демонстрация\n\n  страница с формами    {base}/demo\n  заявки                {base}/admin/   логин {name}, пароль {password}\n  \
             имитация RetailCRM    {crm}\n\n  curl -d 'name=Иван Петров' -d 'phone=8 912 345-67-89' {base}/f/callback\n\nCtrl-C завершает.\n"
        ),
        Language::En => format!(
            "\nleadgate demo\n\n  page with forms       {base}/demo?lang=en\n  leads                 {base}/admin/   login {name}, password {password}\n  \
             simulated RetailCRM   {crm}\n\n  curl -d 'name=Ivan Petrov' -d 'phone=8 912 345-67-89' {base}/f/callback\n\nCtrl-C ends it.\n"
        ),
    };
    writeln!(terminal.output, "{text}")?;
    terminal.output.flush()
}

fn random_text(length: usize) -> String {
    rand::rng()
        .sample_iter(Alphanumeric)
        .take(length)
        .map(char::from)
        .collect()
}

/// The directory of the leads: the caller's, or a temporary one that is removed at the end.
enum DataDirectory {
    Kept(PathBuf),
    Temporary(PathBuf),
}

impl DataDirectory {
    fn new(wanted: Option<PathBuf>) -> io::Result<Self> {
        if let Some(path) = wanted {
            return Ok(Self::Kept(std::path::absolute(path)?));
        }
        let path = std::env::temp_dir().join(format!("leadgate-demo-{}", random_text(8)));
        std::fs::create_dir(&path)?;
        Ok(Self::Temporary(path))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) | Self::Temporary(path) => path,
        }
    }
}

impl Drop for DataDirectory {
    fn drop(&mut self) {
        if let Self::Temporary(path) = self
            && let Err(error) = std::fs::remove_dir_all(&*path)
        {
            tracing::warn!(path = %path.display(), %error, "the temporary leads could not be removed");
        }
    }
}
