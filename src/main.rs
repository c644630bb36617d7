//! The program `leadgate`: everything is in the library, so that tests reach it.

use leadgate::cli::{self, Exit};

fn main() -> Exit {
    cli::main()
}
