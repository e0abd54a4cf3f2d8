//! The least that speaks HTTP: a socket, lines, lengths. Nothing of it is the server's.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A hang is a failure, said after this time.
const PATIENCE: Duration = Duration::from_secs(60);

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// An answer whose body is still to be read.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    stream: BufReader<TcpStream>,
    is_chunked: bool,
    /// What is left of the chunk that was read last.
    chunk: Vec<u8>,
}

/// Sends bytes as they are.
pub(super) fn send(address: SocketAddr, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

/// `GET`, the whole answer.
pub(super) fn get(address: SocketAddr, path: &str) -> Answer {
    ask(address, &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"))
}

/// Any request, the whole answer.
pub(super) fn ask(address: SocketAddr, request: &str) -> Answer {
    read(send(address, request)).whole()
}

/// `GET`, and an answer that may never end.
pub(super) fn open(address: SocketAddr, path: &str) -> Open {
    read(send(address, &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n")))
}

/// Reads the head of an answer.
pub(super) fn read(stream: TcpStream) -> Open {
    let mut stream = BufReader::new(stream);
    let status = line(&mut stream).split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let mut headers = Vec::new();
    loop {
        let line = line(&mut stream);
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let is_chunked = headers.contains(&("transfer-encoding".to_owned(), "chunked".to_owned()));
    Open { status, headers, stream, is_chunked, chunk: Vec::new() }
}

fn line(stream: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    stream.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Open {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The next bytes; none when the answer has ended.
    fn next_chunk(&mut self) -> io::Result<bool> {
        if self.is_chunked {
            let mut size = String::new();
            self.stream.read_line(&mut size)?;
            let size = usize::from_str_radix(size.trim(), 16).map_err(|_| io::ErrorKind::UnexpectedEof)?;
            let start = self.chunk.len();
            self.chunk.resize(start + size + 2, 0);
            self.stream.read_exact(&mut self.chunk[start..])?;
            self.chunk.truncate(start + size);
            return Ok(size > 0);
        }
        let mut bytes = [0; 4096];
        let count = self.stream.read(&mut bytes)?;
        self.chunk.extend_from_slice(&bytes[..count]);
        Ok(count > 0)
    }

    /// As many bytes.
    pub(super) fn take(&mut self, count: usize) -> Vec<u8> {
        while self.chunk.len() < count {
            assert!(self.next_chunk().unwrap(), "the answer ended early");
        }
        self.chunk.drain(..count).collect()
    }

    /// A line, without its end.
    pub(super) fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.chunk.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.chunk.drain(..=end).collect();
                return String::from_utf8(line).unwrap().trim_end().to_owned();
            }
            assert!(self.next_chunk().unwrap(), "the answer ended early");
        }
    }

    /// The data of the next event.
    pub(super) fn event(&mut self) -> serde_json::Value {
        loop {
            if let Some(data) = self.line().strip_prefix("data: ") {
                return serde_json::from_str(data).unwrap();
            }
        }
    }

    /// The next picture of a stream of pictures: the number of its frame, and the picture.
    pub(super) fn picture(&mut self) -> (u64, Vec<u8>) {
        let (mut length, mut frame) = (0, 0);
        loop {
            let line = self.line();
            if let Some(value) = line.strip_prefix("Content-Length: ") {
                length = value.parse().unwrap();
            } else if let Some(value) = line.strip_prefix("X-Frame: ") {
                frame = value.parse().unwrap();
            } else if line.is_empty() && length > 0 {
                return (frame, self.take(length));
            }
        }
    }

    /// Everything that is left. A connection that is cut ends it, too.
    pub(super) fn whole(mut self) -> Answer {
        let length: Option<usize> = self.header("content-length").and_then(|length| length.parse().ok());
        while length.is_none_or(|length| self.chunk.len() < length) && self.next_chunk().unwrap_or(false) {}
        Answer { status: self.status, headers: self.headers, body: self.chunk }
    }
}
