//! The tables: message by message as in `onnx.proto`, and the standard's other fields by name, so that errors can name them.

use std::mem::size_of;

use super::{Field, Kind, Message};
use crate::onnx::{limits, messages as m};

const fn one(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind, at_most: 1, size: 0, is_data: false }
}

const fn list(number: u32, name: &'static str, kind: Kind, at_most: usize, size: usize) -> Field {
    Field { number, name, kind, at_most, size, is_data: false }
}

/// Elements of a tensor, as numbers or raw. Not decoded, or not copied.
const fn data(number: u32, name: &'static str, kind: Kind) -> Field {
    let at_most = if matches!(kind, Kind::Bytes) { 1 } else { limits::TENSOR_ELEMENTS };
    Field { number, name, kind, at_most, size: 0, is_data: true }
}

const fn refused(number: u32, name: &'static str) -> Field {
    one(number, name, Kind::Refused)
}

/// The file; its graph is not looked into.
pub static MODEL: Message = Message {
    name: "model",
    fields: &[
        one(1, "ir_version", Kind::Integer),
        one(2, "producer_name", Kind::Text(limits::DOC_BYTES)),
        one(3, "producer_version", Kind::Text(limits::DOC_BYTES)),
        one(4, "domain", Kind::Text(limits::DOC_BYTES)),
        one(5, "model_version", Kind::Integer),
        one(6, "doc_string", Kind::Text(limits::DOC_BYTES)),
        one(7, "graph", Kind::Bytes),
        list(
            8,
            "opset_import",
            Kind::Message(&OPERATOR_SET),
            limits::OPERATOR_SETS,
            size_of::<m::OperatorSetIdProto>(),
        ),
        list(
            14,
            "metadata_props",
            Kind::Message(&METADATA),
            limits::METADATA_ENTRIES,
            size_of::<m::StringStringEntryProto>(),
        ),
        refused(20, "training_info"),
        refused(25, "functions"),
        refused(26, "configuration"),
    ],
};

static OPERATOR_SET: Message =
    Message { name: "opset_import", fields: &[one(1, "domain", Kind::Name), one(2, "version", Kind::Integer)] };

static METADATA: Message = Message {
    name: "metadata_props",
    fields: &[one(1, "key", Kind::Text(limits::NAME_BYTES)), one(2, "value", Kind::Text(limits::METADATA_BYTES))],
};

/// The graph.
pub static GRAPH: Message = Message {
    name: "graph",
    fields: &[
        list(1, "node", Kind::Message(&NODE), limits::NODES, size_of::<m::NodeProto>()),
        one(2, "name", Kind::Name),
        list(5, "initializer", Kind::Message(&TENSOR), limits::INITIALIZERS, size_of::<m::TensorProto>()),
        one(10, "doc_string", Kind::Text(limits::DOC_BYTES)),
        list(11, "input", Kind::Message(&VALUE_INFO), limits::NODE_VALUES, size_of::<m::ValueInfoProto>()),
        list(12, "output", Kind::Message(&VALUE_INFO), limits::NODE_VALUES, size_of::<m::ValueInfoProto>()),
        refused(13, "value_info"),
        refused(14, "quantization_annotation"),
        refused(15, "sparse_initializer"),
        refused(16, "metadata_props"),
    ],
};

static NODE: Message = Message {
    name: "node",
    fields: &[
        list(1, "input", Kind::Name, limits::NODE_VALUES, size_of::<String>()),
        list(2, "output", Kind::Name, limits::NODE_VALUES, size_of::<String>()),
        one(3, "name", Kind::Name),
        one(4, "op_type", Kind::Name),
        list(5, "attribute", Kind::Message(&ATTRIBUTE), limits::ATTRIBUTES, size_of::<m::AttributeProto>()),
        one(6, "doc_string", Kind::Text(limits::DOC_BYTES)),
        one(7, "domain", Kind::Name),
        refused(8, "overload"),
        refused(9, "metadata_props"),
        refused(10, "device_configurations"),
    ],
};

static ATTRIBUTE: Message = Message {
    name: "attribute",
    fields: &[
        one(1, "name", Kind::Name),
        one(2, "f", Kind::Float),
        one(3, "i", Kind::Integer),
        one(4, "s", Kind::Name),
        refused(5, "t"),
        refused(6, "g"),
        list(7, "floats", Kind::Float, limits::ATTRIBUTE_NUMBERS, size_of::<f32>()),
        list(8, "ints", Kind::Integer, limits::ATTRIBUTE_NUMBERS, size_of::<i64>()),
        refused(9, "strings"),
        refused(10, "tensors"),
        refused(11, "graphs"),
        one(13, "doc_string", Kind::Text(limits::DOC_BYTES)),
        refused(14, "tp"),
        refused(15, "type_protos"),
        one(20, "type", Kind::Integer),
        refused(21, "ref_attr_name"),
        refused(22, "sparse_tensor"),
        refused(23, "sparse_tensors"),
    ],
};

static TENSOR: Message = Message {
    name: "initializer",
    fields: &[
        list(1, "dims", Kind::Integer, limits::RANK, size_of::<i64>()),
        one(2, "data_type", Kind::Integer),
        refused(3, "segment"),
        refused(4, "float_data"),
        refused(5, "int32_data"),
        refused(6, "string_data"),
        refused(7, "int64_data"),
        one(8, "name", Kind::Name),
        one(9, "raw_data", Kind::Bytes),
        refused(10, "double_data"),
        refused(11, "uint64_data"),
        one(12, "doc_string", Kind::Text(limits::DOC_BYTES)),
        refused(13, "external_data"),
        refused(14, "data_location"),
        refused(16, "metadata_props"),
    ],
};

static VALUE_INFO: Message = Message {
    name: "value",
    fields: &[
        one(1, "name", Kind::Name),
        one(2, "type", Kind::Message(&TYPE)),
        one(3, "doc_string", Kind::Text(limits::DOC_BYTES)),
        refused(4, "metadata_props"),
    ],
};

static TYPE: Message = Message {
    name: "type",
    fields: &[
        one(1, "tensor_type", Kind::Message(&TENSOR_TYPE)),
        refused(4, "sequence_type"),
        refused(5, "map_type"),
        one(6, "denotation", Kind::Name),
        refused(7, "opaque_type"),
        refused(8, "sparse_tensor_type"),
        refused(9, "optional_type"),
    ],
};

static TENSOR_TYPE: Message = Message {
    name: "tensor_type",
    fields: &[one(1, "elem_type", Kind::Integer), one(2, "shape", Kind::Message(&SHAPE))],
};

static SHAPE: Message = Message {
    name: "shape",
    fields: &[list(1, "dim", Kind::Message(&DIMENSION), limits::RANK, size_of::<m::tensor_shape_proto::Dimension>())],
};

static DIMENSION: Message = Message {
    name: "dim",
    fields: &[one(1, "dim_value", Kind::Integer), one(2, "dim_param", Kind::Name), one(3, "denotation", Kind::Name)],
};

/// The graph of somebody else's file: what exporters write beside what ours has. What this reader's schema lacks is not decoded, so its size is 0.
/// Parts of graphs inside of nodes, and data outside of the file, are refused as in ours.
pub static FOREIGN_GRAPH: Message = Message {
    name: "graph",
    fields: &[
        list(1, "node", Kind::Message(&FOREIGN_NODE), limits::NODES, size_of::<m::NodeProto>()),
        one(2, "name", Kind::Text(limits::DOC_BYTES)),
        list(5, "initializer", Kind::Message(&FOREIGN_TENSOR), limits::INITIALIZERS, size_of::<m::TensorProto>()),
        one(10, "doc_string", Kind::Text(limits::DOC_BYTES)),
        // Files of old versions list their constants among the inputs.
        list(11, "input", Kind::Message(&FOREIGN_VALUE), limits::INITIALIZERS, size_of::<m::ValueInfoProto>()),
        list(12, "output", Kind::Message(&FOREIGN_VALUE), limits::NODE_VALUES, size_of::<m::ValueInfoProto>()),
        list(13, "value_info", Kind::Message(&FOREIGN_VALUE), limits::VALUES, 0),
        refused(14, "quantization_annotation"),
        refused(15, "sparse_initializer"),
        list(16, "metadata_props", Kind::Message(&NOTE), limits::METADATA_ENTRIES, 0),
    ],
};

static FOREIGN_NODE: Message = Message {
    name: "node",
    fields: &[
        list(1, "input", Kind::Name, limits::NODE_VALUES, size_of::<String>()),
        list(2, "output", Kind::Name, limits::NODE_VALUES, size_of::<String>()),
        one(3, "name", Kind::Name),
        one(4, "op_type", Kind::Name),
        list(5, "attribute", Kind::Message(&FOREIGN_ATTRIBUTE), limits::ATTRIBUTES, size_of::<m::AttributeProto>()),
        one(6, "doc_string", Kind::Text(limits::DOC_BYTES)),
        one(7, "domain", Kind::Name),
        one(8, "overload", Kind::Name),
        list(9, "metadata_props", Kind::Message(&NOTE), limits::METADATA_ENTRIES, 0),
        refused(10, "device_configurations"),
    ],
};

/// Where a node comes from: whole stack traces.
static NOTE: Message = Message {
    name: "metadata_props",
    fields: &[one(1, "key", Kind::Text(limits::NAME_BYTES)), one(2, "value", Kind::Text(limits::DOC_BYTES))],
};

static FOREIGN_ATTRIBUTE: Message = Message {
    name: "attribute",
    fields: &[
        one(1, "name", Kind::Name),
        one(2, "f", Kind::Float),
        one(3, "i", Kind::Integer),
        one(4, "s", Kind::Bytes),
        one(5, "t", Kind::Message(&FOREIGN_TENSOR)),
        refused(6, "g"),
        list(7, "floats", Kind::Float, limits::FOREIGN_NUMBERS, size_of::<f32>()),
        list(8, "ints", Kind::Integer, limits::FOREIGN_NUMBERS, size_of::<i64>()),
        list(9, "strings", Kind::Bytes, limits::FOREIGN_NUMBERS, size_of::<prost::bytes::Bytes>()),
        refused(10, "tensors"),
        refused(11, "graphs"),
        one(13, "doc_string", Kind::Text(limits::DOC_BYTES)),
        refused(14, "tp"),
        refused(15, "type_protos"),
        one(20, "type", Kind::Integer),
        refused(21, "ref_attr_name"),
        refused(22, "sparse_tensor"),
        refused(23, "sparse_tensors"),
    ],
};

static FOREIGN_TENSOR: Message = Message {
    name: "tensor",
    fields: &[
        list(1, "dims", Kind::Sides, limits::RANK, size_of::<i64>()),
        one(2, "data_type", Kind::Integer),
        refused(3, "segment"),
        data(4, "float_data", Kind::Float),
        data(5, "int32_data", Kind::Integer),
        refused(6, "string_data"),
        data(7, "int64_data", Kind::Integer),
        one(8, "name", Kind::Name),
        data(9, "raw_data", Kind::Bytes),
        refused(10, "double_data"),
        refused(11, "uint64_data"),
        one(12, "doc_string", Kind::Text(limits::DOC_BYTES)),
        refused(13, "external_data"),
        refused(14, "data_location"),
        list(16, "metadata_props", Kind::Message(&NOTE), limits::METADATA_ENTRIES, 0),
    ],
};

static FOREIGN_VALUE: Message = Message {
    name: "value",
    fields: &[
        one(1, "name", Kind::Name),
        one(2, "type", Kind::Message(&TYPE)),
        one(3, "doc_string", Kind::Text(limits::DOC_BYTES)),
        list(4, "metadata_props", Kind::Message(&NOTE), limits::METADATA_ENTRIES, 0),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_table_is_longer_than_the_counters_and_no_number_is_there_twice() {
        fn visit(message: &'static Message) {
            assert!(message.fields.len() <= super::super::TABLE_FIELDS, "{}", message.name);
            assert!(message.fields.windows(2).all(|pair| pair[0].number < pair[1].number), "{}", message.name);
            for field in message.fields {
                if let Kind::Message(inner) = field.kind {
                    visit(inner);
                }
            }
        }
        visit(&MODEL);
        visit(&GRAPH);
        visit(&FOREIGN_GRAPH);
    }
}
