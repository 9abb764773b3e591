//! nginx and HAProxy from Debian, each with a configuration of a test's own in a folder of its own, on a free port. Owns
//! their start and their end: both go into the background only when they listen, so that nothing is waited for.

use std::ffi::OsStr;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use socket2::{Domain, Socket, Type};

use super::skipped;

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A proxy process. It ends when this goes.
#[derive(Debug)]
pub struct Proxy {
    folder: PathBuf,
    pid_file: PathBuf,
    pub port: u16,
    /// Bound, and not listening: nobody else gets this port meanwhile.
    _held: Socket,
}

impl Proxy {
    /// nginx with these lines in its `server` block.
    pub fn nginx(server: &str) -> Option<Proxy> {
        let (folder, held, port) = place();
        let here = folder.display();
        let config = format!(
            "worker_processes 1;\npid {here}/pid;\nerror_log {here}/error.log;\nevents {{ worker_connections 64; }}\n\
             http {{\n  access_log off;\n  client_body_temp_path {here}/1;\n  proxy_temp_path {here}/2;\n  \
             fastcgi_temp_path {here}/3;\n  uwsgi_temp_path {here}/4;\n  scgi_temp_path {here}/5;\n  \
             map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}\n  \
             server {{\n    listen 127.0.0.1:{port} reuseport;\n{server}\n  }}\n}}\n"
        );
        let file = folder.join("config");
        fs::write(&file, config).unwrap();
        let error_log = folder.join("error.log");
        let args = [OsStr::new("-c"), file.as_os_str(), OsStr::new("-e"), error_log.as_os_str()];
        start("nginx", &args, folder, held, port)
    }

    /// HAProxy with these lines behind its frontend's `bind`, which lead to the backend `b` with `backend`'s lines.
    pub fn haproxy(frontend: &str, backend: &str) -> Option<Proxy> {
        let (folder, held, port) = place();
        let config = format!(
            "global\n  maxconn 100\ndefaults\n  mode http\n  timeout connect 5s\n\
             frontend f\n  bind 127.0.0.1:{port}\n{frontend}\n  default_backend b\nbackend b\n{backend}\n"
        );
        let (file, pid_file) = (folder.join("config"), folder.join("pid"));
        fs::write(&file, config).unwrap();
        let args = [OsStr::new("-D"), OsStr::new("-f"), file.as_os_str(), OsStr::new("-p"), pid_file.as_os_str()];
        start("haproxy", &args, folder, held, port)
    }

    /// Its URL with this path.
    pub fn url(&self, path: &str) -> String {
        format!("ws://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let pids = fs::read_to_string(&self.pid_file).unwrap_or_default();
        for pid in pids.split_whitespace() {
            let _ = Command::new("kill").arg(pid).status();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A location that passes everything on to this port, as nginx's own documentation has it.
pub fn upgrading_location(path: &str, port: u16, more: &str) -> String {
    format!(
        "location {path} {{ proxy_pass http://127.0.0.1:{port}; proxy_http_version 1.1; \
         proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; \
         proxy_set_header Host $http_host; {more} }}"
    )
}

fn place() -> (PathBuf, Socket, u16) {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("wscope-proxy-{}-{number}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let held = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    held.set_reuse_port(true).unwrap();
    held.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    let port = held.local_addr().unwrap().as_socket().unwrap().port();
    (folder, held, port)
}

fn start(program: &str, args: &[&OsStr], folder: PathBuf, held: Socket, port: u16) -> Option<Proxy> {
    // A name of Debian's; an ordinary user may not have its folder in the path.
    let path = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"]
        .map(|folder| PathBuf::from(folder).join(program));
    let Some(path) = path.iter().find(|path| path.exists()) else {
        let _ = fs::remove_dir_all(&folder);
        skipped(program);
        return None;
    };
    let ran = Command::new(path).args(args).output().unwrap();
    assert!(ran.status.success(), "{program}: {}", String::from_utf8_lossy(&ran.stderr));
    let pid_file = folder.join("pid");
    Some(Proxy { folder, pid_file, port, _held: held })
}
