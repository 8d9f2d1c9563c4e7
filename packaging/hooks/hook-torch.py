"""PyTorch for training and explaining on the CPU: its libraries and what is imported, without compilers and headers.

Takes the place of PyInstaller's own hook, which collects every module, every source and every data file.
"""

import re
from pathlib import Path

from PyInstaller.utils.hooks import PY_DYLIB_PATTERNS, collect_dynamic_libs, get_package_paths

_ROOT = Path(get_package_paths("torch")[1])

# Some modules read their own source when they are loaded: those with settings, and those whose functions TorchScript
# can overload. They come as files too.
_READS_ITSELF = re.compile(rb"^\w*install_config_module\(|^ *@[\w.]*_overload(_method)?\b", re.MULTILINE)
module_collection_mode = {
    ".".join(path.relative_to(_ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): "pyz+py"
    for path in sorted(_ROOT.rglob("*.py"))
    if _READS_ITSELF.search(path.read_bytes())
} | {"torch": "pyz"}  # what holds for a package holds for all in it that is not named
binaries = collect_dynamic_libs("torch", search_patterns=[*PY_DYLIB_PATTERNS, "*.so.*"])
# PyTorch looks for this program when it is loaded, and will not do without it.
binaries += [(str(path), "torch/bin") for path in _ROOT.glob("bin/torch_shm_manager")]
hiddenimports = ["torch._C"]
warn_on_missing_hiddenimports = False
# A second path to the same library confuses PyTorch about where it is.
bindepend_symlink_suppression = ["**/torch/lib/*.so*"]
