//! `leadgate demo` as a process of the test's own.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, ChildStdout, Command, Stdio};

/// How often other ports are tried when somebody else took the free ones first.
const TRIES: usize = 5;

/// A running demo; ends with the value.
pub(crate) struct Gate {
    process: Child,
    // Held open: a program whose output nobody takes ends.
    _output: BufReader<ChildStdout>,
    address: String,
    crm: String,
    name: String,
    password: String,
}

impl Gate {
    /// Starts the demo and reads from its greeting where everything is.
    pub(crate) fn start() -> Self {
        (0..TRIES)
            .find_map(|_| Self::try_start())
            .expect("a demo that starts")
    }

    /// None when it ended before it greeted: then one of the ports was taken.
    fn try_start() -> Option<Self> {
        // The addresses are in the pages' links, so they are chosen before the start.
        let listeners = [free_port(), free_port()];
        let [listen, crm_listen] = listeners.map(|listener| {
            let address = listener.local_addr().expect("an address");
            address.to_string()
        });
        let mut process = Command::new(env!("CARGO_BIN_EXE_leadgate"))
            .args(["demo", "--listen", &listen, "--crm-listen", &crm_listen])
            .env("LANG", "en_US.UTF-8")
            .env_remove("LC_ALL")
            .env_remove("LC_MESSAGES")
            .env("RUST_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the executable");
        let mut output = BufReader::new(process.stdout.take().expect("its output"));
        let greeting: Vec<String> = (&mut output)
            .lines()
            .map_while(Result::ok)
            .take_while(|line| !line.starts_with("Ctrl-C"))
            .collect();
        let told = |label: &str| {
            let mut lines = greeting.iter();
            lines.find_map(|line| {
                line.split_once(label)
                    .map(|(_, told)| told.trim().to_owned())
            })
        };
        let Some(crm) = told("simulated RetailCRM") else {
            process.wait().expect("its end");
            return None;
        };
        let login = told("login ").expect("a login");
        let (name, password) = login.split_once(", password ").expect("a password");
        Some(Self {
            process,
            _output: output,
            address: format!("http://{listen}"),
            crm,
            name: name.to_owned(),
            password: password.to_owned(),
        })
    }

    /// The address of one of its pages.
    pub(crate) fn page(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// Where the simulated CRM is, without a slash at the end.
    pub(crate) fn crm(&self) -> &str {
        self.crm.trim_end_matches('/')
    }

    /// The admin's login: name and password.
    pub(crate) fn login(&self) -> (&str, &str) {
        (&self.name, &self.password)
    }

    /// Posts a lead as a program does, with what the visitor `name` typed.
    pub(crate) async fn post(&self, form: &str, fields: &[(&str, &str)]) {
        let body: String = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let answer = super::visitor::client()
            .post(self.page(&format!("/f/{form}")))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .body(body)
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 200);
    }

    /// Makes the simulated CRM fail, by a rule of its control endpoint; none at all when `rule` is empty.
    pub(crate) async fn break_crm(&self, rule: &str) {
        let faults = format!("{}/_control/faults", self.crm());
        let client = super::visitor::client();
        let request = match rule {
            "" => client.delete(faults),
            rule => client.post(faults).body(rule.to_owned()),
        };
        let answer = request.send().await.expect("an answer");
        assert!(answer.status().is_success(), "{:?}", answer.text().await);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        terminate(&mut self.process);
    }
}

/// A listener on a free port; the port is free again when it is dropped.
fn free_port() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("a free port")
}

/// SIGTERM, so that the process takes its own children and files with it; then its end is awaited.
pub(super) fn terminate(process: &mut Child) {
    let asked = Command::new("kill").arg(process.id().to_string()).status();
    if !asked.is_ok_and(|status| status.success()) {
        process.kill().ok();
    }
    process.wait().ok();
}
