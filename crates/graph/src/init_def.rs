//! A registered initialiser.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::init::Initialiser;
use crate::registry::OptionDoc;

type InitFn =
    dyn Fn(&mut dyn erased_serde::Deserializer<'_>) -> Result<Arc<dyn Initialiser>, erased_serde::Error> + Send + Sync;

/// A registered initialiser.
pub struct InitDef {
    /// The name in a model file.
    pub name: &'static str,
    /// What it draws, as a formula.
    pub summary: &'static str,
    /// Whether it takes one value bare: `Const(0.01)`.
    pub bare: bool,
    /// The options, in order.
    pub options: Vec<OptionDoc>,
    parse: Box<InitFn>,
}

impl fmt::Debug for InitDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InitDef").field("name", &self.name).finish_non_exhaustive()
    }
}

impl InitDef {
    /// An initialiser that is its own options struct.
    #[must_use]
    pub fn new<I: Initialiser + DeserializeOwned + 'static>(name: &'static str, summary: &'static str) -> InitDef {
        let parse = |from: &mut dyn erased_serde::Deserializer<'_>| {
            Ok(Arc::new(erased_serde::deserialize::<I>(from)?) as Arc<dyn Initialiser>)
        };
        InitDef { name, summary, bare: false, options: Vec::new(), parse: Box::new(parse) }
    }

    /// The same, taking its one value bare: its type reads from that value.
    #[must_use]
    pub fn bare(mut self) -> InitDef {
        self.bare = true;
        self
    }

    /// Documents an option.
    #[must_use]
    pub fn option(
        mut self,
        name: &'static str,
        kind: &'static str,
        default: Option<&'static str>,
        doc: &'static str,
    ) -> InitDef {
        self.options.push(OptionDoc { name, kind, default, doc });
        self
    }

    /// Reads the rule from its options, or from its one value.
    ///
    /// # Errors
    /// An unknown field, a missing one, or a value of the wrong kind.
    pub fn parse(
        &self,
        from: &mut dyn erased_serde::Deserializer<'_>,
    ) -> Result<Arc<dyn Initialiser>, erased_serde::Error> {
        (self.parse)(from)
    }
}
