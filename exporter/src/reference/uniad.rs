//! UniAD's encoder and decoder: stacked layers, each with its own weights.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use moead_model::architecture::{Activation, NormPlacement, Reconstruction, Stacked, TokenGrid};

use super::attention::Attention;
use super::linear::{LayerNorm, Linear};
use super::tensor::{Scope, Tensor};
use crate::checkpoint::TensorError;

/// The decoded tokens of `projected` (T x D), after the decoder's norm.
pub(super) fn decode(
    settings: &Reconstruction,
    stacked: &Stacked,
    grid: TokenGrid,
    scope: &Scope<'_>,
    projected: Tensor,
    position: &Tensor,
    observe: &mut dyn FnMut(&str, &Tensor),
) -> Result<Tensor, TensorError> {
    observe("tokens", &projected);
    let mut memory = projected;
    for layer in 0..stacked.encoder_layers {
        let scope = scope.under(&format!("encoder.layers.{layer}"));
        memory = Layer { settings, stacked, grid, scope, position }.encode(memory)?;
        observe(&format!("encoder{layer}"), &memory);
    }
    if settings.norm == NormPlacement::Pre {
        memory = LayerNorm::read(&scope.under("encoder.norm"), settings.hidden)?.apply(&memory);
    }
    observe("memory", &memory);

    let mut output = memory.clone();
    for layer in 0..stacked.decoder_layers {
        let scope = scope.under(&format!("decoder.layers.{layer}"));
        let name = format!("round{layer}");
        output = Layer { settings, stacked, grid, scope, position }.decode(&output, &memory, &name, observe)?;
    }
    Ok(LayerNorm::read(&scope.under("decoder.norm"), settings.hidden)?.apply(&output))
}

/// One layer of either stack.
struct Layer<'a> {
    settings: &'a Reconstruction,
    stacked: &'a Stacked,
    grid: TokenGrid,
    scope: Scope<'a>,
    position: &'a Tensor,
}

impl Layer<'_> {
    fn encode(&self, input: Tensor) -> Result<Tensor, TensorError> {
        let attend = |tokens: &Tensor| {
            let placed = tokens.plus(self.position);
            self.attend("self_attn", &placed, &placed, tokens, 0)
        };
        Ok(match self.settings.norm {
            NormPlacement::Post => {
                let tokens = self.norm(1, &input.plus(&attend(&input)?))?;
                self.norm(2, &tokens.plus(&self.feed_forward(&tokens)?))?
            }
            NormPlacement::Pre => {
                let tokens = input.plus(&attend(&self.norm(1, &input)?)?);
                tokens.plus(&self.feed_forward(&self.norm(2, &tokens)?)?)
            }
        })
    }

    fn decode(
        &self,
        output: &Tensor,
        memory: &Tensor,
        name: &str,
        observe: &mut dyn FnMut(&str, &Tensor),
    ) -> Result<Tensor, TensorError> {
        let embed = self.scope.read("learned_embed.weight", &[self.grid.tokens(), self.settings.hidden])?;
        // Keys and values are never normalised here.
        let recall = |query: &Tensor| {
            self.attend("self_attn", &query.plus(self.position), &memory.plus(self.position), memory, 1)
        };
        let look_back = |query: &Tensor| {
            self.attend("multihead_attn", &query.plus(self.position), &output.plus(self.position), output, 2)
        };
        let mut seen = |part: &str, tensor: &Tensor| observe(&format!("{name}.{part}"), tensor);
        let decoded = match self.settings.norm {
            NormPlacement::Post => {
                let recalled = recall(&embed)?;
                seen("attn1_out", &recalled);
                let tokens = self.norm(1, &embed.plus(&recalled))?;
                seen("norm1", &tokens);
                let attended = look_back(&tokens)?;
                seen("attn2_out", &attended);
                let tokens = self.norm(2, &tokens.plus(&attended))?;
                seen("norm2", &tokens);
                self.norm(3, &tokens.plus(&self.feed_forward(&tokens)?))?
            }
            NormPlacement::Pre => {
                let query = self.norm(1, &embed)?;
                seen("norm1", &query);
                let recalled = recall(&query)?;
                seen("attn1_out", &recalled);
                let tokens = embed.plus(&recalled);
                let query = self.norm(2, &tokens)?;
                seen("norm2", &query);
                let attended = look_back(&query)?;
                seen("attn2_out", &attended);
                let tokens = tokens.plus(&attended);
                tokens.plus(&self.feed_forward(&self.norm(3, &tokens)?)?)
            }
        };
        seen("output", &decoded);
        Ok(decoded)
    }

    fn norm(&self, which: usize, input: &Tensor) -> Result<Tensor, TensorError> {
        Ok(LayerNorm::read(&self.scope.under(&format!("norm{which}")), self.settings.hidden)?.apply(input))
    }

    fn attend(
        &self,
        name: &str,
        query: &Tensor,
        key: &Tensor,
        value: &Tensor,
        mask: usize,
    ) -> Result<Tensor, TensorError> {
        let attention = Attention::read(&self.scope.under(name), self.settings.hidden, self.settings.heads)?;
        Ok(attention.apply(query, key, value, self.settings.mask_on(mask), self.grid))
    }

    fn feed_forward(&self, input: &Tensor) -> Result<Tensor, TensorError> {
        let (hidden, inner) = (self.settings.hidden, self.settings.feed_forward);
        let widened = Linear::read(&self.scope.under("linear1"), hidden, inner)?.apply(input);
        let active = match self.stacked.activation {
            Activation::Relu => widened.map(|value| value.max(0.0)),
            Activation::Gelu => widened.map(gelu),
        };
        Ok(Linear::read(&self.scope.under("linear2"), inner, hidden)?.apply(&active))
    }
}

/// x Φ(x).
fn gelu(value: f64) -> f64 {
    0.5 * value * (1.0 + erf(value * FRAC_1_SQRT_2))
}

/// The error function: 2/√π e^(-x²) Σ 2ⁿ x^(2n+1) / (1·3·…·(2n+1)), whose terms all have one sign.
fn erf(value: f64) -> f64 {
    // Beyond this it is 1 to the last bit, and the series would take ever more terms.
    if value.abs() > 6.0 {
        return value.signum();
    }
    let square = value * value;
    let (mut term, mut sum, mut odd) = (value, value, 1.0);
    while term.abs() > f64::EPSILON * sum.abs() / 4.0 {
        odd += 2.0;
        term *= 2.0 * square / odd;
        sum += term;
    }
    2.0 / PI.sqrt() * (-square).exp() * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_function_at_known_places() {
        let known = [
            (0.0, 0.0),
            (0.1, 0.112_462_916_018_284_9),
            (1.0, 0.842_700_792_949_714_9),
            (-2.0, -0.995_322_265_018_952_7),
            (5.0, 0.999_999_999_998_462_5),
            (40.0, 1.0),
        ];
        for (value, expected) in known {
            assert!((erf(value) - expected).abs() < 1e-14, "{value}: {}", erf(value));
        }
    }
}
