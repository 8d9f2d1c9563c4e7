"""What the bundle leaves out, and why. Used by mmdesk.spec; what is left is listed by sizes.py."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

EXCLUDED_MODULES = (
    # Compilers and exporters of PyTorch; training and explaining run its ready kernels.
    "torch._dynamo", "torch._inductor", "torch.onnx", *(f"torch.testing._internal.{name}" for name in (
        "common_utils", "common_device_type", "common_methods_invocations", "common_modules", "common_nn",
        "distributed", "opinfo", "generated", "hypothesis_utils", "inductor_utils", "common_cuda", "common_distributed",
    )),
    "torch.utils.tensorboard",
    "torch.utils.benchmark", "torch.utils.bottleneck", "torch.utils.viz", "caffe2", "functorch", "sympy", "mpmath",
    "networkx", "triton", "tensorboard",
    # Drawing and notebooks, which captum and pandas know how to use.
    "IPython", "ipywidgets", "flask", "jupyter", "notebook", "tkinter", "_tkinter", "turtle", "idlelib",
    "matplotlib.tests", "matplotlib.backends.backend_qtagg", "matplotlib.backends.backend_qt",
    # Other libraries' tests.
    "numpy.tests", "numpy.f2py.tests", "scipy.tests", "pandas.tests", "sklearn.tests", "pyarrow.tests", "test",
    # Tools of development that hooks and optional imports drag in.
    "pytest", "_pytest", "hypothesis", "setuptools", "pkg_resources", "pip", "wheel", "distutils", "lib2to3",
    "pydoc_data", "ensurepip", "cython", "Cython", "numba", "llvmlite", "onnx", "onnxruntime", "polars", "duckdb",
    # Qt that no window of ours uses.
    *(f"PySide6.{name}" for name in (
        "QtQml", "QtQuick", "QtQuickWidgets", "QtQuickControls2", "QtQuick3D", "QtWebEngineCore", "QtWebEngineWidgets",
        "QtWebChannel", "QtWebSockets", "QtWebView", "QtDesigner", "QtUiTools", "QtHelp", "QtTest", "QtSql", "QtPdf",
        "QtPdfWidgets", "QtCharts", "QtDataVisualization", "Qt3DCore", "QtBluetooth", "QtPositioning", "QtLocation",
        "QtSensors", "QtSerialPort", "QtNfc", "QtRemoteObjects", "QtScxml", "QtStateMachine", "QtTextToSpeech",
        "QtSpatialAudio", "QtMultimediaWidgets", "QtConcurrent", "QtXml",
    )),
    # Other bindings of Qt that pyqtgraph asks for.
    "PyQt5", "PyQt6", "PySide2", "OpenGL", "cupy", "h5py",
)  # fmt: skip
"""Modules that are never loaded, by import name."""

_LEFT_OUT = re.compile(
    r"""
    ^PySide6/(Qt/)?plugins/(?!
        platforms/(lib)?q(xcb|wayland|offscreen|windows|cocoa|minimal)\b
      | platformthemes/(lib)?qxdgdesktopportal
      | platforminputcontexts/(lib)?(compose|ibus)
      | imageformats/(lib)?q(jpeg|gif|ico|svg|webp|tiff)\b
      | iconengines/ | styles/ | xcbglintegrations/ | wayland-shell-integration/(lib)?(xdg-shell|qt-shell)
      | wayland-decoration-client/(lib)?bradient | wayland-graphics-integration-client/(lib)?qt-plugin-wayland-egl
      | multimedia/ | printsupport/
    )
  # What plays links these five of Qt Quick.
  | ^PySide6/(Qt/)?(lib/)?(lib)?Qt6?(Qml(?!(Meta|Models|WorkerScript)?\.)|Quick(?!\.))
  | ^PySide6/(Qt/)?(lib/)?(lib)?Qt6?(VirtualKeyboard|Pdf|EglF[sS]|Labs|3D|Sql|Test|WebEngine)
  | ^PySide6/(Qt/)?qml/
  | ^PySide6/(Qt/)?translations/(?!qt(base)?_de\.qm)
  | ^torch/(include|share|test)/ | ^torch/bin/(?!torch_shm_manager) | ^torch/lib/.*\.(a|lib)$
  | ^torch/lib/lib(aoti_custom_ops|backend_with_compiler|jitbackend_test|torchbind_test)\.
  | ^PIL/_(imagingtk|avif)\. | ^pillow\.libs/libavif
  | ^matplotlib/mpl-data/(sample_data|images|plot_directive|fonts/(afm|pdfcorefonts))/
  | ^pyarrow/(include|src|tests)/ | ^pyarrow/.*\.(pxd|pyx|pxi|h|cc)$
  | ^pyarrow/lib(arrow_flight|arrow_s3|arrow_gcsfs|arrow_azure|gandiva)|^pyarrow/libarrow_python[a-z_]*\.so$
  | ^(numpy|scipy|sklearn|pandas|matplotlib|pyarrow)/(.*/)?tests?/
  | ^sklearn/datasets/(data|images|descr)/
  | ^pyqtgraph/(examples|jupyter|icons/peegee)/
  | ^[^/]+\.dist-info/
    """,
    re.VERBOSE,
)

_OWN_SYSTEM_LIBRARY = re.compile(
    r"""
    ^lib(python3 | ssl | crypto | ffi | bz2 | lzma | z | sqlite3 | expat | uuid | readline | tinfo | ncursesw? | mpdec
      | xcb-(cursor | icccm | image | keysyms | render-util | util | xkb) | xkbcommon(-x11)?
    )[.-]
    """,
    re.VERBOSE,
)
"""What of the build machine's own libraries comes along: Python's, and the small ones of xcb that are often missing.

Everything else a desktop has, in versions that fit its drivers, and the package declares it.
"""


def is_left_out(target: str, source: str, kind: str = "BINARY") -> bool:
    """Whether a collected file stays out of the bundle.

    Args:
        target: Where it would lie in the bundle.
        source: Where it comes from; of a ``SYMLINK`` what it leads to from where it lies.
        kind: PyInstaller's word for what it is.
    """
    target = target.replace("\\", "/")
    if _LEFT_OUT.search(target):
        return True
    if kind == "SYMLINK":  # to a file that stays out it would only pretend that the file is there
        return _LEFT_OUT.search(posixpath.normpath(posixpath.join(posixpath.dirname(target), source))) is not None
    return is_from_system(source) and not _OWN_SYSTEM_LIBRARY.match(Path(source).name)


def is_from_system(source: str) -> bool:
    """Whether a file belongs to the build machine's system (Linux); the library of a system's Python does not."""
    if Path(source).parent.name == "lib-dynload":
        return False
    return Path(source).is_absolute() and str(Path(source).resolve()).startswith(("/lib/", "/lib64/", "/usr/lib/"))
