"""The window."""

from mmdesk.ui.singletons import protect_singletons

# Before anything of Qt is called, whoever imports it first.
protect_singletons()
