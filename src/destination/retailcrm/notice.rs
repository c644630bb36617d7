//! A notice as the HTML that RetailCRM shows in its notifications.

use crate::destination::{Notice, Tone};

/// The type of the notification and its text.
pub(super) fn html(notice: &Notice) -> (&'static str, String) {
    let kind = match notice.tone {
        Tone::Info => "api.info",
        Tone::Trouble => "api.error",
    };
    let mut html = String::new();
    for line in &notice.lines {
        html.push_str(&escaped(line));
        html.push_str("<br>");
    }
    let (url, words) = &notice.link;
    html.push_str(&format!(
        "<a href=\"{}\">{}</a>",
        escaped(url.as_str()),
        escaped(words)
    ));
    (kind, html)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_notice_is_taken_for_markup() {
        let notice = Notice {
            tone: Tone::Trouble,
            lines: vec!["a < b & \"c\"".to_owned(), "d".to_owned()],
            link: (
                "https://leads.example.ru/admin/?state=failed&form=x"
                    .parse()
                    .expect("an address"),
                "leadgate".to_owned(),
            ),
        };
        assert_eq!(
            html(&notice),
            (
                "api.error",
                "a &lt; b &amp; &quot;c&quot;<br>d<br><a href=\"https://leads.example.ru/admin/?state=failed&amp;form=x\">leadgate</a>".to_owned()
            )
        );
    }
}
