"""A toolkit that asks why robust classification is hard."""
