//! Somebody with a browser: opens pages, types, presses, and sees.

use std::time::Duration;

use tempfile::TempDir;
use thirtyfour::common::capabilities::chromium::ChromiumLikeCapabilities;
use thirtyfour::prelude::*;
use thirtyfour::{ChromeCapabilities, LoggingPrefsLogLevel};

use super::Gate;
use super::driver::ChromeDriver;

/// How long something may take to be seen: a slow machine's worst, not what is usual.
const PATIENCE: Duration = Duration::from_secs(40);

/// How long the browser may take for one command. Less than the patience, so that whoever waits to see something asks again when an
/// answer does not come; the library would wait two minutes for it.
const COMMAND: Duration = Duration::from_secs(30);

/// How often it is looked for.
const GLANCE: Duration = Duration::from_millis(50);

/// As this machine's network is closed and its tests run as root; motion is reduced so that what is pressed stands still.
const ARGUMENTS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-prefers-reduced-motion",
];

/// The size of the window.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Window {
    /// 375 pixels wide, with a touch screen.
    Phone,
    /// 1280 pixels wide.
    Desk,
}

/// Whether pages may run scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Script {
    On,
    Off,
}

/// A visitor with a fresh browser.
pub(crate) struct Visitor {
    browser: WebDriver,
    script: Script,
    // Dropped after the browser, in this order.
    driver: ChromeDriver,
    _profile: TempDir,
}

impl Visitor {
    /// Starts a browser of the language `language`.
    pub(crate) async fn new(window: Window, language: &str, script: Script) -> Self {
        // The tests' HTTP client speaks no TLS here, but is not made without a provider.
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        let driver = ChromeDriver::start();
        let profile = tempfile::tempdir().expect("a folder");
        let wanted = capabilities(window, language, script, &profile).expect("capabilities");
        let browser = WebDriver::builder(driver.url(), wanted)
            .request_timeout(COMMAND)
            .await
            .unwrap_or_else(|error| panic!("{} ({error})", ChromeDriver::remedy()));
        Self {
            browser,
            script,
            driver,
            _profile: profile,
        }
    }

    /// A visitor at a desk, in English, with scripts.
    pub(crate) async fn at_a_desk() -> Self {
        Self::new(Window::Desk, "en", Script::On).await
    }

    /// Goes to a page.
    pub(crate) async fn open(&self, address: &str) {
        self.browser.goto(address).await.expect("a page");
    }

    /// Where the visitor is.
    pub(crate) async fn address(&self) -> String {
        self.browser
            .current_url()
            .await
            .expect("an address")
            .to_string()
    }

    /// Waits for an element.
    pub(crate) async fn see(&self, css: &str) -> WebElement {
        // An element of a page that is being left is not there any more, which is no error.
        let is_there =
            async |element: WebElement| Ok(element.is_displayed().await.unwrap_or(false));
        let query = self.browser.query(By::Css(css)).wait(PATIENCE, GLANCE);
        query
            .with_filter(is_there)
            .first()
            .await
            .unwrap_or_else(|error| panic!("{css} is not there: {error}"))
    }

    /// Waits for an element whose text has `part` in it.
    pub(crate) async fn see_text(&self, css: &str, part: &str) -> WebElement {
        let wanted = part.to_owned();
        let has_it = move |element: WebElement| {
            let wanted = wanted.clone();
            async move {
                Ok(element
                    .text()
                    .await
                    .is_ok_and(|text| text.contains(&wanted)))
            }
        };
        let query = self.browser.query(By::Css(css)).wait(PATIENCE, GLANCE);
        match query.with_filter(has_it).first().await {
            Ok(element) => element,
            Err(_) => panic!(
                "{css} does not say {part:?}; the page: {}",
                self.text().await
            ),
        }
    }

    /// Reloads the page until an element whose text has `part` in it is there: for pages that do not change by themselves.
    pub(crate) async fn reload_until(&self, css: &str, part: &str) -> WebElement {
        let (browser, selector, wanted) = (self.browser.clone(), css.to_owned(), part.to_owned());
        let has_it = move |_: WebElement| {
            let (browser, selector, wanted) = (browser.clone(), selector.clone(), wanted.clone());
            async move {
                browser.refresh().await?;
                is_said(&browser, selector, &wanted).await
            }
        };
        let query = self.browser.query(By::Css("body")).wait(PATIENCE, GLANCE);
        query
            .with_filter(has_it)
            .first()
            .await
            .unwrap_or_else(|_| panic!("{css} never said {part:?}"));
        self.see_text(css, part).await
    }

    /// Types over what an input holds.
    pub(crate) async fn fill(&self, css: &str, text: &str) {
        let input = self.see(css).await;
        input.clear().await.expect("an input");
        input.send_keys(text).await.expect("an input");
    }

    /// Clicks; without scripts ChromeDriver cannot, and the visitor uses the keyboard.
    pub(crate) async fn press(&self, css: &str) {
        let element = self.see(css).await;
        if self.script == Script::On {
            element.click().await.expect("something to click");
            return;
        }
        let is_tick = element.attr("type").await.expect("a type").as_deref() == Some("checkbox");
        let key = if is_tick { Key::Space } else { Key::Enter };
        element.send_keys(key).await.expect("something to press");
    }

    /// All that can be read on the page.
    pub(crate) async fn text(&self) -> String {
        let body = self.browser.find(By::Css("body")).await.expect("a page");
        body.text().await.expect("its text")
    }

    /// The id of the element that has the focus.
    pub(crate) async fn focused(&self) -> String {
        self.tell("return document.activeElement.id").await
    }

    /// The language that the page says it is in.
    pub(crate) async fn language(&self) -> String {
        self.tell("return document.documentElement.lang").await
    }

    /// What a script of the page returns.
    pub(crate) async fn run(&self, script: &str) -> serde_json::Value {
        let told = self.browser.execute(script, Vec::new()).await;
        let told = told.unwrap_or_else(|error| panic!("{script}: {error}"));
        told.json().clone()
    }

    /// Waits until an expression of the page is true.
    pub(crate) async fn until(&self, expression: &str) {
        let (browser, script) = (
            self.browser.clone(),
            format!("return Boolean({expression})"),
        );
        let holds = move |_: WebElement| {
            let (browser, script) = (browser.clone(), script.clone());
            async move {
                // A page that is being left cannot be asked.
                let told = browser.execute(&script, Vec::new()).await;
                Ok(told.is_ok_and(|told| told.json() == &serde_json::Value::Bool(true)))
            }
        };
        let query = self.browser.query(By::Css("html")).wait(PATIENCE, GLANCE);
        if query.with_filter(holds).first().await.is_err() {
            panic!("never true: {expression}; the page: {}", self.text().await);
        }
    }

    /// A command of the browser's own protocol.
    pub(crate) async fn devtools(
        &self,
        command: &str,
        parameters: serde_json::Value,
    ) -> serde_json::Value {
        let session = self.browser.session_id().to_string();
        let address = format!("{}/session/{session}/goog/cdp/execute", self.driver.url());
        let request = serde_json::json!({ "cmd": command, "params": parameters });
        let answer = client()
            .post(address)
            .body(request.to_string())
            .send()
            .await;
        let text = answer.expect("an answer").text().await.expect("a text");
        let mut told: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert!(told["value"].get("error").is_none(), "{command}: {text}");
        told["value"].take()
    }

    /// Takes the network away or gives it back.
    pub(crate) async fn network(&self, is_there: bool) {
        let conditions = serde_json::json!({ "offline": !is_there, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.devtools("Network.enable", serde_json::json!({})).await;
        self.devtools("Network.emulateNetworkConditions", conditions)
            .await;
    }

    /// The whole browser, for what only one test needs.
    pub(crate) fn browser(&self) -> &WebDriver {
        &self.browser
    }

    /// Closes the browser without a look at its console, for tests in which a fault is noted there.
    pub(crate) async fn leave_unheard(self) {
        self.browser.quit().await.expect("the end");
    }

    async fn tell(&self, script: &str) -> String {
        let told = self.browser.execute(script, Vec::new()).await;
        told.and_then(|told| told.convert())
            .expect("an answer of the page")
    }

    /// Fails when the page is wider than the window, and tells what sticks out.
    pub(crate) async fn nothing_sticks_out(&self) {
        let script = "const wide = document.documentElement.scrollWidth - innerWidth; if (wide <= 0) return '';
            const out = [...document.querySelectorAll('body *')].find((one) => one.getBoundingClientRect().right > innerWidth + 0.5);
            return `by ${wide} px: ${out?.outerHTML.slice(0, 200)}`;";
        let told = self.tell(script).await;
        assert!(
            told.is_empty(),
            "{} is too wide {told}",
            self.address().await
        );
    }

    /// Logs in to the admin through its page.
    pub(crate) async fn log_in(&self, gate: &Gate) {
        let (name, password) = gate.login();
        self.open(&gate.page("/admin/login")).await;
        self.fill("[name=name]", name).await;
        self.fill("[name=password]", password).await;
        self.press("form.login button").await;
        self.see(".tabs").await;
    }

    /// Closes the browser. Its console must have nothing to tell: no error, nothing refused by a policy of ours.
    pub(crate) async fn leave(self) {
        let console = self.browser.browser_log().await.expect("a console");
        let complaints: Vec<String> = console
            .into_iter()
            .filter(|entry| !is_told_by_a_status(&entry.message))
            .map(|entry| format!("{} {}", entry.level, entry.message))
            .collect();
        assert!(complaints.is_empty(), "{complaints:#?}");
        self.browser.quit().await.expect("the end");
    }
}

async fn is_said(browser: &WebDriver, css: String, part: &str) -> WebDriverResult<bool> {
    for element in browser.find_all(By::Css(css)).await? {
        if element.text().await.is_ok_and(|text| text.contains(part)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Chromium notes every answer of 400 and above; those that tests ask for are what they test.
fn is_told_by_a_status(message: &str) -> bool {
    ["(Unauthorized)", "(Unprocessable Entity)"]
        .iter()
        .any(|status| {
            message.contains("the server responded with a status of") && message.contains(status)
        })
}

fn capabilities(
    window: Window,
    language: &str,
    script: Script,
    profile: &TempDir,
) -> WebDriverResult<ChromeCapabilities> {
    let mut wanted = DesiredCapabilities::chrome();
    for argument in ARGUMENTS {
        wanted.add_arg(argument)?;
    }
    wanted.add_arg(&format!("--lang={language}"))?;
    wanted.add_arg(&format!("--user-data-dir={}", profile.path().display()))?;
    let (width, height, is_phone) = match window {
        Window::Phone => (375, 812, true),
        Window::Desk => (1280, 900, false),
    };
    let metrics = serde_json::json!({ "width": width, "height": height, "pixelRatio": 1, "mobile": is_phone, "touch": is_phone });
    wanted.add_experimental_option(
        "mobileEmulation",
        serde_json::json!({ "deviceMetrics": metrics }),
    )?;
    let mut settings = serde_json::json!({ "intl.accept_languages": language });
    if script == Script::Off {
        settings["profile.managed_default_content_settings.javascript"] = 2.into();
    }
    wanted.add_experimental_option("prefs", settings)?;
    wanted.set_browser_log_level(LoggingPrefsLogLevel::All)?;
    Ok(wanted)
}

/// What a program sends its requests with.
pub(crate) fn client() -> reqwest::Client {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    reqwest::Client::builder()
        .timeout(PATIENCE)
        .build()
        .expect("a client")
}
