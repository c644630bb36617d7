//! Our own drawings, as SVG in the page, so that its stylesheet colours them for day and night.

use maud::{Markup, html};

use crate::http::demo::view::View;

/// The bulbs of the string: where each hangs, from the left; the string sags between its posts.
const BULBS: [(u32, u32); 9] = [
    (60, 88),
    (108, 109),
    (156, 123),
    (204, 131),
    (252, 133),
    (300, 130),
    (348, 121),
    (396, 106),
    (440, 88),
];

/// The seats along the table, from the left.
const SEATS: [u32; 5] = [92, 164, 236, 308, 380];

/// The first screen's picture.
pub(super) fn table_under_lights(view: &View) -> Markup {
    let told = view.say(
        "Накрытый стол под гирляндой во дворе",
        "A set table under a string of lights in a yard",
    );
    html! {
        svg.picture viewBox="0 0 500 400" role="img" aria-label=(told) {
            rect.sky x="0" y="0" width="500" height="400" rx="28" {}
            circle.moon cx="404" cy="64" r="24" {}
            path.hill d="M0 268 Q120 206 250 246 T500 226 V372 A28 28 0 0 1 472 400 H28 A28 28 0 0 1 0 372 Z" {}
            path.ground d="M0 318 Q250 286 500 318 V372 A28 28 0 0 1 472 400 H28 A28 28 0 0 1 0 372 Z" {}
            g.tree {
                path d="M30 312 V196" {}
                circle cx="30" cy="172" r="36" {}
                path d="M470 312 V204" {}
                circle cx="470" cy="176" r="32" {}
            }
            path.string d="M42 66 Q250 186 458 66" {}
            @for (x, y) in BULBS {
                circle.halo cx=(x) cy=(y) r="17" {}
                circle.bulb cx=(x) cy=(y) r="6.5" {}
            }
            @for x in SEATS { path.chair d={ "M" (x - 14) " 356 V262 Q" (x) " 250 " (x + 14) " 262 V356" } {} }
            path.leg d="M76 306 V372 M424 306 V372" {}
            path.cloth d="M52 286 H448 L456 334 Q432 344 408 334 T360 334 T312 334 T264 334 T216 334 T168 334 T120 334 T72 334 L44 334 Z" {}
            rect.board x="44" y="278" width="412" height="13" rx="6" {}
            (table_ware())
        }
    }
}

fn table_ware() -> Markup {
    html! {
        @for x in SEATS {
            ellipse.plate cx=(x) cy="277" rx="19" ry="4.5" {}
            path.glass d={ "M" (x + 25) " 278 V266 M" (x + 20) " 252 H" (x + 30) " Q" (x + 31) " 266 " (x + 25) " 266 Q" (x + 19) " 266 " (x + 20) " 252 Z" } {}
        }
        path.vase d="M262 278 L266 250 H282 L286 278 Z" {}
        g.flower {
            path d="M274 250 V222 M274 246 L262 228 M274 246 L287 230" {}
            circle cx="274" cy="219" r="7" {}
            circle cx="260" cy="226" r="6" {}
            circle cx="289" cy="228" r="6" {}
        }
    }
}

/// The sign beside the shop's name.
pub(super) fn sign() -> Markup {
    html! {
        svg.sign viewBox="0 0 32 32" aria-hidden="true" {
            path d="M3 12 H29 M7 12 V27 M25 12 V27" {}
            circle cx="16" cy="6" r="2.6" {}
        }
    }
}

/// The small picture of one kind of goods, by the code of the CRM's dictionary.
pub(super) fn good(code: &str) -> Markup {
    let lines = match code {
        "furniture" => "M6 18 H42 M11 18 V38 M37 18 V38 M18 38 V26 H30 V38",
        "light" => {
            "M4 8 Q24 26 44 8 M24 17 V22 M17 33 A7.5 7.5 0 1 1 31 33 Q29 35 29 38 H19 Q19 35 17 33 M20 42 H28"
        }
        _ => "M8 8 H40 V34 Q36 40 32 34 T24 34 T16 34 T8 34 Z M8 16 H40 M16 8 V16 M32 8 V16",
    };
    html! { svg.good viewBox="0 0 48 48" aria-hidden="true" { path d=(lines) {} } }
}
