//! `GET /docs/script`: how a site gets the script, with the addresses of this very gate: bare HTML, Tilda, WordPress, MODX, Bitrix, React, and
//! nginx for who serves the script from the site's own host.

use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};

use crate::http::pages;
use crate::http::visit::reply_to;
use crate::lead::Language;

/// What a reader looks for, what he is told in both languages, and what he copies. `HOME` stands for our address.
struct Recipe {
    title: [&'static str; 2],
    text: [&'static str; 2],
    code: &'static str,
}

const RECIPES: &[Recipe] = &[
    Recipe {
        title: ["Обычный HTML", "Bare HTML"],
        text: [
            "Строка со скриптом и атрибут data-leadgate с идентификатором формы. Адрес в action нужен, чтобы форма работала и без скриптов.",
            "The line with the script, and the attribute data-leadgate with the id of the form. The address in action makes the form work without scripts too.",
        ],
        code: r#"<script src="HOME/leadgate.js" async></script>
<form data-leadgate="callback" action="HOME/f/callback" method="post">
  <label>Имя <input name="name" autocomplete="name"></label>
  <label>Телефон <input name="phone" type="tel" autocomplete="tel" required></label>
  <button>Перезвоните мне</button>
</form>"#,
    },
    Recipe {
        title: ["Разметку менять нельзя", "The markup cannot be changed"],
        text: [
            "Вставьте одну строку и назовите форму селектором в конфигурации. Если у формы свой обработчик, она уйдёт и ему, а нам копия (submit = \"take\": только нам). Для кнопки без формы mode = \"button\": значения берутся по именам полей, ближайшие к кнопке.",
            "Paste the one line and name the form by a selector in the config. A form with a handler of its own goes there as well and a copy comes to us (submit = \"take\": to us only). For a button without a form mode = \"button\": values are found by the names of the fields, the nearest to the button.",
        ],
        code: r##"[[forms]]
id = "callback"
origins = ["https://shop.example"]
  [[forms.fields]]
  name = "phone"
  kind = "phone"
  required = true
  from = ["Phone", "tel", "your-phone"]
  [forms.capture]
  mode = "form"
  selector = "#contact-form-1, .registration-form-1"
  [forms.capture.js]
  cart = "return document.querySelector('#total').textContent""##,
    },
    Recipe {
        title: ["Tilda", "Tilda"],
        text: [
            "Настройки сайта → Ещё → HTML-код внутри HEAD: строка со скриптом. Формы Тильды отправляет её скрипт, поэтому нужен режим кнопки; своя обработка Тильды идёт как шла.",
            "Site settings → More → HTML code for the HEAD: the line with the script. Tilda sends its forms by a script of its own, so take button mode; Tilda's own handling goes on as before.",
        ],
        code: r#"  [forms.capture]
  mode = "button"
  submit = "copy"
  selector = ".t-submit"
# имена полей / names of the fields: from = ["Name"], from = ["Phone"], from = ["Email"]"#,
    },
    Recipe {
        title: ["WordPress, Contact Form 7", "WordPress, Contact Form 7"],
        text: [
            "Строку со скриптом ставит functions.php темы. Contact Form 7 отправляет форму сам, мы получаем копию по нажатию кнопки.",
            "The theme's functions.php puts the line in. Contact Form 7 sends the form itself, we get a copy when the button is pressed.",
        ],
        code: r#"// functions.php
add_action('wp_head', function () {
  echo '<script src="HOME/leadgate.js" async></script>';
});

  [forms.capture]
  mode = "button"
  submit = "copy"
  selector = ".wpcf7-submit"
# from = ["your-name"], ["your-phone", "tel-1"], ["your-email"], ["your-message"]"#,
    },
    Recipe {
        title: ["MODX", "MODX"],
        text: [
            "Строка со скриптом в шаблоне перед </head>. Форма FormIt отправляется на ту же страницу, мы получаем копию; без FormIt поставьте data-leadgate.",
            "The line with the script in the template before </head>. A FormIt form is posted to its own page and we get a copy; without FormIt use data-leadgate.",
        ],
        code: r#"<script src="HOME/leadgate.js" async></script>

  [forms.capture]
  selector = "form.contact-form""#,
    },
    Recipe {
        title: ["1С-Битрикс", "1C-Bitrix"],
        text: [
            "В header.php шаблона. Формы компонентов отправляются на свою страницу, мы получаем копию.",
            "In the template's header.php. Forms of components are posted to their own page, we get a copy.",
        ],
        code: r#"<?php $APPLICATION->AddHeadString('<script src="HOME/leadgate.js" async></script>'); ?>

  [forms.capture]
  selector = "form[name='SIMPLE_FORM_1'], .bx-form form"
# from = ["form_text_1"], ["form_text_2"]"#,
    },
    Recipe {
        title: ["React", "React"],
        text: [
            "Строка в index.html, атрибут на форме. Что показать, решает страница: отмените событие и делайте своё.",
            "The line in index.html, the attribute on the form. What is shown may be the page's own business: cancel the event and do yours.",
        ],
        code: r#"function Callback() {
  const form = useRef(null);
  useEffect(() => {
    const done = (event) => { event.preventDefault(); router.push("/thanks"); };
    form.current.addEventListener("leadgate:sent", done);
    return () => form.current?.removeEventListener("leadgate:sent", done);
  }, []);
  return <form ref={form} data-leadgate="callback"><input name="phone" type="tel" required /><button>Send</button></form>;
}"#,
    },
    Recipe {
        title: [
            "Со своего домена (блокировщики рекламы)",
            "From the site's own host (ad blockers)",
        ],
        text: [
            "nginx сайта отдаёт скрипт и принимает заявки сам. Заявки идут туда, откуда загружен скрипт. Добавьте адрес nginx в server.trusted_proxies.",
            "The site's nginx serves the script and takes the leads itself. Leads go to where the script came from. Name that nginx in server.trusted_proxies.",
        ],
        code: r#"location = /leadgate.js { proxy_pass HOME; }
location /f/ {
  proxy_pass HOME;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  client_max_body_size 1m;
}
<script src="/leadgate.js" async></script>"#,
    },
    Recipe {
        title: ["Для программиста", "For the programmer"],
        text: [
            "События на форме: leadgate:before (можно отменить и поменять detail.values), sent, queued, invalid, failed; отмена любого оставляет показ странице. Тексты: data-leadgate-sent, -sending, -queued, -waiting, -invalid, -failed. Места: data-leadgate-status, data-leadgate-error=\"поле\". На строке скрипта: data-queue=\"off\" не хранить, data-consent не хранить до leadgate.consent(true). Первое и последнее касание живут 90 дней, неотправленная заявка 7 дней.",
            "Events on the form: leadgate:before (cancelable, detail.values may be changed), sent, queued, invalid, failed; cancel any to show it yourself. Words: data-leadgate-sent, -sending, -queued, -waiting, -invalid, -failed. Places: data-leadgate-status, data-leadgate-error=\"field\". On the script's line: data-queue=\"off\" keeps nothing, data-consent keeps nothing before leadgate.consent(true). The first and the last touch live 90 days, a lead that is not sent yet 7 days.",
        ],
        code: r#"window.leadgate = window.leadgate || [];            // before the script is there
leadgate.push(["send", "callback", { phone: "+79123456789" }]);
await leadgate.send("callback", { phone: "+79123456789" }); // { kind: "sent" | "again" | "invalid" | "failed", id, ... }
leadgate.attach(element, "callback");               // a form or a button, closed shadow roots too
leadgate.queue();                                   // what waits: { form, id, tries }"#,
    },
];

/// The page; `?lang=` over the browser's language.
pub async fn show(request: HttpRequest) -> Result<HttpResponse, actix_web::Error> {
    let reply = reply_to(&request)?;
    let asked = form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(name, _)| name == "lang")
        .and_then(|(_, value)| Language::parse(&value));
    let mut look = reply.look();
    look.language = asked.unwrap_or(look.language);
    let home = reply.server.public_url.as_str().trim_end_matches('/');
    let title = look
        .language
        .pick("Скрипт leadgate.js: рецепты", "leadgate.js: recipes");
    let page = pages::document(&look, title, &content(look.language, title, home));
    Ok(pages::send(HttpResponse::Ok(), page))
}

fn content(language: Language, title: &str, home: &str) -> Markup {
    let pick = |pair: &[&'static str; 2]| language.pick(pair[0], pair[1]);
    let other = language.pick("?lang=en", "?lang=ru");
    html! {
        p { a href=(other) { (language.pick("In English", "По-русски")) } }
        h1 { (title) }
        @for recipe in RECIPES {
            h2 { (pick(&recipe.title)) }
            p { (pick(&recipe.text)) }
            pre tabindex="0" { code { (recipe.code.replace("HOME", home)) } }
        }
    }
}
