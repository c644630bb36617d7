//! Who leaves the leads: Russian names, phones and e-mails, the same for the same number, so that they can be searched for without being kept.

use jiff::{SignedDuration, Timestamp};

/// From one lead to the next: a million of them are a year of a busy shop.
const BETWEEN: SignedDuration = SignedDuration::from_secs(30);

/// What surnames begin with.
const ROOTS: [&str; 60] = [
    "Иван",
    "Петр",
    "Сидор",
    "Кузнец",
    "Смирн",
    "Васил",
    "Михайл",
    "Федор",
    "Соколов",
    "Лебед",
    "Козл",
    "Новик",
    "Мороз",
    "Волк",
    "Павл",
    "Семен",
    "Голуб",
    "Виноград",
    "Богдан",
    "Воробь",
    "Тарас",
    "Белоус",
    "Комар",
    "Орл",
    "Кисел",
    "Макар",
    "Андре",
    "Ковал",
    "Ильин",
    "Гусар",
    "Тит",
    "Кудряш",
    "Баран",
    "Кулик",
    "Алекс",
    "Степан",
    "Яковл",
    "Сорок",
    "Сергей",
    "Роман",
    "Захар",
    "Борис",
    "Корол",
    "Герасим",
    "Пономар",
    "Григор",
    "Лазар",
    "Медвед",
    "Ерш",
    "Никит",
    "Собол",
    "Ряб",
    "Поляк",
    "Цвет",
    "Данил",
    "Жук",
    "Фрол",
    "Журавл",
    "Никола",
    "Крыл",
];

/// What they end with, of a man and of a woman.
const ENDINGS: [(&str, &str); 7] = [
    ("ов", "ова"),
    ("ин", "ина"),
    ("енко", "енко"),
    ("ский", "ская"),
    ("ушкин", "ушкина"),
    ("ищев", "ищева"),
    ("чук", "чук"),
];

const MEN: [(&str, &str); 24] = [
    ("Александр", "Александр"),
    ("Дмитрий", "Дмитри"),
    ("Сергей", "Сергее"),
    ("Андрей", "Андрее"),
    ("Алексей", "Алексее"),
    ("Максим", "Максим"),
    ("Евгений", "Евгень"),
    ("Иван", "Иван"),
    ("Михаил", "Михайл"),
    ("Артём", "Артём"),
    ("Владимир", "Владимир"),
    ("Николай", "Николае"),
    ("Роман", "Роман"),
    ("Павел", "Павл"),
    ("Денис", "Денис"),
    ("Игорь", "Игоре"),
    ("Олег", "Олег"),
    ("Юрий", "Юрь"),
    ("Виктор", "Виктор"),
    ("Егор", "Егор"),
    ("Тимур", "Тимур"),
    ("Глеб", "Глеб"),
    ("Фёдор", "Фёдор"),
    ("Семён", "Семён"),
];

const WOMEN: [&str; 24] = [
    "Елена",
    "Ольга",
    "Наталья",
    "Екатерина",
    "Анна",
    "Татьяна",
    "Мария",
    "Ирина",
    "Светлана",
    "Юлия",
    "Анастасия",
    "Виктория",
    "Дарья",
    "Алина",
    "Ксения",
    "Полина",
    "Марина",
    "Надежда",
    "Галина",
    "Вера",
    "Любовь",
    "Софья",
    "Алёна",
    "Жанна",
];

const WISHES: [&str; 6] = [
    "Здравствуйте! Подскажите, есть ли диван в наличии и сколько стоит доставка?",
    "Перезвоните, пожалуйста, после шести вечера, хочу уточнить размеры",
    "Нужен расчёт кухни 3 на 2,5 метра, фасады светлые, без ручек",
    "Хочу записаться на замер в субботу до обеда",
    "Какие сроки изготовления шкафа-купе по индивидуальному проекту?",
    "Интересует рассрочка без первого взноса",
];

/// One of them.
pub(crate) struct Person {
    pub(crate) surname: String,
    pub(crate) first_name: &'static str,
    pub(crate) patronymic: String,
    /// As many type it, starting with 8.
    pub(crate) phone: String,
    pub(crate) email: String,
    pub(crate) wish: &'static str,
}

impl Person {
    /// The one of this number. Phone and e-mail are theirs alone.
    pub(crate) fn new(number: u32) -> Self {
        let mut dice = Dice(u64::from(number));
        let (root, ending) = (dice.one_of(&ROOTS), dice.one_of(&ENDINGS));
        let (man, father) = (dice.one_of(&MEN), dice.one_of(&MEN).1);
        let is_man = dice.roll(2) == 0;
        let (first_name, ending, of_father) = if is_man {
            (man.0, ending.0, "вич")
        } else {
            (*dice.one_of(&WOMEN), ending.1, "вна")
        };
        let glue = if father.ends_with(['е', 'ь', 'и']) {
            ""
        } else {
            "о"
        };
        // Odd, so that no two numbers share one.
        let digits = (u64::from(number) * 387_420_489) % 1_000_000_000;
        let (code, rest) = (digits / 10_000_000, digits % 10_000_000);
        Self {
            surname: format!("{root}{ending}"),
            first_name,
            patronymic: format!("{father}{glue}{of_father}"),
            phone: format!(
                "8 (9{code:02}) {:03}-{:02}-{:02}",
                rest / 10_000,
                rest / 100 % 100,
                rest % 100
            ),
            email: format!(
                "visitor.{digits}@{}",
                dice.one_of(&["mail.example", "yandex.example"])
            ),
            wish: WISHES[dice.roll(WISHES.len())],
        }
    }

    /// As they are typed: most people give one or two words, some all three.
    pub(crate) fn typed_name(&self, number: u32) -> String {
        match number % 4 {
            0 => format!("{} {} {}", self.surname, self.first_name, self.patronymic),
            1 => self.first_name.to_owned(),
            _ => format!("{} {}", self.first_name, self.surname),
        }
    }
}

/// When the lead of a number comes, if the last of so many comes now.
pub(crate) fn received_at(number: u32, leads: u32, now: Timestamp) -> Timestamp {
    let after = i32::try_from(leads.saturating_sub(number)).unwrap_or(i32::MAX);
    now - BETWEEN * after
}

/// The same throws for the same start (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// Less than `sides`.
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides.max(1) as u64) as usize
    }

    /// The first ones more often, as names are.
    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let (one, other) = (self.roll(all.len()), self.roll(all.len()));
        &all[one.min(other)]
    }
}
