"""A table whose columns are chosen, moved and pinned: pinned ones stay while the others scroll beneath them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial

from PySide6.QtCore import QPoint, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QContextMenuEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView

from mmdesk.ui.language import tr
from mmdesk.ui.models.columns import Column
from mmdesk.ui.widgets.grouped_header import GroupedHeader
from mmdesk.ui.widgets.table import Table, part_header, plain_rows


@dataclass(frozen=True)
class Arrangement:
    """Which columns are shown, and how.

    Attributes:
        shown: Their names, from left to right. ``pinned``: so many of the first stay when one scrolls.
        sort: Name of the column that orders the rows; empty = as they come. ``descending``: from above.
        widths: Of columns, in pixels, where somebody set them.
    """

    shown: tuple[str, ...] = ()
    pinned: int = 1
    sort: str = ""
    descending: bool = False
    widths: Mapping[str, int] = field(default_factory=dict)

    def document(self) -> dict[str, object]:
        """As it is kept."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Arrangement | None:
        """What was kept; None if it cannot be read."""
        try:
            shown, widths = document["shown"], document.get("widths", {})
            if not isinstance(shown, list) or not isinstance(widths, dict):
                return None
            return cls(
                tuple(str(name) for name in shown),
                int(str(document.get("pinned", 1))),
                str(document.get("sort", "")),
                bool(document.get("descending")),
                {str(name): int(width) for name, width in widths.items()},
            )
        except (KeyError, TypeError, ValueError):
            return None


class _Pinned(QTableView):
    """The pinned columns, over the left end of the table; rows, choice and scrolling are the table's."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.setModel(table.model())
        self.setSelectionModel(table.selectionModel())
        self.setHorizontalHeader(GroupedHeader(self))
        part_header(self)
        plain_rows(self)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setProperty("kind", "pinned")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSelectionBehavior(table.selectionBehavior())
        self.setSelectionMode(table.selectionMode())
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.horizontalHeader().setSectionsMovable(False)
        self.setAccessibleName(tr("{name}, pinned columns", name=table.accessibleName()))
        self.viewport().setFocusProxy(table)
        self._table = table

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The table's menu."""
        self._table.contextMenuEvent(event)


class PinnedTable(Table):
    """``arranged`` tells that somebody chose, moved, pinned, resized or sorted columns."""

    KEEPS_COLUMNS = False  # the views of the runs do
    SQUEEZES = False  # nor does it: which columns it has are chosen
    arranged = Signal()
    menu_asked = Signal(object, str)
    """The place on the screen where a menu is wanted, and the column whose title was meant; empty for rows."""

    def __init__(self, name: str) -> None:
        super().__init__(name, many=True, stretches=False)
        self._header = GroupedHeader(self)
        self.setHorizontalHeader(self._header)
        part_header(self)
        self._header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self._header.setSortIndicatorClearable(True)
        self.setSortingEnabled(True)
        self._arrangement = Arrangement()
        self._fitted_names: set[str] = set()
        self._pinned = _Pinned(self)
        self._applying = False
        self._told = QTimer(self)
        self._told.setSingleShot(True)
        self._told.setInterval(0)
        self._told.timeout.connect(self.arranged)
        self._connect()

    def _connect(self) -> None:
        over = self._pinned
        self.verticalScrollBar().valueChanged.connect(over.verticalScrollBar().setValue)
        over.verticalScrollBar().valueChanged.connect(self.verticalScrollBar().setValue)
        self._header.sectionResized.connect(self._on_section_resized)
        self._header.sectionMoved.connect(self._on_section_moved)
        self._header.sortIndicatorChanged.connect(self._on_sorted)
        over.horizontalHeader().setSortIndicatorShown(True)
        over.horizontalHeader().sectionResized.connect(self._on_pinned_resized)
        over.horizontalHeader().sectionClicked.connect(self._on_pinned_clicked)
        over.activated.connect(self.activated)
        for header in (self._header, over.horizontalHeader()):
            header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            header.customContextMenuRequested.connect(partial(self._on_header_menu_asked, header))

    # The arrangement.

    @property
    def arrangement(self) -> Arrangement:
        """How the columns stand now."""
        return self._arrangement

    def set_columns(
        self,
        columns: Sequence[Column],
        arrangement: Arrangement | None = None,
        *,
        by: tuple[int, Qt.SortOrder] | None = None,
    ) -> None:
        """Show other data in another arrangement, or the same one; ``by`` goes before its order."""
        wanted = arrangement or self._arrangement
        if by is not None:
            wanted = replace(wanted, sort=columns[by[0]].name, descending=by[1] is Qt.SortOrder.DescendingOrder)
        self._fitted_names = set()
        self._applying = True  # the arrangement says the widths
        super().set_columns(columns)
        self._applying = False
        groups = [column.group for column in columns]
        self._header.set_groups(groups)
        self._pinned.horizontalHeader().set_groups(groups)  # type: ignore[attr-defined]
        self.arrange(wanted)

    def fit(self) -> None:
        """Widths of the shown columns after the titles and the first rows."""
        if self._applying:
            return
        self._fitted_names = set()
        self.arrange(replace(self._arrangement, widths={}))

    def arrange(self, wanted: Arrangement) -> None:
        """Show these columns like this; those that are not there now are passed over and remembered."""
        self._arrangement = wanted
        self._applying = True
        places = self._places()
        there = [name for name in wanted.shown if name in places]
        for name, section in places.items():
            self.setColumnHidden(section, name not in there)
            if name in wanted.widths:
                self.setColumnWidth(section, wanted.widths[name])
            elif name in there and name not in self._fitted_names and self.columns.size:
                self.fit_column(section)
                self._fitted_names.add(name)
        for place, name in enumerate(there):
            self._header.moveSection(self._header.visualIndex(places[name]), place)
        self._applying = False
        order = Qt.SortOrder.DescendingOrder if wanted.descending else Qt.SortOrder.AscendingOrder
        with QSignalBlocker(self._header):
            self._header.setSortIndicator(places.get(wanted.sort, -1), order)
        self.columns.sort(places.get(wanted.sort, -1), order)
        self._follow()

    def _places(self) -> dict[str, int]:
        return {column.name: section for section, column in enumerate(self.columns.columns)}

    def _shown(self) -> list[str]:
        names = [column.name for column in self.columns.columns]
        sections = [self._header.logicalIndex(place) for place in range(self._header.count())]
        return [names[section] for section in sections if not self._header.isSectionHidden(section)]

    def _note(self, **changes: object) -> None:
        """Somebody changed the arrangement by hand."""
        self._arrangement = replace(self._arrangement, **changes)  # type: ignore[arg-type]
        self._told.start()

    def _on_section_moved(self, _section: int, _old: int, _new: int) -> None:
        if self._applying:
            return
        there = self._shown()
        away = [name for name in self._arrangement.shown if name not in there]
        self._note(shown=(*there, *away))
        self._follow()

    def _on_section_resized(self, section: int, _old: int, new: int) -> None:
        over = self._pinned
        if new and not over.isColumnHidden(section):
            over.setColumnWidth(section, new)
            self._place_pinned()
        if not self._applying and new and not self.isColumnHidden(section):
            self._note(widths={**self._arrangement.widths, self.columns.columns[section].name: new})

    def _on_pinned_resized(self, section: int, _old: int, new: int) -> None:
        if new and not self._applying:
            self.setColumnWidth(section, new)

    def _on_sorted(self, section: int, order: Qt.SortOrder) -> None:
        name = self.columns.columns[section].name if 0 <= section < len(self.columns.columns) else ""
        self._note(sort=name, descending=bool(name) and order is Qt.SortOrder.DescendingOrder)
        self._pinned.horizontalHeader().setSortIndicator(section, order)

    def _on_pinned_clicked(self, section: int) -> None:
        """The same three states as a click in the table's own header: up, down, as they come."""
        header = self._header
        if header.sortIndicatorSection() != section:
            self.sortByColumn(section, Qt.SortOrder.AscendingOrder)
        elif header.sortIndicatorOrder() is Qt.SortOrder.AscendingOrder:
            self.sortByColumn(section, Qt.SortOrder.DescendingOrder)
        else:
            self.sortByColumn(-1, Qt.SortOrder.AscendingOrder)

    # The pinned columns.

    def _follow(self) -> None:
        """Let the view over the table show what the first columns are now."""
        over, self._applying = self._pinned, True
        names = self._shown()[: max(self._arrangement.pinned, 0)]
        places = self._places()
        for name, section in places.items():
            over.setColumnHidden(section, name not in names)
        header = over.horizontalHeader()
        for place, name in enumerate(names):
            header.moveSection(header.visualIndex(places[name]), place)
            over.setColumnWidth(places[name], self.columnWidth(places[name]))
        self._applying = False
        with QSignalBlocker(header):
            header.setSortIndicator(self._header.sortIndicatorSection(), self._header.sortIndicatorOrder())
        over.verticalHeader().setDefaultSectionSize(self.verticalHeader().defaultSectionSize())
        self._place_pinned()

    def _place_pinned(self) -> None:
        over = self._pinned
        sections = range(self.columns.columnCount())
        width = sum(over.columnWidth(section) for section in sections if not over.isColumnHidden(section))
        over.setVisible(width > 0 and width < self.viewport().width())
        over.horizontalHeader().setFixedHeight(self._header.height())
        frame = self.frameWidth()
        over.setGeometry(frame, frame, width, self.viewport().height() + self._header.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The pinned columns grow along."""
        super().resizeEvent(event)
        self._place_pinned()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for a menu, by mouse or keyboard."""
        self.menu_asked.emit(event.globalPos(), "")

    def _on_header_menu_asked(self, header: QHeaderView, at: QPoint) -> None:
        section = header.logicalIndexAt(at)
        name = self.columns.columns[section].name if section >= 0 else ""
        self.menu_asked.emit(header.mapToGlobal(at), name)
