//! The line that puts the script into a site, on the page of the forms.

use std::collections::BTreeMap;

use super::pages::page;
use super::*;
use crate::lead::{Capture, CaptureMode, CaptureSubmit};

async fn forms_page(world: &World) -> String {
    page(world, "/admin/forms", "en").await.body
}

#[test]
fn the_script_is_offered_plainly_and_pinned_where_a_form_is_captured() {
    run(async {
        let world = World::new();
        let body = forms_page(&world).await;
        assert!(!body.contains("leadgate.js"), "{body}");
        let mut form = (**world.forms.load().get("callback").expect("a form")).clone();
        form.capture = Some(Capture {
            mode: CaptureMode::Form,
            selector: ".lead".to_owned(),
            submit: CaptureSubmit::Auto,
            js: BTreeMap::new(),
        });
        world.forms.store(Arc::new(Forms::new([form])));
        let body = forms_page(&world).await;
        assert!(
            body.contains("https://leads.example.ru/leadgate.js&quot; async"),
            "{body}"
        );
        assert!(
            body.contains("integrity=&quot;sha384-") && body.contains("crossorigin"),
            "{body}"
        );
    });
}
