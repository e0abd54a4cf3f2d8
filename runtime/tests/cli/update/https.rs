//! Updates over TLS: from a server whose certificate an authority of this test has signed, or should not have.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::board::{Board, Wish, filters};

/// Somebody who signs certificates.
struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap().pem();
        Self { certificate, issuer: Issuer::new(parameters, key) }
    }

    /// What a server of that name, or address, shows.
    fn server(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Arc<ServerConfig> {
        let mut parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut parameters);
        let key = KeyPair::generate().unwrap();
        let certificate: CertificateDer = parameters.signed_by(&key, &self.issuer).unwrap().into();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth();
        Arc::new(config.with_single_cert(vec![certificate], key).unwrap())
    }
}

/// How an answer ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// As TLS wants it.
    Orderly,
    /// The connection is gone.
    Torn,
}

/// Listens, and answers one request; its address.
fn serve(answer: impl FnOnce(TcpStream) + Send + 'static) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (address, std::thread::spawn(move || answer(listener.accept().unwrap().0)))
}

/// With TLS. The client may leave whenever it likes.
fn secure(tls: Arc<ServerConfig>, head: &str, body: Vec<u8>, end: End) -> (String, JoinHandle<()>) {
    let head = head.replace("LENGTH", &body.len().to_string());
    serve(move |connection| {
        let mut stream = StreamOwned::new(ServerConnection::new(tls).unwrap(), connection);
        if answer(&mut stream, &head, &body).is_ok() && end == End::Orderly {
            stream.conn.send_close_notify();
            // Whoever has seen enough has closed.
            let _ = stream.conn.complete_io(&mut stream.sock);
        }
    })
}

fn plain(head: &str) -> (String, JoinHandle<()>) {
    let head = head.to_owned();
    serve(move |mut connection| answer(&mut connection, &head, &[]).unwrap())
}

fn answer(stream: &mut (impl Read + Write), head: &str, body: &[u8]) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    stream.write_all(format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n").as_bytes())?;
    stream.write_all(body)?;
    stream.flush()
}

const FINE: &str = "200 OK\r\nContent-Length: LENGTH";
const HERE: &str = "127.0.0.1";

/// A board that knows the authority, and a bundle for it.
fn ready() -> (Board, Authority, Vec<u8>) {
    let (board, authority) = (Board::new(), Authority::new("ours"));
    board.write("known.pem", &authority.certificate);
    let bytes = board.bundle("1.5", &Wish::default());
    (board, authority, bytes)
}

/// What is said about a server that must change nothing.
#[track_caller]
fn refused(board: &Board, server: (String, JoinHandle<()>)) -> String {
    let (address, server) = server;
    let said = board.applies_knowing("known.pem", &format!("https://{address}/1.5.moead"));
    server.join().unwrap();
    assert_eq!(
        (board.current().as_str(), board.releases(), board.calls().as_str()),
        ("1.4", vec!["1.4".into()], ""),
        "{said}"
    );
    said
}

#[test]
fn a_bundle_comes_over_tls() {
    let _filters = filters();
    let (board, authority, bytes) = ready();
    let (address, server) = secure(authority.server(HERE, |_| {}), FINE, bytes, End::Orderly);
    insta::assert_snapshot!(board.applies_knowing("known.pem", &format!("https://{address}/1.5.moead")), @r"
    status: 0
    ----- stdout
    release 1.5-[DIGEST] in place of 1.4-[DIGEST]: well
    ");
    server.join().unwrap();
    assert_eq!((board.current().as_str(), board.releases()), ("1.5", vec!["1.4".into(), "1.5".into()]));
}

#[test]
fn a_server_with_the_wrong_certificate_is_not_talked_to() {
    let _filters = filters();
    let (board, authority, bytes) = ready();
    let with = |tls| secure(tls, FINE, bytes.clone(), End::Orderly);
    // Somebody who only calls himself as we do is a stranger, too.
    let strangers = ["somebody", "ours"].map(|name| {
        let server = with(Authority::new(name).server(HERE, |_| {}));
        let address = server.0.clone();
        refused(&board, server).replace(&address, "[SERVER]")
    });
    assert_eq!(strangers[0], strangers[1]);
    insta::assert_snapshot!(strangers[0], @r"
    status: 1
    ----- stderr
    error: https://[SERVER]/1.5.moead: the server's certificate is signed by nobody whom this machine knows
    hint: nothing was changed; `SSL_CERT_FILE=FILE` names the certificates that servers are known by (PEM), in place of the system's
    ");
    insta::assert_snapshot!(refused(&board, with(authority.server("updates.example.org", |_| {}))), @r"
    status: 1
    ----- stderr
    error: https://[SERVER]/1.5.moead: the server's certificate is for another name than the address has
    hint: nothing was changed; `SSL_CERT_FILE=FILE` names the certificates that servers are known by (PEM), in place of the system's
    ");
    let expired = |parameters: &mut CertificateParams| parameters.not_after = rcgen::date_time_ymd(2020, 1, 1);
    insta::assert_snapshot!(refused(&board, with(authority.server(HERE, expired))), @r"
    status: 1
    ----- stderr
    error: https://[SERVER]/1.5.moead: the server's certificate has expired, by this machine's clock
    hint: nothing was changed; `SSL_CERT_FILE=FILE` names the certificates that servers are known by (PEM), in place of the system's
    ");
    board.write("known.pem", "");
    insta::assert_snapshot!(board.applies_knowing("known.pem", "https://127.0.0.1:9/1.5.moead"), @r"
    status: 1
    ----- stderr
    error: https://[SERVER]/1.5.moead: this machine has no certificates to know servers by
    hint: install them (Debian: `apt install ca-certificates`), or copy the bundle and give its path
    ");
}

#[test]
fn a_plain_address_may_lead_to_tls_and_never_back() {
    let _filters = filters();
    let (board, authority, bytes) = ready();
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let plain_address = elsewhere.local_addr().unwrap();
    let leads_back = format!("302 Found\r\nLocation: http://{plain_address}/1.5.moead\r\nContent-Length: 0");
    let server = secure(authority.server(HERE, |_| {}), &leads_back, Vec::new(), End::Orderly);
    insta::assert_snapshot!(refused(&board, server), @r"
    status: 1
    ----- stderr
    error: https://[SERVER]/1.5.moead: the server leads to http://[SERVER]/1.5.moead, where everybody can look on
    hint: nothing was changed; give that address, if what is in the bundle may be seen on the way
    ");
    // Nobody has come.
    assert_eq!(elsewhere.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    let (address, server) = secure(authority.server(HERE, |_| {}), FINE, bytes, End::Orderly);
    let (plain_address, redirect) =
        plain(&format!("302 Found\r\nLocation: https://{address}/1.5.moead\r\nContent-Length: 0"));
    insta::assert_snapshot!(board.applies_knowing("known.pem", &format!("http://{plain_address}/1.5.moead")), @r"
    status: 0
    ----- stdout
    release 1.5-[DIGEST] in place of 1.4-[DIGEST]: well
    ");
    redirect.join().unwrap();
    server.join().unwrap();
    assert_eq!(board.current(), "1.5");
}

#[test]
fn a_connection_that_is_lost_leaves_nothing() {
    let _filters = filters();
    let (board, authority, bytes) = ready();
    let length = bytes.len();
    let torn = |head: &str, there: usize, end| {
        let body = bytes[..there].to_vec();
        refused(&board, secure(authority.server(HERE, |_| {}), &head.replace("LENGTH", &length.to_string()), body, end))
    };
    // In the middle of a file.
    insta::assert_snapshot!(torn(FINE, length - 700, End::Torn), @r"
    status: 1
    ----- stderr
    error: https://[SERVER]/1.5.moead: after 7492 bytes: Peer disconnected
    hint: nothing was changed; try again
    ");
    // In the middle of the manifest.
    insta::assert_snapshot!(torn(FINE, 600, End::Torn), @r"
    status: 1
    ----- stderr
    error: https://[SERVER]/1.5.moead: after 600 bytes: Peer disconnected
    hint: nothing was changed; try again
    ");
    // Without an announced length it is the manifest that decides, whether the end was orderly or not.
    insta::assert_snapshot!(torn("200 OK", length - 700, End::Torn), @r"
    status: 1
    ----- stderr
    error: https://[SERVER]/1.5.moead: ended after 7492 bytes, expected 8192
    hint: nothing was changed; try again
    ");
    insta::assert_snapshot!(torn("200 OK", length - 700, End::Orderly), @r"
    status: 1
    ----- stderr
    error: https://[SERVER]/1.5.moead: ended after 7492 bytes, expected 8192
    hint: nothing was changed; try again
    ");
}

#[test]
fn what_follows_the_announced_bytes_is_not_looked_at() {
    let _filters = filters();
    let (board, authority, bytes) = ready();
    let head = FINE.replace("LENGTH", &bytes.len().to_string());
    let longer = [bytes.as_slice(), b"and more"].concat();
    let (address, server) = secure(authority.server(HERE, |_| {}), &head, longer, End::Orderly);
    insta::assert_snapshot!(board.applies_knowing("known.pem", &format!("https://{address}/1.5.moead")), @r"
    status: 0
    ----- stdout
    release 1.5-[DIGEST] in place of 1.4-[DIGEST]: well
    ");
    server.join().unwrap();
    assert_eq!(board.current(), "1.5");
}
