//! A checkpoint without a backbone, and a second file that has it.

use std::collections::HashMap;

use super::ResolveError;
use crate::checkpoint::TensorError;
use crate::weights::Weights;

/// The reconstruction from one file and the backbone from another, seen as one.
pub struct WithBackbone<'a> {
    head: &'a dyn Weights,
    backbone: &'a dyn Weights,
    /// Our name (`backbone._conv_stem.weight`) to the file's.
    names: HashMap<String, String>,
    /// Our names, in the order of the file.
    order: Vec<String>,
}

impl<'a> WithBackbone<'a> {
    /// Puts the two together. Published backbone files hold bare names (`_conv_stem.weight`, `conv1.weight`); a whole
    /// checkpoint will do as well, then only its `backbone.` is taken.
    ///
    /// # Errors
    /// [`ResolveError::TwoBackbones`] when `head` has one already, [`ResolveError::NoBackbone`] when the file has none.
    pub fn new(head: &'a dyn Weights, backbone: &'a dyn Weights) -> Result<Self, ResolveError> {
        let tensors = head.names().filter(|name| name.starts_with("backbone.")).count();
        if tensors > 0 {
            return Err(ResolveError::TwoBackbones { tensors });
        }
        let whole = backbone.names().any(|name| name.starts_with("backbone."));
        let mut names = HashMap::new();
        let mut order = Vec::new();
        for name in backbone.names().filter(|name| !whole || name.starts_with("backbone.")) {
            let ours = if whole { name.to_owned() } else { format!("backbone.{name}") };
            order.push(ours.clone());
            names.insert(ours, name.to_owned());
        }
        if order.is_empty() {
            return Err(ResolveError::NoBackbone { expected: "a backbone".into() });
        }
        Ok(Self { head, backbone, names, order })
    }
}

impl Weights for WithBackbone<'_> {
    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(self.order.iter().map(String::as_str).chain(self.head.names()))
    }

    fn shape(&self, name: &str) -> Option<&[usize]> {
        match self.names.get(name) {
            Some(theirs) => self.backbone.shape(theirs),
            None => self.head.shape(name),
        }
    }

    fn read(&self, name: &str) -> Result<Vec<f32>, TensorError> {
        match self.names.get(name) {
            Some(theirs) => self.backbone.read(theirs),
            None => self.head.read(name),
        }
    }
}
