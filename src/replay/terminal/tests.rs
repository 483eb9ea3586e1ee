//! The player as a person meets it: keys in, a screen out.
