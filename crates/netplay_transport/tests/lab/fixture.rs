//! A laboratory with a signaling server, coturn and processes on the hosts.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use nat_lab::{Captured, Host, Lab, Nat, SERVER};
use tempfile::TempDir;

use super::host::{LAST, ROLE};
use crate::support::now;

/// The port of the signaling server.
pub const SIGNALING: u16 = 3536;
/// The limit of every wait. Only a hang reaches it.
const LIMIT: Duration = Duration::from_secs(60);

/// A TURN server on the host of the servers, as [`Network::serve`] takes it.
pub fn turn(port: u16, credential: &str) -> String {
    format!("turn:{SERVER}:{port}?transport=udp,{credential},{credential}")
}

/// One test in the laboratory. If it fails, every process of it prints what it wrote.
pub struct Network {
    test: String,
    players: Vec<Process>,
    servers: Vec<Process>,
    capture: Option<Process>,
    server_host: Host,
    pub hosts: Vec<Host>,
    directory: TempDir,
    /// The last field: the networks are taken down after the processes on them.
    pub lab: Lab,
}

impl Network {
    /// Networks with a host behind each NAT. `name` begins with the name of the test.
    pub fn new(name: &str, nats: [Nat; 2]) -> Self {
        let (mut lab, server_host) = Lab::new().unwrap_or_else(|error| panic!("{error}"));
        let hosts = nats.iter().map(|nat| lab.host(*nat).unwrap()).collect();
        let test = name.split(' ').next().unwrap_or_default().to_owned();
        let directory = tempfile::tempdir().unwrap();
        let (players, servers) = (Vec::new(), Vec::new());
        Self { test, players, servers, capture: None, server_host, hosts, directory, lab }
    }

    /// Starts a coturn that takes this name as user name and password.
    pub fn start_coturn(&mut self, port: u16, credential: &str) {
        self.start_coturn_on(&self.server_host.clone(), port, credential);
    }

    /// The same on another host without a NAT.
    pub fn start_coturn_on(&mut self, host: &Host, port: u16, credential: &str) {
        self.start_coturn_with(host, port, credential, &[]);
    }

    /// Starts a coturn with these limits, and takes the only allocation that they leave.
    pub fn start_full_coturn(&mut self, port: u16, credential: &str, limits: &[&str]) {
        let host = self.server_host.clone();
        self.start_coturn_with(&host, port, credential, limits);
        // It holds the allocation while it sends to nobody, once a second, and begins again where it asked for more than
        // one port, as it does at random. It ends by itself: only its shell is known.
        let client = format!(
            "stdbuf -oL turnutils_uclient -v -c -m 1 -n 60 -z 1000 -u {credential} -w {credential} -p {port} -e {0} {0}",
            host.address(),
        );
        let mut command = host.command("sh");
        command.args(["-c", &format!("while :; do {client}; done")]);
        let mut client = Process::start("the client of coturn", command);
        client.wait_for("Received relay addr");
        self.servers.push(client);
    }

    fn start_coturn_with(&mut self, host: &Host, port: u16, credential: &str, more: &[&str]) {
        let address = host.address();
        let file = |name: &str| self.directory.path().join(format!("{address}.{port}.{name}"));
        let mut command = host.command("turnserver");
        command
            .args(["-n", "--no-cli", "--no-tls", "--no-dtls", "--verbose", "--log-file=stdout"])
            .args([
                "--lt-cred-mech".to_owned(),
                format!("--user={credential}:{credential}"),
                "--realm=tests".to_owned(),
                format!("--listening-ip={address}"),
                format!("--relay-ip={address}"),
                format!("--listening-port={port}"),
                format!("--userdb={}", file("db").display()),
                format!("--pidfile={}", file("pid").display()),
            ])
            .args(more);
        let mut coturn = Process::start("coturn", command);
        coturn.wait_for("UDP listener opened on");
        self.servers.push(coturn);
    }

    /// Captures what travels on the internet from now on.
    pub fn start_capture(&mut self) {
        let command = self.lab.internet(std::env::current_exe().unwrap());
        let mut capture = self.in_role("the capture", command, "capture");
        capture.wait_for("ready");
        self.capture = Some(capture);
    }

    /// What was captured.
    pub fn captured(&mut self) -> Vec<Captured> {
        // Once this packet is seen, all before it are.
        let role = format!("mark {}", self.hosts[0].outside());
        let mut mark = self.process("the mark", &self.server_host, &role);
        mark.wait_for("ready");
        let capture = self.capture.as_mut().unwrap();
        capture.wait_for(&LAST.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        let lines = capture.output.iter().filter_map(|line| line.strip_prefix("captured "));
        lines.map(|line| Captured::read(line).unwrap()).collect()
    }

    /// Starts the signaling server, which hands out these ICE servers.
    pub fn serve(&mut self, ice_servers: &str) {
        self.serve_at(SIGNALING, ice_servers);
    }

    /// The same at another port.
    pub fn serve_at(&mut self, port: u16, ice_servers: &str) {
        let role = format!("serve {port} {ice_servers}");
        let mut server = self.process("the server", &self.server_host, &role);
        server.wait_for("ready");
        self.servers.push(server);
    }

    /// Starts a player on the next host.
    pub fn play(&mut self, number: u8, policy: &str) {
        self.start_player(number, &format!("play {number} {policy}"));
    }

    /// Starts an examination of the server at a port, on the host of this number. It counts as a player.
    pub fn examine(&mut self, host: usize, port: u16) {
        let role = format!("doctor ws://{SERVER}:{port}");
        let name = format!("the doctor on host {host} at port {port}");
        let doctor = self.process(&name, &self.hosts[host], &role);
        self.players.push(doctor);
    }

    /// Starts a player on its host who calls the address of the host a relay.
    pub fn lie(&mut self, number: u8) {
        let address = self.hosts[usize::from(number) - 1].outside();
        let role = format!("lie {number} {address}");
        let mut liar = self.process("the liar", &self.hosts[usize::from(number) - 1], &role);
        liar.wait_for("ready");
        self.servers.push(liar);
    }

    fn start_player(&mut self, number: u8, role: &str) {
        let host = &self.hosts[usize::from(number) - 1];
        let player = self.process(&format!("player {number}"), host, role);
        self.players.push(player);
    }

    /// Waits until a player has written a line with these words, and returns it.
    #[track_caller]
    pub fn wait_for(&mut self, player: usize, words: &str) -> String {
        self.players[player].wait_for(words)
    }

    /// Waits until every player has written a line with these words.
    #[track_caller]
    pub fn wait_for_all(&mut self, words: &str) {
        for player in &mut self.players {
            player.wait_for(words);
        }
    }

    /// What a player has written so far.
    pub fn output(&self, player: usize) -> &[String] {
        &self.players[player].output
    }

    /// Ends the players: what they sent is then all there is.
    pub fn stop(&mut self) {
        self.players.iter_mut().for_each(Process::kill);
    }

    /// This test once more, on a host and in a role.
    fn process(&self, name: &str, host: &Host, role: &str) -> Process {
        self.in_role(name, host.command(std::env::current_exe().unwrap()), role)
    }

    fn in_role(&self, name: &str, mut command: Command, role: &str) -> Process {
        command.args(["--exact", &format!("lab::{}", self.test), "--nocapture"]).env(ROLE, role);
        Process::start(name, command)
    }
}

/// A process that ends with the test.
struct Process {
    name: String,
    child: Child,
    lines: Receiver<String>,
    output: Vec<String>,
}

impl Process {
    fn start(name: &str, mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let (to, lines) = channel();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        for pipe in [Box::new(stdout) as Box<dyn std::io::Read + Send>, Box::new(stderr)] {
            let to = to.clone();
            // Ends with the process.
            std::thread::spawn(move || {
                for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                    if to.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        Self { name: name.to_owned(), child, lines, output: Vec::new() }
    }

    #[track_caller]
    fn wait_for(&mut self, words: &str) -> String {
        if let Some(line) = self.output.iter().find(|line| line.contains(words)) {
            return line.clone();
        }
        // A process that writes without end must not be waited for without end.
        let started = now();
        loop {
            match self.lines.recv_timeout(LIMIT.saturating_sub(started.elapsed())) {
                Ok(line) => {
                    self.output.push(line.clone());
                    if line.contains(words) {
                        return line;
                    }
                }
                Err(error) => panic!("{} has not said {words:?}: {error}", self.name),
            }
        }
    }

    fn kill(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    #[expect(clippy::print_stderr, reason = "a test that fails shows what its processes wrote")]
    fn drop(&mut self) {
        self.kill();
        self.output.extend(self.lines.try_iter());
        if std::thread::panicking() {
            self.output.retain(|line| !line.starts_with("captured "));
            eprintln!("---- {}:\n{}", self.name, self.output.join("\n"));
        }
    }
}
