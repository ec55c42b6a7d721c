//! One session after another, each with events at random times, over connections that break.

use std::sync::Arc;
use std::time::Duration;

use openai_realtime_ws::native::Connector;
use openai_realtime_ws::protocol::{
    ConversationItemCreate, Events, InputAudioBufferAppend, ResponseCreate,
};
use openai_realtime_ws::{
    ClientEvent, Config, Error, OpenAIRealtimeWS, RawEvent, Reconnect, SendError, TransportError,
    Update,
};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::account::Account;
use crate::ledger::Ledger;
use crate::random::Random;
use crate::server::{EventName, name, name_in};
use crate::way::Way;

/// A caller, and what it needs.
pub struct Caller {
    pub session: usize,
    pub connector: Connector,
    pub config: Config,
    pub random: Random,
    pub ledger: Arc<Ledger>,
    /// Becomes true when it is enough.
    pub stop: watch::Receiver<bool>,
    /// Set during an outage, which is told once an attempt.
    pub in_outage: bool,
}

impl Caller {
    /// Opens sessions until it is told to stop.
    pub async fn run(mut self) {
        let reconnect = Reconnect::default()
            .max_attempts(u32::MAX)
            .initial_delay(Duration::from_millis(20))
            .max_delay(Duration::from_secs(1))
            .max_retry_after(Duration::from_secs(2));
        let config = self.config.clone().reconnect(reconnect);
        let config = config.connect_timeout(Duration::from_secs(5));
        while !*self.stop.borrow() {
            match OpenAIRealtimeWS::open(self.connector.clone(), config.clone()).await {
                Ok(session) => self.hold(session).await,
                // A handshake that is cut is no fault of the certificate.
                Err(error @ Error::Connect(TransportError::Tls(_))) => self.violate(&error),
                // It is refused at times, and a first connection is not retried.
                Err(Error::Connect(_) | Error::ConnectTimeout) => {
                    sleep(self.random.millis(20..200)).await;
                }
                Err(error) => self.violate(&error),
            }
        }
    }

    fn renews(&self) -> bool {
        Way::of(self.session).renews()
    }

    /// Talks for a while, and closes.
    async fn hold(&mut self, mut session: OpenAIRealtimeWS) {
        let longest = if self.renews() { 60_000 } else { 30_000 };
        let end = Instant::now() + self.random.millis(1_000..longest);
        let mut next = Instant::now();
        self.in_outage = false;
        loop {
            let mut stop = self.stop.clone();
            tokio::select! {
                update = session.next_update() => match update {
                    Some(update) => self.take(update, &mut session),
                    None => break,
                },
                () = sleep_until(next) => {
                    self.send(&mut session).await;
                    next = Instant::now() + self.random.millis(10..1_500);
                }
                () = sleep_until(end) => break,
                () = stopped(&mut stop) => break,
            }
        }
        let closed = match session.close().await {
            Ok(closed) => closed,
            Err(error) => return self.violate(&error),
        };
        // It may have been broken, and not said so yet; and the server may have closed at the same
        // time.
        while let Some(update) = session.next_update().await {
            if !matches!(update, Err(Error::Closed(_))) {
                self.take(update, &mut session);
            }
        }
        self.returned(&closed.unsent);
        if closed.frame.code == 1000 && !self.in_outage {
            self.all_seen().await;
            self.of(Account::closed);
        } else if !self.in_outage {
            self.of(Account::broke);
        }
    }

    /// Waits for the last events of a renewed connection, which may still be under way.
    async fn all_seen(&self) {
        let seen = async {
            while self.renews() && self.of(|account| account.unseen()) > 0 {
                sleep(Duration::from_millis(10)).await;
            }
        };
        // The account says what is missing then.
        let _ = timeout(Duration::from_secs(20), seen).await;
    }

    fn take(&mut self, update: Result<Update, Error>, session: &mut OpenAIRealtimeWS) {
        match update {
            Ok(Update::Reconnecting(_)) => {
                if !std::mem::replace(&mut self.in_outage, true) {
                    self.of(Account::broke);
                }
            }
            Ok(Update::Reconnected(_)) => {
                if !std::mem::take(&mut self.in_outage) {
                    self.of(Account::renewed);
                }
                // A renewed session is restored, and what was held back follows on its own.
                if !self.renews() {
                    self.settle(session);
                }
            }
            // Sessions of seconds are renewed once a minute at most, as the caller is told.
            Err(Error::ExpiresTooSoon { .. }) if self.renews() => {}
            Ok(_) => {}
            Err(error) => self.violate(&error),
        }
    }

    /// Sends what an outage held back, or takes it.
    fn settle(&mut self, session: &mut OpenAIRealtimeWS) {
        if self.random.chance(50) {
            // It may be broken again, and waits on then.
            let _ = session.flush_pending();
        } else {
            let taken = session.take_pending();
            self.returned(&taken);
        }
    }

    async fn send(&mut self, session: &mut OpenAIRealtimeWS) {
        let event = self.event();
        let sent = if self.random.chance(50) {
            session.send(event).await
        } else {
            session.sender().try_send(event)
        };
        if let Err(SendError { event, .. }) = sent {
            self.returned(&[event.encode()]);
        }
    }

    fn event(&mut self) -> ClientEvent {
        let number = self.of(Account::give);
        let id = name(self.session, number);
        match self.random.of(0..10) {
            0 => ResponseCreate::default().event_id(id).into(),
            1..=4 => {
                let text = "word ".repeat(usize::try_from(self.random.of(1..50)).unwrap_or(1));
                ConversationItemCreate::user_text(text).event_id(id).into()
            }
            _ => {
                let silence = vec![0; usize::try_from(self.random.of(1..5_000)).unwrap_or(1) * 2];
                InputAudioBufferAppend::bytes(&silence).event_id(id).into()
            }
        }
    }

    fn returned(&self, events: &[RawEvent]) {
        for event in events {
            match name_in(event.text()) {
                Some(EventName::Given { number, .. }) => {
                    self.of(|account| account.returned(number));
                }
                _ => self.of(|account| account.violate("a nameless event came back".to_owned())),
            }
        }
    }

    fn violate(&self, error: &impl std::error::Error) {
        self.of(|account| account.violate(format!("an error: {error}")));
    }

    fn of<T: Default>(&self, act: impl FnOnce(&mut Account) -> T) -> T {
        self.ledger.of(self.session, act)
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Without its sender, there is an end, too.
    let _ = stop.wait_for(|stop| *stop).await;
}
