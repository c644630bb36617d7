//! A directory with a config file and a data directory: what stays when a process of the gate goes.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use leadgate::simulator::DEMO_API_KEY;
use tempfile::TempDir;

use crate::gate::{Gate, LEADGATE, Process};

/// The token of the admin API.
pub(crate) const TOKEN: &str = "a-token-for-the-process-tests-0001";

/// The parts of the config that tests differ in.
pub(crate) struct Setup {
    pub(crate) listen: String,
    pub(crate) data: String,
    pub(crate) min_free: &'static str,
    pub(crate) crm: String,
}

/// A home of one gate after another.
pub(crate) struct Home {
    directory: TempDir,
}

impl Setup {
    /// Any port, a data directory beside the config, and a CRM at this address.
    pub(crate) fn new(crm: impl Into<String>) -> Self {
        Self {
            listen: "127.0.0.1:0".into(),
            data: "data".into(),
            min_free: "1 MiB",
            crm: crm.into(),
        }
    }

    /// For tests in which nothing is delivered: nobody listens on this port.
    pub(crate) fn without_crm() -> Self {
        Self::new("http://127.0.0.1:1")
    }

    fn config(&self) -> String {
        let Self {
            listen,
            data,
            min_free,
            crm,
        } = self;
        format!(
            "[server]\nlisten = \"{listen}\"\ntime_zone = \"UTC\"\n\
             [store]\npath = \"{data}\"\nmin_free = \"{min_free}\"\n\
             [admin]\ntoken = \"{TOKEN}\"\n\
             [limits]\nper_address = \"100000/s\"\nper_form = \"100000/s\"\nwhole = \"100000/s\"\n\
             [[destinations]]\nid = \"shop\"\nkind = \"retailcrm\"\nurl = \"{crm}\"\napi_key = {{ file = \"key\" }}\n\
             requests_per_second = 1000\ntimeout = \"5s\"\nretry = [\"1s\"]\n\
             [[forms]]\nid = \"callback\"\nlanguage = \"en\"\n\
             [[forms.fields]]\nname = \"name\"\nkind = \"name\"\n\
             [[forms.fields]]\nname = \"phone\"\nkind = \"phone\"\nrequired = true\n"
        )
    }
}

impl Drop for Home {
    /// What a test fell over is kept to be looked at.
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("kept: {}", self.directory.path().display());
            self.directory.disable_cleanup(true);
        }
    }
}

impl Home {
    /// Writes the config, and a file with the key that a simulated CRM accepts.
    pub(crate) fn new(setup: &Setup) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let home = Self { directory };
        home.write_key(DEMO_API_KEY);
        home.write_config(&setup.config());
        home
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write_key(&self, key: &str) {
        fs::write(self.path("key"), key).expect("written");
    }

    pub(crate) fn write_config(&self, text: &str) {
        fs::write(self.path("config.toml"), text).expect("written");
    }

    /// The config as it is.
    pub(crate) fn config(&self) -> String {
        fs::read_to_string(self.path("config.toml")).expect("readable")
    }

    /// `leadgate serve` with the config, not yet started.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(LEADGATE);
        self.add_arguments(&mut command);
        command
    }

    /// The arguments behind the program's name, for a program that runs it.
    pub(crate) fn add_arguments(&self, command: &mut Command) {
        command
            .arg("serve")
            .arg("--config")
            .arg(self.path("config.toml"));
    }

    /// Starts a gate that must not come up, or may be killed before it does.
    pub(crate) fn spawn(&self) -> Process {
        Process::start(&mut self.command())
    }

    /// Starts a gate and waits until it listens.
    pub(crate) async fn serve(&self) -> Gate {
        match Gate::ready(self.spawn()).await {
            Ok(gate) => gate,
            Err(process) => panic!("it ended with {}", process.exit_code().await),
        }
    }
}
