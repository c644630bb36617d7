//! The block `[admin]`: the token of the API and the people who may log in.

use argon2::Params;
use argon2::password_hash::phc::PasswordHash;

use crate::config::reader::Block;
use crate::config::unique::Unique;
use crate::config::values;
use crate::http::settings::{Admin, User};

/// Shorter tokens can be guessed over the network within a human lifetime.
const SHORTEST_TOKEN: usize = 16;

/// Reads `[admin]`.
pub(crate) fn admin(mut block: Block<'_>) -> Admin {
    let token = block.secret("token");
    if token
        .as_ref()
        .is_some_and(|token| token.reveal().len() < SHORTEST_TOKEN)
    {
        block.warning(
            "token",
            "is short enough to be guessed; take 32 random characters, as `leadgate init` does",
        );
    }
    if block.value("token").is_none() && block.value("users").is_none() {
        let message = "neither a token nor a user: nobody can see the leads; add [[admin.users]]";
        block.reading().warning(block.path().to_owned(), message);
    }
    let mut names = Unique::new("name");
    let users = block
        .blocks("users")
        .into_iter()
        .filter_map(|user| read_user(user, &mut names))
        .collect();
    block.finish();
    Admin { token, users }
}

fn read_user(mut block: Block<'_>, names: &mut Unique) -> Option<User> {
    let name = block.required("name", values::text);
    if let Some(name) = &name {
        names.claim(&block, "name", name);
    }
    let password_hash = block.secret("password_hash");
    if block.value("password_hash").is_none() {
        block.problem(
            "password_hash",
            "is missing; `leadgate hash-password` prints one",
        );
    } else if password_hash
        .as_ref()
        .is_some_and(|hash| !is_argon2id(hash.reveal()))
    {
        block.problem(
            "password_hash",
            "is no Argon2id hash ($argon2id$v=19$...); take the line that `leadgate hash-password` prints, in quotes",
        );
    }
    block.finish();
    Some(User {
        name: name?,
        password_hash: password_hash?,
    })
}

/// Whether a login can be checked against this text.
fn is_argon2id(text: &str) -> bool {
    let Ok(hash) = PasswordHash::new(text) else {
        return false;
    };
    hash.algorithm.as_str() == "argon2id"
        && hash.salt.is_some()
        && hash.hash.is_some()
        && Params::try_from(&hash).is_ok()
}
