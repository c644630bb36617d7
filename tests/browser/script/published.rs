//! Pages that nobody here wrote: templates published as npm packages, served as they are but for the one line. And axe-core, a judge that
//! nobody here wrote either, over the demo page in each of its states.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{World, visitor};
use crate::support::{Gate, Visitor};

/// What `tests/npm/install` has brought.
fn package(path: &str) -> String {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join(target);
    let file = target.join("npm/node_modules").join(path);
    fs::read_to_string(&file).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; run tests/npm/install target/npm",
            file.display()
        )
    })
}

/// One page: where it is, what is typed into which input, what is pressed, which form it becomes.
struct Published {
    page: &'static str,
    typed: &'static [(&'static str, &'static str)],
    pressed: &'static str,
    form: &'static str,
}

const PAGES: [Published; 5] = [
    Published {
        page: "startbootstrap-creative/dist/index.html",
        typed: &[
            ("#name", "Anna"),
            ("#email", "anna@example.com"),
            ("#phone", "8 912 345-67-89"),
        ],
        pressed: "#submitButton",
        form: "template",
    },
    Published {
        page: "soft-ui-design-system/pages/contact-us.html",
        typed: &[
            ("#contact-form input[type=email]", "anna@example.com"),
            ("#message", "Call me"),
        ],
        pressed: "#contact-form button[type=submit]",
        form: "nameless",
    },
    Published {
        page: "material-kit/examples/landing-page.html",
        typed: &[
            (".contact-form input", "anna@example.com"),
            ("#exampleMessage", "Call me"),
        ],
        pressed: ".contact-form button",
        form: "nameless",
    },
    Published {
        page: "startbootstrap-sb-admin/dist/register.html",
        typed: &[
            ("#inputFirstName", "Anna"),
            ("#inputEmail", "anna@example.com"),
        ],
        pressed: "form a.btn-block[href='login.html']",
        form: "registration",
    },
    Published {
        page: "startbootstrap-sb-admin-2/register.html",
        typed: &[
            ("#exampleFirstName", "Anna"),
            ("#exampleInputEmail", "anna@example.com"),
        ],
        pressed: "form a.btn-block[href='login.html']",
        form: "registration",
    },
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn templates_that_nobody_here_wrote_send_leads_with_nothing_added_but_the_one_line() {
    let world = World::new().await;
    let visitor = visitor().await;
    world.site.put("/login.html", "", "<h1>Log in</h1>");
    for (count, published) in PAGES.iter().enumerate() {
        let html = package(published.page);
        let with_line = html.replacen("</head>", &format!("{}</head>", world.line("")), 1);
        assert_ne!(html, with_line, "{}", published.page);
        // Styles and fonts from outside cannot be had here and would only be waited for.
        world.site.put(
            "/",
            "Content-Security-Policy: style-src 'none'; font-src 'none'; img-src 'none'\r\n",
            &with_line,
        );
        visitor.open(&world.site.url("/")).await;
        visitor.until("window.leadgate && leadgate.attach").await;
        for (css, text) in published.typed {
            let set = format!("document.querySelector(\"{css}\").value = {text:?}");
            visitor.run(&set).await;
        }
        let press = format!("document.querySelector(\"{}\").click()", published.pressed);
        visitor.run(&press).await;
        world.front.posted(count + 1).await;
        visitor.until("window.leadgate && leadgate.queue && leadgate.queue().length === 0 || document.querySelector('h1')?.textContent === 'Log in'").await;
        let leads = world.leads().await;
        assert_eq!(leads.len(), count + 1, "{}", published.page);
        assert_eq!(leads[0]["form"], published.form, "{}", published.page);
        assert_eq!(leads[0]["email"], "anna@example.com", "{}", published.page);
    }
    visitor.leave_unheard().await;
}

/// What axe-core finds on the page as it is now.
async fn judged(visitor: &Visitor, state: &str) {
    let there = visitor.run("return Boolean(window.axe)").await;
    if there == Value::Bool(false) {
        visitor.run(&package("axe-core/axe.min.js")).await;
    }
    let found = visitor
        .run("return axe.run().then((told) => told.violations.map((one) => one.id + ': ' + one.nodes.map((node) => node.html).join(' ')))")
        .await;
    assert_eq!(found, serde_json::json!([]), "{state}");
}

#[tokio::test]
async fn axe_finds_nothing_on_the_demo_page_in_any_state() {
    let gate = Gate::start();
    for address in ["/demo", "/demo?lang=en"] {
        let visitor = visitor().await;
        visitor.open(&gate.page(address)).await;
        visitor.until("window.leadgate && leadgate.attach").await;
        judged(&visitor, "quiet").await;
        visitor.fill("#banquet-phone", "12").await;
        visitor.press("#banquet form button").await;
        visitor.see("[data-state=invalid]").await;
        judged(&visitor, "invalid").await;
        visitor.network(false).await;
        visitor.fill("#banquet-phone", "8 912 345-67-89").await;
        visitor.press("#banquet form button").await;
        visitor.see("[data-state=queued]").await;
        judged(&visitor, "queued").await;
        visitor.network(true).await;
        visitor.see("[data-state=sent]").await;
        judged(&visitor, "sent").await;
        visitor.leave_unheard().await;
    }
}
