//! Sound server with a loudspeaker and a microphone that are no devices, in a process of its own.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::sound::{Clip, RATE};

/// Time that the server has to start.
const START: Duration = Duration::from_secs(30);

/// Clip that is being played into the room.
pub struct Speaking {
    player: Child,
    writer: JoinHandle<()>,
}

impl Speaking {
    /// Waits until all of it is played.
    pub fn wait(mut self) -> ExitStatus {
        self.writer.join().expect("the clip is written");
        self.player.wait().expect("`pacat` ends")
    }
}

/// Recording that runs.
pub struct Recording {
    recorder: Child,
    reader: JoinHandle<Vec<u8>>,
}

impl Recording {
    /// Ends it, and returns the samples.
    pub fn stop(mut self) -> Vec<i16> {
        self.recorder.kill().expect("`parec` runs");
        self.recorder.wait().expect("`parec` ends");
        let bytes = self.reader.join().expect("the recording is read");
        let samples = bytes.chunks_exact(2);
        samples
            .map(|bytes| i16::from_le_bytes([bytes[0], bytes[1]]))
            .collect()
    }
}

/// Sound server of this test alone.
pub struct SoundServer {
    process: Child,
    folder: PathBuf,
}

impl SoundServer {
    /// Starts it, and waits until it answers.
    pub fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("assistant-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a temporary folder can be made");
        let devices = "</usr/share/alsa/alsa.conf>\n\
            pcm.!default { type pulse }\n\
            ctl.!default { type pulse }\n";
        fs::write(folder.join("alsa.conf"), devices).expect("the folder can be written");
        let socket = folder.join("socket");
        let socket = format!(
            "module-native-protocol-unix auth-anonymous=1 socket={}",
            socket.display()
        );
        let device = |name| format!("module-null-sink sink_name={name} rate={RATE} channels=1");
        let mut command = Command::new("pulseaudio");
        for module in [socket, device("loudspeaker"), device("room")] {
            command.args(["-L", &module]);
        }
        command
            .args(["-n", "--daemonize=no", "--exit-idle-time=-1"])
            .args(["--use-pid-file=no", "--log-level=error"])
            .stdin(Stdio::null());
        let mut server = Self {
            process: place(&mut command, &folder)
                .spawn()
                .expect("`pulseaudio` starts"),
            folder,
        };
        server.wait_for_answer();
        // What is played to the room is what the microphone hears.
        for device in [
            ["set-default-sink", "loudspeaker"],
            ["set-default-source", "room.monitor"],
        ] {
            let set = server.command("pactl").args(device).status();
            assert!(set.expect("`pactl` runs").success());
        }
        server
    }

    /// Has a program use this server.
    pub fn tell(&self, command: &mut Command) {
        place(command, &self.folder);
    }

    /// Plays a clip into the room.
    pub fn speak(&self, clip: &Clip) -> Speaking {
        let bytes: Vec<u8> = clip
            .samples()
            .iter()
            .flat_map(|s| s.to_le_bytes())
            .collect();
        let mut player = self
            .stream("pacat", "room")
            .stdin(Stdio::piped())
            .spawn()
            .expect("`pacat` starts");
        let mut input = player.stdin.take().expect("its input is piped");
        // It reads at the pace of speech, and ends once its input does.
        let writer = thread::spawn(move || input.write_all(&bytes).expect("`pacat` reads all"));
        Speaking { player, writer }
    }

    /// Records the loudspeaker. Returns once the recording runs.
    pub fn record_loudspeaker(&self) -> Recording {
        let mut recorder = self
            .stream("parec", "loudspeaker.monitor")
            .stdout(Stdio::piped())
            .spawn()
            .expect("`parec` starts");
        let mut output = recorder.stdout.take().expect("its output is piped");
        let (runs, running) = mpsc::channel();
        let reader = thread::spawn(move || {
            let mut bytes = vec![0; 2];
            output.read_exact(&mut bytes).expect("the recording runs");
            let _ = runs.send(());
            output.read_to_end(&mut bytes).expect("a pipe can be read");
            bytes
        });
        running.recv().expect("the recording runs");
        Recording { recorder, reader }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        self.tell(&mut command);
        command
    }

    fn stream(&self, program: &str, device: &str) -> Command {
        let mut command = self.command(program);
        command
            .arg(format!("--device={device}"))
            .arg(format!("--rate={RATE}"))
            .args([
                "--channels=1",
                "--format=s16le",
                "--raw",
                "--latency-msec=50",
            ]);
        command
    }

    fn wait_for_answer(&mut self) {
        let started = Instant::now();
        loop {
            let answer = self.command("pactl").arg("info").output();
            if answer.expect("`pactl` runs").status.success() {
                return;
            }
            let ended = self.process.try_wait().expect("a child can be asked");
            assert!(ended.is_none(), "`pulseaudio` ended: {ended:?}");
            assert!(started.elapsed() < START, "`pulseaudio` does not answer");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for SoundServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Has a program use the server of this folder, and no settings of the user's.
fn place<'c>(command: &'c mut Command, folder: &Path) -> &'c mut Command {
    command
        .env("HOME", folder)
        .env("XDG_RUNTIME_DIR", folder)
        .env(
            "PULSE_SERVER",
            format!("unix:{}", folder.join("socket").display()),
        )
        .env("ALSA_CONFIG_PATH", folder.join("alsa.conf"))
}
