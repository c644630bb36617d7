//! An address of the script that never changes: whoever has pinned it goes on, whatever becomes of the gate.

use crate::support::{CALLBACK, Setup, TestApp};

fn captured(selector: &str) -> Setup {
    let capture = format!("[forms.capture]\nselector = \"{selector}\"\n");
    Setup {
        forms: CALLBACK.replacen(
            "  [[forms.fields]]",
            &format!("{capture}  [[forms.fields]]"),
            1,
        ),
        ..Setup::default()
    }
}

/// The last part of the script's own address, and its integrity hash.
async fn pinned(app: &TestApp) -> (String, String) {
    let told = app
        .send(app.request(reqwest::Method::GET, "/leadgate.json"))
        .await;
    let told = told.json();
    let src = told["src"].as_str().expect("an address");
    let (_, name) = src.rsplit_once('/').expect("a path");
    let integrity = told["integrity"].as_str().expect("a hash");
    (format!("/{name}"), integrity.to_owned())
}

async fn get(app: &TestApp, path: &str) -> (u16, String) {
    let answer = app.send(app.request(reqwest::Method::GET, path)).await;
    (answer.status, answer.body)
}

#[tokio::test]
async fn a_pinned_script_is_served_as_it_was_after_changes_a_reload_and_restarts() {
    let mut app = TestApp::with(captured("#first")).await;
    let (path, integrity) = pinned(&app).await;
    let (status, body) = get(&app, &path).await;
    assert_eq!(status, 200);
    assert!(body.contains("#first"));
    app.reload(captured("#second")).await;
    let (second, other) = pinned(&app).await;
    assert_ne!((&path, &integrity), (&second, &other));
    assert_eq!(get(&app, &path).await, (200, body.clone()));
    let app = app.restart().await.restart().await;
    assert_eq!(get(&app, &path).await, (200, body));
    assert!(get(&app, &second).await.1.contains("#second"));
    assert!(get(&app, "/leadgate.js").await.1.contains("#second"));
}

#[tokio::test]
async fn a_kept_script_that_is_not_what_its_name_says_is_not_served() {
    let mut app = TestApp::with(captured("#first")).await;
    let (path, _) = pinned(&app).await;
    app.reload(captured("#second")).await;
    std::fs::write(
        app.folder().join(format!("data/scripts{path}")),
        "alert('somebody else')",
    )
    .expect("written");
    let app = app.restart().await;
    let (status, body) = get(&app, &path).await;
    assert_eq!((status, body.contains("somebody else")), (307, false));
}
