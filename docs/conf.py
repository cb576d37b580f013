"""How ``make docs`` builds these pages, and the reference from the docstrings."""

from importlib.metadata import version as version_of

project = "robust-classification-analysis"
version = release = version_of(project)
author = copyright = "the robust-classification-analysis developers"  # noqa: A001  # Sphinx's name for it

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build", "_templates"]
templates_path = ["_templates"]
html_theme = "furo"
html_title = "Why is robust classification hard?"

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
autosummary_ignore_module_all = False  # a part's __all__ says what is public
autosummary_imported_members = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # attributes of dataclasses are described once
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
autodoc_default_options = {"exclude-members": "set_score_request"}  # scikit-learn's, with its own links
suppress_warnings = ["myst.xref_missing"]  # figures that are yet to be drawn; a test follows all other links
