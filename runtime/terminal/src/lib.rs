//! How the moead programs talk to people and to other programs.
