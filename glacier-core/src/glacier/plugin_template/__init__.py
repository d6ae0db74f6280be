"""A third party's plugin, written as a distribution that works: `glacier new-plugin`."""

from glacier.plugin_template.names import PluginNames, plugin_names
from glacier.plugin_template.writing import write_plugin

__all__ = ["PluginNames", "plugin_names", "write_plugin"]
