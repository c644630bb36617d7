//! The edge: the URL table, problem bodies, CORS, rate limits, the admin. The only user of actix-web (besides the simulator) and of status codes.

pub mod settings;
