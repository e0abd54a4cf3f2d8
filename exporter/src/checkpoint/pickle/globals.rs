//! The names that a pickle may use, and what each means. This list is the whole trust that a checkpoint gets.

use crate::checkpoint::element::Element;

/// A class or function by its meaning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::checkpoint) enum Global {
    /// `collections.OrderedDict`, `easydict.EasyDict`, `builtins.dict`: a dict.
    Dict,
    /// `collections.defaultdict`: a dict; its first argument makes missing values and is ignored.
    DefaultDict,
    /// `torch._utils._rebuild_tensor` and `_rebuild_tensor_v2`: a view of a storage.
    RebuildTensor,
    /// `torch._utils._rebuild_parameter` and `_rebuild_parameter_with_state`: its tensor.
    RebuildParameter,
    /// `torch.FloatStorage`, …: the type of a storage.
    Storage(Element),
    /// `torch.Size`: a tuple.
    Size,
    /// `torch.device`, numpy numbers: read past.
    Opaque(&'static str),
}

impl Global {
    pub(super) fn find(module: &str, name: &str) -> Option<Self> {
        Some(match (module, name) {
            ("collections", "OrderedDict") | ("easydict", "EasyDict") | ("builtins" | "__builtin__", "dict") => {
                Self::Dict
            }
            ("collections", "defaultdict") => Self::DefaultDict,
            ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => Self::RebuildTensor,
            ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => Self::RebuildParameter,
            ("torch", "Size") => Self::Size,
            ("torch", "device") => Self::Opaque("a device"),
            ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar" | "_reconstruct")
            | ("numpy", "dtype" | "ndarray") => Self::Opaque("a numpy value"),
            ("_codecs", "encode") => Self::Opaque("bytes"),
            ("torch" | "torch.cuda", storage) => Self::Storage(element(storage.strip_suffix("Storage")?)?),
            _ => return None,
        })
    }
}

fn element(name: &str) -> Option<Element> {
    Some(match name {
        "Double" => Element::F64,
        "Float" => Element::F32,
        "Half" => Element::F16,
        "BFloat16" => Element::Bf16,
        "Long" => Element::I64,
        "Int" => Element::I32,
        "Short" => Element::I16,
        "Char" => Element::I8,
        "Byte" => Element::U8,
        "Bool" => Element::Bool,
        "ComplexFloat" => Element::Other { name: "complex64", bytes: 8 },
        "ComplexDouble" => Element::Other { name: "complex128", bytes: 16 },
        "QInt8" => Element::Other { name: "qint8", bytes: 1 },
        "QUInt8" => Element::Other { name: "quint8", bytes: 1 },
        "QInt32" => Element::Other { name: "qint32", bytes: 4 },
        _ => return None,
    })
}
