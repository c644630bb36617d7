//! `leadgate hash-password`: from a password on stdin to the line for the config. The password is never an argument, because
//! arguments stand in the process list and in the shell's history.

use std::io;

use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};

use crate::cli::{Exit, Terminal};

/// Memory in KiB, passes and lanes: the least that OWASP's password storage cheat sheet recommends for Argon2id, so that a login
/// takes tens of milliseconds on the smallest machines we run on.
const COST: (u32, u32, u32) = (19_456, 2, 1);

/// Why a password cannot be hashed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HashError {
    /// The cost is none that the algorithm knows.
    #[error("the cost of the hash is out of its bounds")]
    Cost(#[from] argon2::Error),
    /// The system gave no random salt, or the password is longer than 4 GiB.
    #[error("the password cannot be hashed")]
    Hash(#[from] argon2::password_hash::Error),
}

/// The Argon2id hash with a fresh salt, as a PHC string.
pub(crate) fn hash(password: &str) -> Result<String, HashError> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    Ok(argon2.hash_password(password.as_bytes())?.to_string())
}

/// Reads one line and prints its hash.
pub(crate) fn run(terminal: &mut Terminal<'_>) -> io::Result<Exit> {
    let language = terminal.language;
    if terminal.is_interactive {
        let prompt = language.pick(
            "Пароль (будет виден на экране): ",
            "Password (it shows on the screen): ",
        );
        write!(terminal.errors, "{prompt}")?;
        terminal.errors.flush()?;
    }
    let mut line = String::new();
    terminal.input.read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.trim().is_empty() {
        let complaint = language.pick(
            "Пароль пуст. Передайте его в стандартный ввод: leadgate hash-password < файл",
            "The password is empty. Give it on the standard input: leadgate hash-password < FILE",
        );
        writeln!(terminal.errors, "{complaint}")?;
        return Ok(Exit::Usage);
    }
    writeln!(
        terminal.output,
        "{}",
        hash(password).map_err(io::Error::other)?
    )?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use argon2::PasswordVerifier;
    use argon2::password_hash::phc::PasswordHash;

    use crate::cli::Exit;
    use crate::cli::tests::Desk;

    #[test]
    fn the_printed_hash_lets_this_password_in_and_no_other() {
        let desk = Desk::run("correct horse\r\n", &["hash-password"]);
        assert_eq!(desk.exit, Exit::Done);
        let text = desk.output.trim_end();
        assert!(
            text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{text}"
        );
        let hash = PasswordHash::new(text).expect("a PHC string");
        let argon2 = argon2::Argon2::default();
        assert!(argon2.verify_password(b"correct horse", &hash).is_ok());
        assert!(argon2.verify_password(b"correct horse\r", &hash).is_err());
    }

    #[test]
    fn an_empty_password_is_refused() {
        for input in ["", "\n", "  \n"] {
            let desk = Desk::run(input, &["hash-password"]);
            assert_eq!((desk.exit, desk.output.as_str()), (Exit::Usage, ""));
        }
    }
}
