//! The public table, end to end below the socket.

use super::*;
