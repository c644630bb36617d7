//! The visitor's address: the peer, or, when the peer is a trusted proxy, what the proxies noted.
//!
//! Each proxy appends to `X-Forwarded-For` the address it was called from, so only the right end is written by somebody we trust; the
//! left end is whatever the visitor liked to send. actix's `realip_remote_addr()` reads the left end and is never used.

use std::net::{IpAddr, SocketAddr};

use actix_web::http::header::{HeaderMap, HeaderName};
use ipnet::IpNet;

static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Walks from the peer leftwards while the hop is trusted. What is no address stops the walk at the last hop that is known.
pub fn client_address(
    peer: Option<IpAddr>,
    headers: &HeaderMap,
    trusted: &[IpNet],
) -> Option<IpAddr> {
    let mut client = peer?.to_canonical();
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let lines: Vec<&str> = headers
        .get_all(&FORWARDED_FOR)
        .map(|value| value.to_str().unwrap_or_default())
        .collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
    for hop in hops {
        if !is_trusted(client) {
            break;
        }
        let Some(address) = parse_hop(hop.trim()) else {
            break;
        };
        client = address;
    }
    Some(client)
}

/// An address, also with a port, as some balancers write it. IPv4 in IPv6 clothes becomes IPv4.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse::<IpAddr>()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
        .map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn client(peer: &str, forwarded: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR.clone(), HeaderValue::from_static(line));
        }
        let trusted =
            ["127.0.0.1/32", "10.0.0.0/8", "fd00::/8"].map(|net| net.parse().expect("a network"));
        client_address(peer.parse().ok(), &headers, &trusted)
            .expect("an address")
            .to_string()
    }

    #[test]
    fn the_header_is_read_from_the_right_and_only_from_trusted_hops() {
        let table: [(&str, &[&'static str], &str); 13] = [
            ("203.0.113.9", &[], "203.0.113.9"),
            ("203.0.113.9", &["6.6.6.6"], "203.0.113.9"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            // The visitor sent 6.6.6.6 himself.
            ("127.0.0.1", &["6.6.6.6, 198.51.100.7"], "198.51.100.7"),
            ("127.0.0.1", &["6.6.6.6", "198.51.100.7"], "198.51.100.7"),
            ("127.0.0.1", &["198.51.100.7, 10.1.2.3"], "198.51.100.7"),
            ("127.0.0.1", &["6.6.6.6, nonsense, 10.1.2.3"], "10.1.2.3"),
            ("127.0.0.1", &["nonsense"], "127.0.0.1"),
            ("127.0.0.1", &["198.51.100.7:5555"], "198.51.100.7"),
            ("::ffff:127.0.0.1", &["::ffff:198.51.100.7"], "198.51.100.7"),
            ("fd00::1", &["[2001:db8::5]:443"], "2001:db8::5"),
            ("10.0.0.1", &["10.9.9.9, 10.8.8.8"], "10.9.9.9"),
        ];
        for (peer, forwarded, expected) in table {
            assert_eq!(client(peer, forwarded), expected, "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn without_a_peer_nothing_is_believed() {
        assert_eq!(client_address(None, &HeaderMap::new(), &[]), None);
    }
}
