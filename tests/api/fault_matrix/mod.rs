//! Every kind of trouble at every call of a delivery: what the attempt that meets it is told to be, and one order and one customer in the end.
//! The table is the specification; a cell is a world of its own, driven over real HTTP to its end.
//!
//! A cell tells how the attempt ends that meets the trouble, as long as it lasts, and why: `retry 502`. `delivered *`: with a warning. In
//! parentheses stands why a cell makes no sense. Afterwards the trouble ends, a person resends what had failed, and everything drains.
//!
//! The columns: `search` is `customers/list`; `customer` is `customers/create`; `customers` is `customers/upload`, in which customers go that
//! wait for the pace at the same time; `order` is `orders/create`; `orders` is `orders/upload`, in which leads go that wait for a place while
//! another is under way, and what an upload does not settle is asked for or sent alone by the same attempt; `order?` is the look-up of an order, and
//! `customer?` that of a customer, after an attempt whose answer was lost: once when the record was made, and once when it was not. A further call
//! is one more column here and one more variant of [`Call`].

mod cell;
mod trouble;

use futures_util::{StreamExt, stream};

use cell::{Call, Cell};
use trouble::Trouble;

const TABLE: &str = "
trouble                | search        | customer           | customers          | order              | orders         | order?        | customer?
closed without a word  | retry broken  | unknown broken     | unknown broken     | unknown broken     | unknown broken | retry broken  | retry broken
time-out before        | retry late    | unknown late       | unknown late       | unknown late       | unknown late   | retry late    | retry late
time-out after commit  | (commits)     | unknown late       | unknown late       | unknown late       | delivered      | (commits)     | (commits)
reset in mid-body      | retry broken  | unknown broken     | unknown broken     | unknown broken     | delivered      | retry broken  | retry broken
1 byte per second      | retry late    | unknown late       | unknown late       | unknown late       | delivered      | retry late    | retry late
500                    | retry 500     | unknown 500        | unknown 500        | unknown 500        | delivered      | retry 500     | retry 500
502 HTML               | retry 502     | unknown 502        | unknown 502        | unknown 502        | unknown 502    | retry 502     | retry 502
503                    | retry 503     | unknown 503        | unknown 503        | unknown 503        | unknown 503    | retry 503     | retry 503
503 with Retry-After   | retry 503     | unknown 503        | unknown 503        | unknown 503        | unknown 503    | retry 503     | retry 503
503 of the CRM itself  | retry 503     | retry 503          | retry 503          | retry 503          | retry 503      | retry 503     | retry 503
503 rate limit         | retry rate    | retry rate         | retry rate         | retry rate         | retry rate     | retry rate    | retry rate
429 with Retry-After   | retry rate    | retry rate         | retry rate         | retry rate         | retry rate     | retry rate    | retry rate
403 key                | retry key     | retry key          | retry key          | retry key          | retry key      | retry key     | retry key
403 scope              | retry key     | retry key          | retry key          | retry key          | retry key      | retry key     | retry key
404 account            | retry not-crm | retry not-crm      | retry not-crm      | retry not-crm      | delivered      | retry not-crm | retry not-crm
405 HTML               | retry not-crm | retry not-crm      | retry not-crm      | retry not-crm      | delivered      | retry not-crm | retry not-crm
400 of a value         | (values)      | delivered *        | delivered          | delivered *        | delivered      | (values)      | (values)
400 of a value, a list | (values)      | delivered *        | delivered          | delivered *        | delivered      | (values)      | (values)
400 of the person      | retry refused | delivered *        | delivered          | rejected refused   | delivered      | retry refused | retry refused
400, errors as a list  | retry refused | delivered *        | delivered          | rejected refused   | delivered      | retry refused | retry refused
400, errors as a map   | retry refused | delivered *        | delivered          | rejected refused   | delivered      | retry refused | retry refused
400 in Russian         | retry refused | delivered *        | delivered          | rejected refused   | delivered      | retry refused | retry refused
403 key in Russian     | retry key     | retry key          | retry key          | retry key          | retry key      | retry key     | retry key
404 account in Russian | retry not-crm | retry not-crm      | retry not-crm      | retry not-crm      | delivered      | retry not-crm | retry not-crm
503 limit in Russian   | retry rate    | retry rate         | retry rate         | retry rate         | retry rate     | retry rate    | retry rate
460 partial            | (rows)        | (rows)             | delivered          | (rows)             | delivered      | (rows)        | (rows)
460 partial in Russian | (rows)        | (rows)             | delivered          | (rows)             | delivered      | (rows)        | (rows)
non-JSON 200           | retry not-crm | unknown unreadable | unknown unreadable | unknown unreadable | delivered      | retry not-crm | retry not-crm
success:false with 200 | retry refused | delivered *        | delivered          | rejected refused   | delivered      | retry refused | retry refused

(commits)  a read commits nothing; before and after are the same
(values)   a search and a look-up hold no value that could be left out
(rows)     only an upload has rows
";

/// So many cells at a time; most of them wait.
const AT_A_TIME: usize = 8;

/// A row of the table: the trouble, and one cell for each column that makes sense.
struct Row {
    trouble: Trouble,
    cells: Vec<Option<Cell>>,
}

fn table() -> (Vec<Call>, Vec<Row>) {
    let mut lines = TABLE.lines().filter(|line| line.contains('|'));
    let header = lines.next().expect("a header");
    let columns = words(header).skip(1).map(Call::parse).collect();
    let rows = lines.map(|line| {
        let mut words = words(line);
        let trouble = Trouble::parse(words.next().expect("a name"));
        let cells = words.map(|word| (!is_left_out(word)).then(|| Cell::parse(word)));
        Row {
            trouble,
            cells: cells.collect(),
        }
    });
    (columns, rows.collect())
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split('|').map(str::trim)
}

/// A reason in parentheses, which is told below the table.
fn is_left_out(word: &str) -> bool {
    let is_reason = word.starts_with('(');
    let is_told = TABLE
        .lines()
        .any(|line| line.starts_with(word) && !line.contains('|'));
    assert!(!is_reason || is_told, "no reason is given for {word}");
    is_reason
}

/// Runs every cell of a column and tells all that went otherwise.
async fn column(call: Call) {
    let (columns, rows) = table();
    let place = columns.iter().position(|column| *column == call);
    let place = place.expect("a column of the table");
    let cells = rows.iter().filter_map(|row| {
        let cell = row.cells[place].as_ref()?;
        Some(cell.run(call, &row.trouble))
    });
    let ends: Vec<Vec<String>> = stream::iter(cells)
        .buffer_unordered(AT_A_TIME)
        .collect()
        .await;
    assert!(ends.len() > 10, "{call:?} has {} cells", ends.len());
    let wrong: Vec<String> = ends.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_is_whole_and_has_a_test_for_each_column() {
    let (columns, rows) = table();
    assert_eq!(columns, Call::ALL);
    for row in &rows {
        assert_eq!(row.cells.len(), columns.len(), "{}", row.trouble.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_trouble_at_the_search_for_the_customer() {
    column(Call::Search).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_trouble_at_the_making_of_a_customer() {
    column(Call::Customer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_trouble_at_the_upload_of_customers() {
    column(Call::Customers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_trouble_at_the_making_of_an_order() {
    column(Call::Order).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_trouble_at_the_upload_of_orders() {
    column(Call::Orders).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_trouble_at_the_look_up_of_an_order() {
    column(Call::OrderLookUp).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_trouble_at_the_look_up_of_a_customer() {
    column(Call::CustomerLookUp).await;
}
