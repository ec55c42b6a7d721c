//! Elements of the page.

use std::collections::HashMap;

use futures_channel::mpsc::UnboundedSender;
use openai_realtime_ws::audio::Level;
use openai_realtime_ws::conversation::{EntryKind, EntryStatus, HistoryEntry, Tokens};
use openai_realtime_ws::protocol::{Item, Role};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    Document, Element, Event, HtmlButtonElement, HtmlElement, HtmlInputElement, HtmlMeterElement,
};

use super::app::Input;

/// State of the connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum State {
    Connecting,
    Connected,
    /// The connection broke and is being reconnected.
    Reconnecting,
    Closed,
}

/// State of the microphone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Speaking {
    Off,
    /// The browser asks the user for permission.
    Asking,
    On,
}

/// Elements of the page that change.
pub struct View {
    document: Document,
    status: HtmlElement,
    conversation: HtmlElement,
    notice: HtmlElement,
    notice_text: Element,
    connect: HtmlButtonElement,
    speak: HtmlButtonElement,
    speak_label: Element,
    send: HtmlButtonElement,
    microphone: HtmlMeterElement,
    speaker: HtmlMeterElement,
    usage: Element,
    /// Elements of items, by their ids.
    items: HashMap<String, Element>,
    /// Number of elements of earlier conversations.
    base: u32,
    /// Callbacks of the page.
    _listeners: Vec<Closure<dyn FnMut(Event)>>,
}

impl View {
    /// Finds the elements and reports the user's actions.
    pub fn find(tell: &UnboundedSender<Input>) -> Result<Self, JsValue> {
        let document = web_sys::window().and_then(|window| window.document());
        let document = document.ok_or("no document")?;
        let message: HtmlInputElement = find(&document, "message")?;
        let connect: HtmlButtonElement = find(&document, "connect")?;
        let speak: HtmlButtonElement = find(&document, "speak")?;
        let mut listeners = Vec::new();
        let mut listen = |element: &HtmlElement, event: &str, on: Box<dyn Fn() -> Input>| {
            let tell = tell.clone();
            let listener = Closure::new(move |event: Event| {
                event.prevent_default();
                // An error means that the app has ended.
                let _ = tell.unbounded_send(on());
            });
            let added =
                element.add_event_listener_with_callback(event, listener.as_ref().unchecked_ref());
            listeners.push(listener);
            added
        };
        listen(&connect, "click", Box::new(|| Input::Connect))?;
        listen(&speak, "click", Box::new(|| Input::Speak))?;
        let take = move || {
            let text = message.value();
            message.set_value("");
            Input::Say(text)
        };
        listen(&find(&document, "composer")?, "submit", Box::new(take))?;
        Ok(Self {
            status: find(&document, "status")?,
            conversation: find(&document, "conversation")?,
            notice: find(&document, "notice")?,
            notice_text: find(&document, "notice-text")?,
            speak_label: find(&document, "speak-label")?,
            send: find(&document, "send")?,
            microphone: find(&document, "microphone")?,
            speaker: find(&document, "speaker")?,
            usage: find(&document, "usage")?,
            connect,
            speak,
            document,
            items: HashMap::new(),
            base: 0,
            _listeners: listeners,
        })
    }

    /// Shows the state of the connection.
    pub fn state(&self, state: State, words: &str) {
        let name = match state {
            State::Connecting => "connecting",
            State::Connected => "connected",
            State::Reconnecting => "reconnecting",
            State::Closed => "closed",
        };
        // The name is valid.
        let _ = self.status.set_attribute("data-state", name);
        self.status.set_text_content(Some(words));
        // Events in an outage are queued.
        let is_on = matches!(state, State::Connected | State::Reconnecting);
        self.send.set_disabled(!is_on);
        self.speak.set_disabled(!is_on);
        self.connect.set_hidden(state != State::Closed);
    }

    /// Shows an error in place of the one before.
    pub fn notice(&self, words: Option<&str>) {
        self.notice_text.set_text_content(words);
        self.notice.set_hidden(words.is_none());
        // The notice leaves less room for the conversation.
        self.scroll();
    }

    /// Shows the state of the microphone.
    pub fn speaking(&self, speaking: Speaking) {
        let on = speaking == Speaking::On;
        // The name is valid.
        let _ = self.speak.set_attribute("data-on", &on.to_string());
        self.speak.set_disabled(speaking == Speaking::Asking);
        self.speak_label
            .set_text_content(Some(if on { "Stop" } else { "Speak" }));
        if !on {
            self.hear(Level::SILENCE);
        }
    }

    /// Shows the level of the microphone, in decibels.
    pub fn hear(&self, decibels: f32) {
        self.microphone.set_value(meter_value(decibels).into());
    }

    /// Returns the meter of the reply's level.
    pub fn speaker_meter(&self) -> HtmlMeterElement {
        self.speaker.clone()
    }

    /// Shows the tokens that the conversation used.
    pub fn usage(&self, tokens: &Tokens) {
        let (read, written) = (tokens.input.total, tokens.output.total);
        let words = format!("{} tokens: {read} read, {written} written", tokens.total());
        self.usage.set_text_content(Some(&words));
    }

    /// Begins a conversation below the one before.
    pub fn begin(&mut self) {
        self.base = self.conversation.children().length();
    }

    /// Shows that the user begins to speak. What was said follows.
    pub fn expect(&mut self, id: &str) -> Result<(), JsValue> {
        let item = self.item(id)?;
        if item.parent_element().is_none() {
            label(&item, "person", "You")?;
            item.set_attribute("aria-busy", "true")?;
            self.conversation.append_child(&item)?;
            self.scroll();
        }
        Ok(())
    }

    /// Adds an entry of the history at its place.
    pub fn add(&mut self, at: usize, entry: &HistoryEntry) -> Result<(), JsValue> {
        let item = self.item(entry.id().unwrap_or_default())?;
        match (entry.kind(), entry.role()) {
            (EntryKind::Message, Some(Role::User)) => label(&item, "person", "You")?,
            (EntryKind::Message, Some(Role::Assistant)) => label(&item, "model", "Assistant")?,
            (EntryKind::FunctionCall, _) => label(&item, "tool", "Tool")?,
            (EntryKind::FunctionOutput, _) => label(&item, "tool output", "Result")?,
            _ => item.set_attribute("hidden", "")?,
        }
        self.put(at, &item)?;
        self.update(at, entry)
    }

    /// Shows an entry of the history as it is now.
    pub fn update(&self, at: usize, entry: &HistoryEntry) -> Result<(), JsValue> {
        let Some(item) = self.at(at) else {
            return Ok(());
        };
        let text = words(entry);
        if let Some(shown) = item.last_element_child() {
            let before = shown.text_content().unwrap_or_default();
            match text.strip_prefix(&before) {
                Some("") => {}
                Some(more) => shown.append_with_str_1(more)?,
                None => shown.set_text_content(Some(&text)),
            }
        }
        let is_heard = entry.role() == Some(&Role::User) && text.is_empty();
        let is_busy = entry.status == EntryStatus::InProgress || is_heard;
        item.set_attribute("aria-busy", &is_busy.to_string())?;
        self.scroll();
        Ok(())
    }

    /// Removes an entry of the history.
    pub fn remove(&self, at: usize) {
        if let Some(item) = self.at(at) {
            item.remove();
        }
    }

    /// Moves an entry of the history.
    pub fn shift(&self, from: usize, to: usize) -> Result<(), JsValue> {
        match self.at(from) {
            Some(item) => {
                item.remove();
                self.put(to, &item)
            }
            None => Ok(()),
        }
    }

    /// Marks something that the user said as understood, even if it is no word.
    pub fn understood(&self, id: &str) -> Result<(), JsValue> {
        match self.items.get(id) {
            Some(item) => item.set_attribute("aria-busy", "false"),
            None => Ok(()),
        }
    }

    /// Shows that a tool runs, or does so no longer.
    pub fn tool(&self, id: &str, is_running: bool) -> Result<(), JsValue> {
        let toggle = |item: &Element| item.class_list().toggle_with_force("running", is_running);
        self.items.get(id).map_or(Ok(false), toggle).map(drop)
    }

    /// Marks an item as interrupted.
    pub fn interrupted(&self, id: &str) -> Result<(), JsValue> {
        let mark = |item: &Element| item.class_list().add_1("interrupted");
        self.items.get(id).map_or(Ok(()), mark)
    }

    /// Marks all incomplete items as ended.
    pub fn give_up(&self) -> Result<(), JsValue> {
        for item in self.items.values() {
            item.class_list().remove_1("running")?;
            if item.get_attribute("aria-busy").as_deref() == Some("true") {
                item.set_attribute("aria-busy", "false")?;
                item.class_list().add_1("lost")?;
            }
        }
        Ok(())
    }

    /// Returns the element of an item, which is made if it is new.
    fn item(&mut self, id: &str) -> Result<Element, JsValue> {
        if let Some(item) = self.items.get(id) {
            return Ok(item.clone());
        }
        let item = self.document.create_element("li")?;
        let who = self.document.create_element("span")?;
        who.set_class_name("who");
        item.append_child(&who)?;
        item.append_child(&*self.document.create_element("p")?)?;
        self.items.insert(id.to_owned(), item.clone());
        Ok(item)
    }

    /// Returns the element at a place of the history.
    fn at(&self, at: usize) -> Option<Element> {
        let at = u32::try_from(at).ok()?.checked_add(self.base)?;
        self.conversation.children().item(at)
    }

    fn put(&self, at: usize, item: &Element) -> Result<(), JsValue> {
        let next = self.at(at);
        let next = next.as_deref();
        self.conversation.insert_before(item, next)?;
        self.scroll();
        Ok(())
    }

    /// Scrolls to the end of the conversation, unless the user has scrolled up.
    fn scroll(&self) {
        let list = &self.conversation;
        let below = list.scroll_height() - list.scroll_top() - list.client_height();
        if below < 200 {
            list.set_scroll_top(list.scroll_height());
        }
    }
}

/// Returns the reading of a meter for a level in decibels: 0 at -60, 1 at full scale.
pub fn meter_value(decibels: f32) -> f32 {
    (1.0 + decibels / 60.0).clamp(0.0, 1.0)
}

/// Says who an item is from.
fn label(item: &Element, class: &str, who: &str) -> Result<(), JsValue> {
    for name in class.split(' ') {
        item.class_list().add_1(name)?;
    }
    if let Some(label) = item.first_element_child() {
        label.set_text_content(Some(who));
    }
    Ok(())
}

/// Returns the text of an entry, as it is shown.
fn words(entry: &HistoryEntry) -> String {
    let text = entry.text();
    match &entry.item {
        Item::FunctionCall(call) => {
            let arguments = if text == "{}" { "" } else { &*text };
            format!("{}({arguments})", call.name)
        }
        _ if text.is_empty() && entry.transcription_failed => {
            "(This was not understood.)".to_owned()
        }
        _ => text.into_owned(),
    }
}

fn find<T: JsCast>(document: &Document, id: &str) -> Result<T, JsValue> {
    let element = document.get_element_by_id(id);
    let element = element.and_then(|element| element.dyn_into().ok());
    element.ok_or_else(|| format!("the page has no proper #{id}").into())
}
