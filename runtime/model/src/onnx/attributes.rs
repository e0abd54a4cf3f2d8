//! Attributes of a node, with what the standard says where one is left out.

use super::messages::{AttributeProto, NodeProto};

impl NodeProto {
    /// The attribute of that name. A checked file has none twice, and each is of the type that its operator says.
    pub fn attribute_named(&self, name: &str) -> Option<&AttributeProto> {
        self.attribute.iter().find(|attribute| attribute.name() == name)
    }

    /// An integer.
    pub fn int(&self, name: &str, default: i64) -> i64 {
        self.attribute_named(name).map_or(default, AttributeProto::i)
    }

    /// A number.
    pub fn float(&self, name: &str, default: f32) -> f32 {
        self.attribute_named(name).map_or(default, AttributeProto::f)
    }

    /// A list of integers.
    pub fn ints(&self, name: &str) -> Option<&[i64]> {
        self.attribute_named(name).map(|attribute| attribute.ints.as_slice())
    }

    /// A word. Bytes that are none are a sign that no operator knows.
    pub fn text<'a>(&'a self, name: &str, default: &'a str) -> &'a str {
        let read = |attribute: &'a AttributeProto| std::str::from_utf8(attribute.s()).unwrap_or("\u{FFFD}");
        self.attribute_named(name).map_or(default, read)
    }
}

/// The dimension of a tensor of `rank` that a value names; negative ones count from the last.
pub fn axis(value: i64, rank: usize) -> Option<usize> {
    let value = if value < 0 { value.checked_add(i64::try_from(rank).ok()?)? } else { value };
    usize::try_from(value).ok().filter(|&axis| axis < rank)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_axes_count_from_the_last() {
        assert_eq!(axis(-1, 3), Some(2));
        assert_eq!(axis(-4, 3), None);
        assert_eq!(axis(3, 3), None);
        assert_eq!(axis(i64::MIN, 3), None);
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let node = NodeProto::default().with(vec![
            AttributeProto::int("axis", -2),
            AttributeProto::float("alpha", 0.5),
            AttributeProto::text("mode", "linear"),
            AttributeProto { s: Some(vec![0xFF].into()), ..AttributeProto::text("broken", "") },
        ]);
        assert_eq!((node.int("axis", 1), node.int("keepdims", 1)), (-2, 1));
        assert_eq!((node.float("alpha", 1.0), node.float("beta", 1.0)), (0.5, 1.0));
        assert_eq!(
            ["mode", "nearest_mode", "broken"].map(|name| node.text(name, "floor")),
            ["linear", "floor", "\u{FFFD}"]
        );
        assert_eq!(node.ints("pads"), None);
    }
}
