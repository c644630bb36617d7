//! ChromeDriver as a process of the test's own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// How to get what a test lacks.
const REMEDY: &str =
    "the browser tests need Chromium and ChromeDriver: apt-get install -y chromium chromium-driver";

/// How often it is started.
const TRIES: usize = 5;

/// One ChromeDriver; ends with the value, and its browser with it.
pub(crate) struct ChromeDriver {
    process: Child,
    url: String,
}

impl ChromeDriver {
    /// Starts it on a port that it chooses and tells. It ends when another program is given that port at the same moment: then once more.
    pub(crate) fn start() -> Self {
        (0..TRIES)
            .find_map(|_| Self::try_start())
            .expect("a chromedriver that listens")
    }

    fn try_start() -> Option<Self> {
        let process = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut process =
            process.unwrap_or_else(|error| panic!("{REMEDY} (chromedriver: {error})"));
        let output = process.stdout.take().expect("its output");
        let port = BufReader::new(output)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| {
                let (_, port) = line.split_once("started successfully on port ")?;
                port.trim_end_matches('.').parse::<u16>().ok()
            });
        let Some(port) = port else {
            super::gate::terminate(&mut process);
            return None;
        };
        Some(Self {
            url: format!("http://127.0.0.1:{port}"),
            process,
        })
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What to say when it could not start a browser.
    pub(crate) fn remedy() -> &'static str {
        REMEDY
    }
}

impl Drop for ChromeDriver {
    fn drop(&mut self) {
        super::gate::terminate(&mut self.process);
    }
}
