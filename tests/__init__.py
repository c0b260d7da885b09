"""All tests. Directories mirror src/heliograph; contract/, flows/ and peers/ stand beside them."""
