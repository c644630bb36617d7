//! The demo, the visitor's pages and the admin in a real browser: Debian's Chromium, driven through ChromeDriver, against the real
//! executable. What only a browser can tell is told here: that the forms work with and without scripts, that no page is wider than its
//! window, that nothing is refused by our own Content-Security-Policy, that the log-in's cookie holds.
//!
//! Every wait is for something to be seen on the page, and has an end; nothing waits for a time to pass.
#![expect(
    clippy::expect_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod admin;
mod demo_page;
mod every_page;
mod outage;
mod script;
mod support;
