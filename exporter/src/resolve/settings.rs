//! The three net entries of `arch`, as the published code writes them into a checkpoint.

use moead_model::architecture::{
    Activation, Architecture, Backbone, Distance, FeatureForm, NeighborMask, PositionKind, TokenGrid, UnknownDistance,
};
use serde_json::{Map, Value};

use super::{Origin, Question, ResolveError, Variant};

/// What `arch` says; none where it is silent.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub(super) backbone: Option<Backbone>,
    /// Blocks listened to, counted from 0 (EfficientNet).
    pub(super) out_blocks: Option<Vec<usize>>,
    /// Layers, counted from 1.
    pub(super) out_layers: Option<Vec<usize>>,
    /// Strides of those layers: the backbone's `outstrides`, and the neck's `instrides`.
    pub(super) layer_strides: [Option<Vec<usize>>; 2],
    /// Channels of those layers, the neck's `inplanes`.
    pub(super) layer_planes: Option<Vec<usize>>,
    pub(super) neck_stride: Option<usize>,
    pub(super) reconstruction_stride: Option<usize>,
    /// C: the neck's `outplanes`, and the reconstruction's `inplanes`.
    pub(super) planes: [Option<usize>; 2],
    pub(super) variant: Option<Variant>,
    pub(super) hidden: Option<usize>,
    pub(super) heads: Option<usize>,
    pub(super) feed_forward: Option<usize>,
    pub(super) encoder_layers: Option<usize>,
    pub(super) decoder_layers: Option<usize>,
    pub(super) experts: Option<usize>,
    pub(super) top_k: Option<usize>,
    pub(super) activation: Option<Activation>,
    pub(super) normalize_before: Option<bool>,
    pub(super) position: Option<PositionKind>,
    pub(super) feature_size: Option<TokenGrid>,
    pub(super) features: Option<FeatureForm>,
    pub(super) distance: Option<Distance>,
    /// Outer: whether `arch` says anything. Inner: whether there is a mask.
    pub(super) mask: Option<Option<NeighborMask>>,
    pub(super) unknown_keys: Vec<String>,
}

/// Keys that act in training only, or that repeat what the list's order says.
const BACKBONE_IGNORED: &[&str] = &["pretrained", "model_path", "frozen_layers"];
const NECK_IGNORED: &[&str] = &[];
const RECONSTRUCTION_IGNORED: &[&str] = &["dropout", "feature_jitter", "save_recon", "initializer"];

impl Settings {
    pub(super) fn parse(arch: &Value) -> Result<Self, ResolveError> {
        let Some(entries) = arch.as_array() else {
            return Err(wrong("", "a list of the entries backbone, neck, reconstruction", arch));
        };
        let mut settings = Self::default();
        let mut seen = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let place = format!("[{index}]");
            let entry_map =
                entry.as_object().ok_or_else(|| wrong(&place, "an entry with name, type, kwargs", entry))?;
            let name = text(entry_map, &place, "name")?.unwrap_or_default();
            if seen.contains(&name) {
                return Err(wrong(&format!("{place}.name"), "each entry once", &Value::from(name)));
            }
            let empty = Map::new();
            let kwargs = match entry_map.get("kwargs") {
                None | Some(Value::Null) => &empty,
                Some(kwargs) => kwargs.as_object().ok_or_else(|| wrong(&format!("{name}.kwargs"), "a map", kwargs))?,
            };
            let kind = text(entry_map, name, "type")?;
            match name {
                "backbone" => settings.backbone_entry(kind, kwargs)?,
                "neck" => settings.neck_entry(kind, kwargs)?,
                "reconstruction" => settings.reconstruction_entry(kind, kwargs)?,
                _ => {
                    let found = Value::from(name);
                    return Err(wrong(&format!("{place}.name"), "backbone, neck or reconstruction", &found));
                }
            }
            seen.push(name);
        }
        Ok(settings)
    }

    fn backbone_entry(&mut self, kind: Option<&str>, kwargs: &Map<String, Value>) -> Result<(), ResolveError> {
        if let Some(kind) = kind {
            let names = Backbone::ALL.map(Backbone::name);
            let found = Backbone::from_name(kind).ok_or_else(|| unknown_name("backbone.type", kind, &names))?;
            self.backbone = Some(found);
        }
        let place = "backbone.kwargs";
        self.out_blocks = list(kwargs, place, "outblocks")?;
        self.out_layers = list(kwargs, place, "outlayers")?;
        self.layer_strides[0] = list(kwargs, place, "outstrides")?;
        self.note_unknown("backbone", kwargs, &["outblocks", "outlayers", "outstrides"], BACKBONE_IGNORED);
        Ok(())
    }

    fn neck_entry(&mut self, kind: Option<&str>, kwargs: &Map<String, Value>) -> Result<(), ResolveError> {
        if let Some(kind) = kind
            && last(kind) != "MFCN"
        {
            return Err(unknown_name("neck.type", kind, &["MFCN"]));
        }
        let place = "neck.kwargs";
        self.neck_stride = only(kwargs, place, "outstrides")?;
        self.planes[0] = only(kwargs, place, "outplanes")?;
        self.layer_planes = list(kwargs, place, "inplanes")?;
        self.layer_strides[1] = list(kwargs, place, "instrides")?;
        self.note_unknown("neck", kwargs, &["outstrides", "outplanes", "inplanes", "instrides"], NECK_IGNORED);
        Ok(())
    }

    fn reconstruction_entry(&mut self, kind: Option<&str>, kwargs: &Map<String, Value>) -> Result<(), ResolveError> {
        if let Some(kind) = kind {
            let found = Variant::ALL.into_iter().find(|variant| variant.class() == last(kind));
            let names = Variant::ALL.map(Variant::class);
            self.variant = Some(found.ok_or_else(|| unknown_name("reconstruction.type", kind, &names))?);
        }
        let place = "reconstruction.kwargs";
        self.hidden = number(kwargs, place, "hidden_dim")?;
        self.heads = number(kwargs, place, "nhead")?;
        self.feed_forward = number(kwargs, place, "dim_feedforward")?;
        self.encoder_layers = number(kwargs, place, "num_encoder_layers")?;
        self.decoder_layers = number(kwargs, place, "num_decoder_layers")?;
        self.experts = number(kwargs, place, "moe_nume")?;
        self.top_k = number(kwargs, place, "moe_topk")?;
        self.planes[1] = only(kwargs, place, "inplanes")?;
        self.reconstruction_stride = only(kwargs, place, "instrides")?;
        self.normalize_before = match kwargs.get("normalize_before") {
            None | Some(Value::Null) => None,
            Some(Value::Bool(value)) => Some(*value),
            Some(found) => return Err(wrong(&format!("{place}.normalize_before"), "true or false", found)),
        };
        self.activation = match text(kwargs, place, "activation")? {
            None => None,
            Some("relu") => Some(Activation::Relu),
            Some("gelu") => Some(Activation::Gelu),
            Some(other) => return Err(unknown_name("reconstruction.kwargs.activation", other, &["relu", "gelu"])),
        };
        self.position = match text(kwargs, place, "pos_embed_type")? {
            None => None,
            Some("learned" | "v3") => Some(PositionKind::Learned),
            Some("sine" | "v2") => Some(PositionKind::Sine),
            Some(other) => {
                let names = ["learned", "sine", "v2", "v3"];
                return Err(unknown_name("reconstruction.kwargs.pos_embed_type", other, &names));
            }
        };
        self.features = match text(kwargs, place, "features")? {
            None => None,
            Some("raw") => Some(FeatureForm::Raw),
            Some("normalized") => Some(FeatureForm::Normalized),
            Some(other) => return Err(unknown_name("reconstruction.kwargs.features", other, &["raw", "normalized"])),
        };
        self.distance = match text(kwargs, place, "distance")? {
            None => None,
            Some(name) => Some(name.parse().map_err(|error: UnknownDistance| {
                let expected = error.to_string();
                wrong(&format!("{place}.distance"), expected.trim_start_matches("expected "), &kwargs["distance"])
            })?),
        };
        self.feature_size = match list(kwargs, place, "feature_size")? {
            None => None,
            Some(sides) => match sides.as_slice() {
                &[rows, columns] => Some(TokenGrid { rows, columns }),
                _ => return Err(wrong(&format!("{place}.feature_size"), "two numbers", &kwargs["feature_size"])),
            },
        };
        self.mask = mask(kwargs, place)?;
        let used = [
            "hidden_dim",
            "nhead",
            "dim_feedforward",
            "num_encoder_layers",
            "num_decoder_layers",
            "moe_nume",
            "moe_topk",
            "inplanes",
            "instrides",
            "normalize_before",
            "activation",
            "pos_embed_type",
            "feature_size",
            "features",
            "distance",
            "neighbor_mask",
        ];
        self.note_unknown("reconstruction", kwargs, &used, RECONSTRUCTION_IGNORED);
        Ok(())
    }

    fn note_unknown(&mut self, entry: &str, kwargs: &Map<String, Value>, used: &[&str], ignored: &[&str]) {
        let unknown = kwargs.keys().filter(|key| !used.contains(&key.as_str()) && !ignored.contains(&key.as_str()));
        self.unknown_keys.extend(unknown.map(|key| format!("{entry}.kwargs.{key}")));
    }

    /// Channel counts that `arch` repeats must be those of the chosen layers.
    pub(super) fn check_planes(&self, architecture: &Architecture) -> Result<(), ResolveError> {
        let layers = Origin::Implied(format!("layers {:?} of {}", architecture.layers(), architecture.backbone()));
        Question::new("inplanes")
            .ask(Origin::Arch("neck.inplanes".into()), self.layer_planes.clone())?
            .ask(layers.clone(), Some(architecture.layer_shapes().iter().map(|shape| shape.channels).collect()))?;
        let strides: Vec<usize> = architecture.layer_shapes().iter().map(|shape| shape.stride).collect();
        Question::new("instrides")
            .ask(Origin::Arch("backbone.outstrides".into()), self.layer_strides[0].clone())?
            .ask(Origin::Arch("neck.instrides".into()), self.layer_strides[1].clone())?
            .ask(layers.clone(), Some(strides))?;
        Question::new("outplanes")
            .ask(Origin::Arch("neck.outplanes".into()), self.planes[0])?
            .ask(Origin::Arch("reconstruction.inplanes".into()), self.planes[1])?
            .ask(layers, Some(architecture.channels()))?;
        Ok(())
    }
}

/// Whether `arch` speaks of a mask, and which one.
fn mask(kwargs: &Map<String, Value>, place: &str) -> Result<Option<Option<NeighborMask>>, ResolveError> {
    let path = format!("{place}.neighbor_mask");
    let map = match kwargs.get("neighbor_mask") {
        None => return Ok(None),
        Some(Value::Null) => return Ok(Some(None)),
        Some(Value::Object(map)) => map,
        Some(found) => return Err(wrong(&path, "null, or a map with neighbor_size and mask", found)),
    };
    let sides = list(map, &path, "neighbor_size")?.unwrap_or_default();
    let &[rows, columns] = sides.as_slice() else {
        return Err(wrong(
            &format!("{path}.neighbor_size"),
            "two numbers",
            map.get("neighbor_size").unwrap_or(&Value::Null),
        ));
    };
    let flags = map.get("mask").unwrap_or(&Value::Null);
    let on: Option<Vec<bool>> = flags.as_array().and_then(|flags| flags.iter().map(Value::as_bool).collect());
    let on = on.and_then(|on| <[bool; 3]>::try_from(on).ok());
    let on = on.ok_or_else(|| wrong(&format!("{path}.mask"), "three of true and false", flags))?;
    Ok(Some(Some(NeighborMask { rows, columns, on })))
}

fn last(kind: &str) -> &str {
    kind.rsplit('.').next().unwrap_or(kind)
}

fn text<'a>(map: &'a Map<String, Value>, place: &str, key: &str) -> Result<Option<&'a str>, ResolveError> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(found) => Err(wrong(&format!("{place}.{key}"), "a text", found)),
    }
}

fn number(map: &Map<String, Value>, place: &str, key: &str) -> Result<Option<usize>, ResolveError> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            Ok(Some(as_size(value).ok_or_else(|| wrong(&format!("{place}.{key}"), "a whole number", value))?))
        }
    }
}

fn list(map: &Map<String, Value>, place: &str, key: &str) -> Result<Option<Vec<usize>>, ResolveError> {
    let sizes = |value: &Value| {
        let items = value.as_array().filter(|items| items.len() <= LONGEST)?;
        items.iter().map(as_size).collect::<Option<Vec<usize>>>()
    };
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let wrong =
                || wrong(&format!("{place}.{key}"), &format!("a list of at most {LONGEST} whole numbers"), value);
            Ok(Some(sizes(value).ok_or_else(wrong)?))
        }
    }
}

/// A list that must have one element.
fn only(map: &Map<String, Value>, place: &str, key: &str) -> Result<Option<usize>, ResolveError> {
    match list(map, place, key)? {
        None => Ok(None),
        Some(values) => match values.as_slice() {
            &[value] => Ok(Some(value)),
            _ => Err(wrong(&format!("{place}.{key}"), "a list of one number", &map[key])),
        },
    }
}

/// Lists have an entry per layer of the backbone, at most 5.
const LONGEST: usize = 64;
/// No setting of a network that fits a machine is larger.
pub(super) const LARGEST: u64 = 1 << 24;

fn as_size(value: &Value) -> Option<usize> {
    value.as_u64().filter(|&value| value <= LARGEST).map(|value| value as usize)
}

fn wrong(path: &str, expected: &str, found: &Value) -> ResolveError {
    let mut text = found.to_string();
    if text.chars().count() > 80 {
        text = text.chars().take(79).chain(['…']).collect();
    }
    ResolveError::Arch { path: path.into(), expected: expected.into(), found: text }
}

fn unknown_name(path: &str, found: &str, known: &[&str]) -> ResolveError {
    let closest = known.iter().max_by(|a, b| {
        let near = |name: &str| strsim::jaro_winkler(name, last(found));
        near(a).total_cmp(&near(b))
    });
    let suggestion = closest.map(|name| format!(" (the closest is {name})")).unwrap_or_default();
    let found = found.chars().take(80).collect::<String>() + &suggestion;
    ResolveError::Arch { path: path.into(), expected: format!("one of {}", known.join(", ")), found }
}
