//! Elements of the page.

use std::collections::HashMap;

use futures_channel::mpsc::UnboundedSender;
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

/// Speaker of a message.
#[derive(Clone, Copy)]
pub enum Who {
    Person,
    Model,
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
    /// Text of each item of the conversation.
    said: HashMap<String, Element>,
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
            connect,
            speak,
            document,
            said: HashMap::new(),
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
            self.hear(0.0);
        }
    }

    /// Shows the level of the microphone.
    pub fn hear(&self, level: f32) {
        self.microphone.set_value(level.into());
    }

    /// Returns the meter of the reply's level.
    pub fn speaker_meter(&self) -> HtmlMeterElement {
        self.speaker.clone()
    }

    /// Adds an empty item of the conversation, if it is new. Its text follows.
    pub fn expect(&mut self, item: &str, who: Who) -> Result<(), JsValue> {
        if !self.said.contains_key(item) {
            let (class, name) = match who {
                Who::Person => ("person", "You"),
                Who::Model => ("model", "Assistant"),
            };
            let entry = self.document.create_element("li")?;
            entry.set_class_name(class);
            entry.set_attribute("aria-busy", "true")?;
            let label = self.document.create_element("span")?;
            label.set_class_name("who");
            label.set_text_content(Some(name));
            let text = self.document.create_element("p")?;
            entry.append_child(&label)?;
            entry.append_child(&text)?;
            self.conversation.append_child(&entry)?;
            self.said.insert(item.to_owned(), text);
            self.scroll();
        }
        Ok(())
    }

    /// Adds to the text of an item.
    pub fn append(&mut self, item: &str, who: Who, delta: &str) -> Result<(), JsValue> {
        self.expect(item, who)?;
        if let Some(text) = self.said.get(item) {
            text.append_with_str_1(delta)?;
            self.scroll();
        }
        Ok(())
    }

    /// Marks the text of an item as complete, and sets it if it was not shown in pieces.
    pub fn complete(&mut self, item: &str, whole: Option<&str>) -> Result<(), JsValue> {
        if let Some(text) = self.said.get(item) {
            // The pieces were shown already.
            if whole.is_some() && whole != text.text_content().as_deref() {
                text.set_text_content(whole);
            }
            if let Some(entry) = text.parent_element() {
                entry.set_attribute("aria-busy", "false")?;
            }
            self.scroll();
        }
        Ok(())
    }

    /// Marks all incomplete items as ended.
    pub fn give_up(&self) -> Result<(), JsValue> {
        for text in self.said.values() {
            let Some(entry) = text.parent_element() else {
                continue;
            };
            if entry.get_attribute("aria-busy").as_deref() == Some("true") {
                entry.set_attribute("aria-busy", "false")?;
                entry.class_list().add_1("lost")?;
            }
        }
        Ok(())
    }

    /// Marks an item as interrupted.
    pub fn interrupted(&self, item: &str) -> Result<(), JsValue> {
        match self.said.get(item).and_then(|text| text.parent_element()) {
            Some(entry) => entry.class_list().add_1("interrupted"),
            None => Ok(()),
        }
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

fn find<T: JsCast>(document: &Document, id: &str) -> Result<T, JsValue> {
    let element = document.get_element_by_id(id);
    let element = element.and_then(|element| element.dyn_into().ok());
    element.ok_or_else(|| format!("the page has no proper #{id}").into())
}
