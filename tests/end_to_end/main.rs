//! Both programs together: `moead-export` writes a model, `moead-edge` judges pictures with it, as users do.

mod bad_models;
mod bad_pictures;
mod desk;
mod drawings;
mod early_ends;
mod results;
