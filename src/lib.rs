//! leadgate
