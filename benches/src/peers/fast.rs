//! The loop by hand over fastwebsockets.

use fastwebsockets::{FragmentCollectorRead, Frame, OpCode, Payload, Role, WebSocket};

use crate::{
    Bench, Peer, Result,
    measure::{self, Meter, Server, Speech},
    peers::{
        bare::Connector,
        tuned::{append, handle},
    },
};

/// Runs a bench.
pub async fn run(bench: Bench, server: &Server) -> Result<f64> {
    let connector = Connector::new(bench, server)?;
    match bench {
        Bench::TextDelta | Bench::AudioDelta => receive(&connector).await,
        Bench::Append => send(&connector).await,
        Bench::Call => call(&connector).await,
        _ => Err(bench.not_for(Peer::FastWebsockets)),
    }
}

async fn receive(connector: &Connector) -> Result<f64> {
    let mut socket = WebSocket::after_handshake(connector.upgraded().await?, Role::Client);
    let mut meter = Meter::start(&connector.server);
    loop {
        let frame = socket.read_frame().await?;
        if frame.opcode == OpCode::Text {
            handle(std::str::from_utf8(&frame.payload)?)?;
            if !meter.tick() {
                return Ok(meter.rate());
            }
        }
    }
}

async fn send(connector: &Connector) -> Result<f64> {
    let pcm = measure::append_pcm();
    let mut socket = WebSocket::after_handshake(connector.upgraded().await?, Role::Client);
    let mut meter = Meter::start(&connector.server);
    loop {
        let text = append(&pcm).into_bytes();
        socket
            .write_frame(Frame::text(Payload::Owned(text)))
            .await?;
        if !meter.tick() {
            return Ok(meter.rate());
        }
    }
}

async fn call(connector: &Connector) -> Result<f64> {
    let open = || async {
        let socket = WebSocket::after_handshake(connector.upgraded().await?, Role::Client);
        // Reading cannot be given up half-way, so each direction is a task.
        let (input, mut output) = socket.split(tokio::io::split);
        let mut input = FragmentCollectorRead::new(input);
        let speaking = async move {
            let mut speech = Speech::new();
            loop {
                let text = append(speech.next().await).into_bytes();
                let frame = Frame::text(Payload::Owned(text));
                if output.write_frame(frame).await.is_err() {
                    break;
                }
            }
        };
        Ok(async move {
            tokio::spawn(speaking);
            loop {
                // The server sends nothing that has to be answered.
                let mut answer = async |_| Ok::<_, std::io::Error>(());
                let frame = input.read_frame(&mut answer).await?;
                if frame.opcode == OpCode::Text {
                    handle(std::str::from_utf8(&frame.payload)?)?;
                }
            }
        })
    };
    measure::calls(&connector.server, open).await
}
