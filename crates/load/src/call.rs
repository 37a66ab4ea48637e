//! Calls of registered ops: what goes to ports, parameters, initialisers and options.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use graphrun_graph::OpDef;

use crate::diagnostics::{Code, Diagnostic};
use crate::expand::{Expander, Written};
use crate::flat::{OpCall, Ref};
use crate::options::Given;
use crate::scope::Scope;
use crate::syntax::{Arg, Kind, Name, Value};

impl<'t, 'r> Expander<'t, 'r> {
    /// A call of a registered op.
    pub(crate) fn op(
        &mut self,
        def: &'r OpDef,
        written: Written<'t>,
        scope: &Rc<Scope<'t>>,
        fed: Option<Ref>,
    ) -> Option<OpCall<'r>> {
        let mut ports: Vec<Vec<Ref>> = vec![Vec::new(); def.ports.len()];
        let fed_first = fed.is_some();
        if let (Some(fed), Some(first)) = (fed, ports.first_mut()) {
            first.push(fed);
        }
        let mut shared = Vec::new();
        let mut inits = BTreeMap::new();
        let mut rest = Given { def, head: written.head.span, options: Vec::new(), misnamed: false, scope };
        let mut good = true;
        if written.args.first().is_some_and(|arg| arg.name.is_none()) {
            good = self.positional(def, written, scope, &mut ports, fed_first);
            // What is one too many among the inputs is likely the option that is missing.
            let variadic = def.ports.last().is_some_and(|port| port.variadic);
            rest.misnamed = !variadic && written.args.len() + usize::from(fed_first) > def.ports.len();
        }
        for (name, value) in self.named_args(def.name, written, scope)? {
            let text = name.text.as_str();
            if let Some(k) = def.ports.iter().position(|port| port.name == text) {
                if k == 0 && fed_first {
                    let message = format!("the first input of {} is fed already", def.name);
                    let found = Diagnostic::new(Code::Inputs, name.span, message, "leave this out");
                    self.report(scope, found.help("delete it: what stands before in the chain is fed to it"));
                    good = false;
                } else {
                    match self.port(def, k, value, scope) {
                        Some(refs) => ports[k] = refs,
                        None => good = false,
                    }
                }
            } else if let Some(param) =
                def.params.iter().find(|param| **param == text && !matches!(value.kind, Kind::Bool(_)))
            {
                match self.shared(def, param, value, scope) {
                    Some(target) => shared.push((*param, target)),
                    None => good = false,
                }
            } else if def.inits.contains(&text) {
                match self.init(value, scope) {
                    Some(init) => drop(inits.insert(text.to_owned(), (init, value.span))),
                    None => good = false,
                }
            } else if def.options.iter().any(|option| option.name == text) {
                rest.options.push((name, value));
            } else {
                rest.misnamed = true;
                self.unknown_option(def, name, scope);
            }
        }
        for (k, port) in def.ports.iter().enumerate() {
            if good && ports[k].is_empty() && !port.optional {
                good = false;
                let names: Vec<&str> = def.ports.iter().map(|port| port.name).collect();
                let message = format!("{} lacks its input `{}`", def.name, port.name);
                let found = Diagnostic::new(Code::Inputs, written.head.span, message, "too few inputs");
                self.report(scope, found.help(format!("its inputs are, in order: {}", names.join(", "))));
            }
        }
        ports.iter_mut().for_each(Vec::shrink_to_fit);
        let options = self.read_options(&rest);
        match options.filter(|_| good && !rest.misnamed) {
            Some((options, numbers)) => Some(OpCall { def, ports, shared, inits, options, numbers }),
            None => {
                let frame = &scope.frame;
                let mentions = ports.into_iter().flatten().chain(shared.into_iter().map(|(_, it)| it));
                self.flat.loose.extend(mentions.map(|it| (it, frame.clone())));
                None
            }
        }
    }

    /// The declared parameter that takes the place of an owned one.
    fn shared(&mut self, def: &OpDef, param: &str, value: &'t Value, scope: &Rc<Scope<'t>>) -> Option<Ref> {
        if matches!(value.kind, Kind::Word(_) | Kind::Str(_) | Kind::Bad) && value.as_real().is_none() {
            return self.reference(value, scope);
        }
        let flag = def.options.iter().any(|option| option.name == param);
        let expected = if flag { "true, false, or the name of a parameter" } else { "the name of a parameter" };
        let message = format!("`{param}` of {} is {expected}, and this is {}", def.name, value.describe());
        let found = Diagnostic::new(Code::BadOption, value.span, message, format!("{} here", value.describe()));
        self.report(scope, found.help(format!("`graphrun ops {}` shows what it has", def.name)));
        None
    }

    /// The inputs of a positional call, one a port, the rest to a variadic one.
    fn positional(
        &mut self,
        def: &'r OpDef,
        written: Written<'t>,
        scope: &Rc<Scope<'t>>,
        ports: &mut [Vec<Ref>],
        fed: bool,
    ) -> bool {
        let mut good = true;
        let mut k = usize::from(fed && !def.ports.first().is_some_and(|port| port.variadic));
        for arg in written.args {
            let Some(port) = def.ports.get(k) else {
                let takes = match def.ports.len() {
                    1 => "1 input".to_owned(),
                    n => format!("{n} inputs"),
                };
                let message = format!("{} takes {takes}, and more are given", def.name);
                let found = Diagnostic::new(Code::Inputs, arg.value.span, message, "one too many");
                self.report(scope, found.help(self.in_order(def, written, usize::from(fed))));
                return false;
            };
            match self.reference(&arg.value, scope) {
                Some(target) => ports[k].push(target),
                None => good = false,
            }
            k += usize::from(!port.variadic);
        }
        good
    }

    /// How a positional call of too many arguments is written: named, when those behind the inputs can be its options.
    fn in_order(&self, def: &OpDef, written: Written<'t>, fed: usize) -> String {
        let ports = || def.ports.iter().map(|port| port.name);
        let names: Vec<&str> = ports().skip(fed).chain(def.options.iter().map(|option| option.name)).collect();
        let numbers =
            written.args.iter().skip(def.ports.len().saturating_sub(fed)).all(|arg| arg.value.as_word().is_none());
        if numbers && written.args.len() <= names.len() {
            let text = |arg: &Arg| self.diagnostics.sources.slice(arg.value.span);
            let named: Vec<String> =
                names.iter().zip(written.args).map(|(name, arg)| format!("{name}: {}", text(arg))).collect();
            return format!("options are given by name: write `{}({})`", def.name, named.join(", "));
        }
        format!("its inputs are, in order: {}; options are given by name", ports().collect::<Vec<_>>().join(", "))
    }

    /// What a named port is given: one node, or a list of them for a variadic port.
    fn port(&mut self, def: &OpDef, k: usize, value: &'t Value, scope: &Rc<Scope<'t>>) -> Option<Vec<Ref>> {
        match &value.kind {
            Kind::List(items) if def.ports[k].variadic => {
                let refs: Vec<Option<Ref>> = items.iter().map(|item| self.reference(item, scope)).collect();
                refs.into_iter().collect()
            }
            _ if def.ports[k].variadic && value.kind != Kind::Bad => {
                let port = def.ports[k].name;
                let message =
                    format!("the input `{port}` of {} is a list of nodes, and this is {}", def.name, value.describe());
                let found = Diagnostic::new(Code::WrongKind, value.span, message, "not a list");
                self.report(scope, found.help(format!("write `{port}: [a, b]`")));
                None
            }
            _ => Some(vec![self.reference(value, scope)?]),
        }
    }

    /// The arguments of a named call, none of them twice; nothing when a name is repeated.
    pub(crate) fn named_args(
        &mut self,
        what: &str,
        written: Written<'t>,
        scope: &Rc<Scope<'t>>,
    ) -> Option<Vec<(&'t Name, &'t Value)>> {
        let mut list: Vec<(&'t Name, &'t Value)> = Vec::new();
        let mut first: HashMap<&'t str, &'t Name> = HashMap::new();
        let mut good = true;
        for arg in written.args {
            let Some(name) = &arg.name else { continue };
            if let Some(first) = first.insert(&name.text, name) {
                let message = format!("{what} is given `{}` twice", name.text);
                let found = Diagnostic::new(Code::DuplicateKey, name.span, message, "again here");
                self.report(scope, found.second(first.span, "first here"));
                good = false;
                continue;
            }
            list.push((name, &arg.value));
        }
        good.then_some(list)
    }

    fn unknown_option(&mut self, def: &OpDef, name: &Name, scope: &Rc<Scope<'t>>) {
        let ports = def.ports.iter().map(|port| port.name);
        let known: Vec<&str> =
            ports.chain(def.params.iter().copied()).chain(def.options.iter().map(|o| o.name)).collect();
        let message = format!("{} has no input or option `{}`", def.name, name.text);
        let found = Diagnostic::new(Code::UnknownOption, name.span, message, "unknown here");
        let found = found.help(format!("`graphrun ops {}` shows what it has", def.name)).suggest(&name.text, known);
        self.report(scope, found);
    }
}
