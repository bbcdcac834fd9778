//! What holds for the workspace as a whole, as tests: layers, words, module docs, and what README and book say.

mod book;
mod commands;
mod files;
mod layers;
mod module_docs;
mod readme;
mod troubleshooting;
mod words;
