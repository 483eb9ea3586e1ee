//! Stories with real git, one file per program or part, in one binary.

mod audit;
