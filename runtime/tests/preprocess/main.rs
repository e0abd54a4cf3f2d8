//! What becomes of a picture before the network sees it, against Pillow's answers.

mod resize;
