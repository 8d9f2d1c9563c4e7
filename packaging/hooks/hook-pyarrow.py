"""Arrow with Parquet and datasets, without its network, file systems of clouds, headers and tests."""

from PyInstaller.utils.hooks import collect_submodules

_LEFT_OUT = ("tests", "_flight", "flight", "_s3fs", "_gcsfs", "_azurefs", "_hdfs", "_substrait", "substrait",
             "_gandiva", "gandiva", "_cuda", "cuda", "_orc", "orc", "benchmark", "jvm", "conftest", "cffi")  # fmt: skip
hiddenimports = collect_submodules("pyarrow", filter=lambda name: not set(name.split(".")) & set(_LEFT_OUT))
excludedimports = [f"pyarrow.{name}" for name in _LEFT_OUT]
