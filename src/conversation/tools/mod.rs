//! Tools: functions of the application that the model can call.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_channel::oneshot;
use futures_util::FutureExt;
use serde::de::DeserializeOwned;

use crate::platform::{BoxFuture, Callback, MaybeSend, MaybeSync};
use crate::protocol::{FunctionTool, Tool};

mod calls;
mod output;
mod runs;

pub use calls::{ToolCall, ToolCallKind, ToolCalls};
pub use output::{Background, Json, ToolOutput, ToolResult};
pub(super) use runs::{FinishedRun, ToolRuns};

/// Functions of the application that the model can call, and how they are run.
///
/// A tool is a name, a description, and an asynchronous function of one argument, which is read
/// from the model's JSON. With the feature `schemars`, `Tools::tool` derives the JSON Schema of the
/// argument from its type; [`function`](Self::function) takes a schema written by hand.
///
/// ```
/// # #[cfg(feature = "schemars")] {
/// use openai_realtime_ws::conversation::Tools;
/// use schemars::JsonSchema;
/// use serde::Deserialize;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct City {
///     /// Name of the city, in English.
///     name: String,
/// }
///
/// let tools = Tools::new()
///     .tool("weather", "Current weather in a city", |city: City| async move {
///         format!("It is sunny in {}.", city.name)
///     })
///     .tool("hang_up", "Ends the call", |(): ()| async { Err::<(), _>("the line is busy") });
/// # }
/// ```
///
/// Every call is answered once. The model is told of an unknown tool, of arguments that do not fit,
/// of an error, a panic or a timeout by an output of the form `{"error":"…"}`. In wasm a panic ends
/// the program.
///
/// The function returns a [`ToolOutput`]: text, [`Json`], a `Result` of them, or [`Background`] for
/// an output that the model need not speak about.
#[derive(Clone)]
pub struct Tools {
    functions: Vec<RegisteredTool>,
    approval: Option<Arc<Callback<ToolCall, BoxFuture<Approval>>>>,
    spawn: Option<Arc<Callback<SpawnedTool, ()>>>,
    pub(super) timeout: Duration,
    pub(super) concurrency: usize,
    pub(super) max_steps: u32,
}

#[derive(Clone)]
struct RegisteredTool {
    definition: FunctionTool,
    run: Arc<Callback<ToolCall, BoxFuture<ToolResult>>>,
}

/// A tool's future on its way to the executor of the caller.
struct SpawnedTool(std::sync::Mutex<Option<BoxFuture<()>>>);

/// Decision about a call: see [`Tools::approval`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Approval {
    /// The call is made.
    Approve,
    /// The call is not made, and the model is told the reason.
    Deny(String),
}

impl From<bool> for Approval {
    fn from(approve: bool) -> Self {
        if approve {
            Self::Approve
        } else {
            Self::Deny("the user did not approve".to_owned())
        }
    }
}

impl Default for Tools {
    fn default() -> Self {
        Self::new()
    }
}

impl Tools {
    /// Returns a set without tools.
    #[must_use]
    pub fn new() -> Self {
        Self {
            functions: Vec::new(),
            approval: None,
            spawn: None,
            timeout: Duration::from_secs(60),
            concurrency: 8,
            max_steps: 10,
        }
    }

    /// Adds a tool whose argument describes itself.
    #[cfg(feature = "schemars")]
    #[must_use]
    pub fn tool<A, F, Fut, O>(self, name: &str, description: &str, function: F) -> Self
    where
        A: DeserializeOwned + schemars::JsonSchema + MaybeSend + 'static,
        F: Fn(A) -> Fut + MaybeSend + MaybeSync + 'static,
        Fut: Future<Output = O> + MaybeSend + 'static,
        O: ToolOutput,
    {
        let definition = FunctionTool::default()
            .name(name)
            .description(description)
            .parameters(schema_of::<A>());
        self.function(definition, function)
    }

    /// Adds a tool with a definition written by hand. A tool of the same name is replaced.
    ///
    /// ```
    /// use openai_realtime_ws::conversation::{Json, Tools};
    /// use openai_realtime_ws::protocol::FunctionTool;
    /// use serde::Deserialize;
    /// use serde_json::json;
    ///
    /// #[derive(Deserialize)]
    /// struct City {
    ///     name: String,
    /// }
    ///
    /// let weather = FunctionTool::default()
    ///     .name("weather")
    ///     .description("Current weather in a city")
    ///     .parameters(json!({"type": "object", "properties": {"name": {"type": "string"}},
    ///         "required": ["name"]}));
    /// let tools = Tools::new().function(weather, |city: City| async move {
    ///     Json(json!({"city": city.name, "celsius": 21}))
    /// });
    /// # assert_eq!(tools.definitions().len(), 1);
    /// ```
    #[must_use]
    pub fn function<A, F, Fut, O>(mut self, definition: FunctionTool, function: F) -> Self
    where
        A: DeserializeOwned + MaybeSend + 'static,
        F: Fn(A) -> Fut + MaybeSend + MaybeSync + 'static,
        Fut: Future<Output = O> + MaybeSend + 'static,
        O: ToolOutput,
    {
        let function = Arc::new(function);
        let run = move |call: &ToolCall| -> BoxFuture<ToolResult> {
            let function = Arc::clone(&function);
            match read_arguments(&call.arguments) {
                // The function itself may panic, too, so it is called where that is caught.
                Ok(arguments) => Box::pin(async move { function(arguments).await.into_result() }),
                Err(error) => {
                    let error = format!("the arguments do not fit: {error}");
                    Box::pin(std::future::ready(ToolResult::error(error)))
                }
            }
        };
        self.functions
            .retain(|tool| tool.definition.name != definition.name);
        self.functions.push(RegisteredTool {
            definition,
            run: Arc::new(run),
        });
        self
    }

    /// Sets the longest time of a call, approval included: 60 s unless set.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the number of calls that run at a time: 8 unless set. Further ones wait.
    #[must_use]
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.max(1);
        self
    }

    /// Sets the number of replies to tools' outputs that may follow each other without the user: 10
    /// unless set. The model must then reply without calling tools.
    #[must_use]
    pub fn max_steps(mut self, steps: u32) -> Self {
        self.max_steps = steps;
        self
    }

    /// Asks before every call, also before those of MCP servers that require approval:
    /// [`ToolCall::kind`] tells them apart.
    ///
    /// ```
    /// use openai_realtime_ws::conversation::{Approval, ToolCall, Tools};
    ///
    /// let tools = Tools::new().approval(|call: &ToolCall| {
    ///     let harmless = call.name.starts_with("get_");
    ///     async move { Approval::from(harmless) }
    /// });
    /// ```
    #[must_use]
    pub fn approval<F, Fut>(mut self, decide: F) -> Self
    where
        F: Fn(&ToolCall) -> Fut + MaybeSend + MaybeSync + 'static,
        Fut: Future<Output = Approval> + MaybeSend + 'static,
    {
        let decide = move |call: &ToolCall| -> BoxFuture<Approval> { Box::pin(decide(call)) };
        self.approval = Some(Arc::new(decide));
        self
    }

    /// Runs the tools on an executor, in place of inside the conversation: for tools that compute
    /// for long without awaiting.
    ///
    /// ```no_run
    /// # use openai_realtime_ws::conversation::Tools;
    /// # #[cfg(feature = "native")]
    /// let tools = Tools::new().run_on(|tool| {
    ///     tokio::spawn(tool);
    /// });
    /// ```
    #[must_use]
    pub fn run_on(
        mut self,
        spawn: impl Fn(BoxFuture<()>) + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        let spawn = move |tool: &SpawnedTool| {
            let tool = tool.0.lock().ok().and_then(|mut tool| tool.take());
            if let Some(tool) = tool {
                spawn(tool);
            }
        };
        self.spawn = Some(Arc::new(spawn));
        self
    }

    /// Returns the definitions, for the session's configuration.
    pub fn definitions(&self) -> Vec<Tool> {
        let definitions = self.functions.iter().map(|tool| tool.definition.clone());
        definitions.map(Tool::from).collect()
    }

    /// Returns true if there are no tools.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.functions.is_empty()
    }

    /// Runs a call: asks for approval, then calls the function. The result is an error if the tool
    /// is unknown, fails or panics. The timeout is the caller's to keep.
    ///
    /// # Cancel safety
    /// Dropping the future drops the tool's future.
    #[must_use]
    pub fn run(&self, call: &ToolCall) -> BoxFuture<ToolResult> {
        let approval = self.approval.as_ref().map(|decide| {
            let (decide, call) = (Arc::clone(decide), call.clone());
            async move { decide(&call).await }
        });
        let run = self.body(call);
        let call = call.clone();
        let guarded = AssertUnwindSafe(async move {
            let decision = match approval {
                Some(approval) => approval.await,
                // Nobody has approved of what an MCP server asks approval for.
                None if call.is_approval() => Approval::from(false),
                None => Approval::Approve,
            };
            match decision {
                Approval::Deny(reason) => ToolResult::denied(&reason),
                Approval::Approve => run(&call).await,
            }
        });
        let caught = guarded.catch_unwind();
        let tool = async move {
            caught
                .await
                .unwrap_or_else(|_| ToolResult::error("the tool panicked"))
        };
        match &self.spawn {
            Some(spawn) => spawned(spawn.as_ref(), tool),
            None => Box::pin(tool),
        }
    }

    /// Returns the function that runs a call once it is approved.
    fn body(&self, call: &ToolCall) -> Arc<Callback<ToolCall, BoxFuture<ToolResult>>> {
        let ready = |result: ToolResult| -> Arc<Callback<ToolCall, BoxFuture<ToolResult>>> {
            Arc::new(move |_: &ToolCall| Box::pin(std::future::ready(result.clone())))
        };
        if call.is_approval() {
            return ready(ToolResult::new(""));
        }
        let tool = self
            .functions
            .iter()
            .find(|tool| tool.definition.name == call.name);
        tool.map_or_else(
            || {
                ready(ToolResult::error(format!(
                    "there is no tool {:?}",
                    call.name
                )))
            },
            |tool| Arc::clone(&tool.run),
        )
    }
}

fn spawned(
    spawn: &Callback<SpawnedTool, ()>,
    tool: impl Future<Output = ToolResult> + MaybeSend + 'static,
) -> BoxFuture<ToolResult> {
    let (done, result) = oneshot::channel();
    let task = async move {
        // The conversation may be gone by now.
        let _ = done.send(tool.await);
    };
    spawn(&SpawnedTool(std::sync::Mutex::new(Some(Box::pin(task)))));
    Box::pin(async move {
        result
            .await
            .unwrap_or_else(|_| ToolResult::error("the tool was stopped"))
    })
}

/// Reads a call's arguments. Models leave them out if there are none.
fn read_arguments<A: DeserializeOwned>(arguments: &str) -> serde_json::Result<A> {
    match arguments.trim() {
        "" | "{}" => serde_json::from_str("{}").or_else(|_| serde_json::from_str("null")),
        arguments => serde_json::from_str(arguments),
    }
}

/// Returns the schema of a function's argument, which must be an object.
#[cfg(feature = "schemars")]
fn schema_of<A: schemars::JsonSchema>() -> serde_json::Value {
    let mut schema = schemars::schema_for!(A).to_value();
    if schema.get("type").is_none_or(|kind| kind == "null") && schema.get("properties").is_none() {
        return serde_json::json!({"type": "object", "properties": {}});
    }
    if let Some(members) = schema.as_object_mut() {
        members.remove("$schema");
        members.remove("title");
    }
    schema
}

impl fmt::Debug for Tools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.functions.iter().map(|tool| &tool.definition.name);
        f.debug_struct("Tools")
            .field("tools", &names.collect::<Vec<_>>())
            .field("timeout", &self.timeout)
            .field("concurrency", &self.concurrency)
            .field("max_steps", &self.max_steps)
            .finish_non_exhaustive()
    }
}
